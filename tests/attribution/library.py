"""The `shap` package, against which our methods are tested."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def shap() -> ModuleType:
    """Return the package, its loops left to Python: compiling them takes longer than our tests."""
    import numba

    numba.config.DISABLE_JIT = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its plots' colours, which nobody asks for
        import shap

    return shap


@contextmanager
def restored_gradient_recording() -> Iterator[None]:
    """Undo what shap.DeepExplainer does to TensorFlow and, where it fails, leaves so."""
    from tensorflow.python.eager import execute

    recording = execute.record_gradient
    try:
        yield
    finally:
        execute.record_gradient = recording
