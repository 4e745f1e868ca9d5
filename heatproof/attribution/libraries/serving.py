"""Calling another library: what it raises is told, and TensorFlow is left as it was.

The libraries explain the network as it was trained, nothing folded. What they cannot serve they
tell by any exception; shap's DeepExplainer then leaves TensorFlow's recording of gradients patched,
so that whatever is computed next would be wrong.
"""

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING

from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.run import memory
from heatproof.run.errors import UserError

if TYPE_CHECKING:
    import keras

_LONGEST = 240  # letters of a library's own error


def version(package: str) -> str:
    """Return a library's name and version, such as "lime 0.2.0.1"; its name if it is not there."""
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return package


def load(package: str, *modules: str) -> None:
    """Import modules of a library. Raises UserError if it is not installed."""
    with served_by(package):
        for module in modules:
            importlib.import_module(module)


@contextmanager
def served_by(package: str) -> Iterator[None]:
    """Within, a library is called: silent, and TensorFlow's gradients are restored after it.

    Raises:
        UnsupportedNetwork: the library raised, with its own error in a line.
        UserError: it is not installed.
        MemoryError, and TensorFlow's of its kind: as they come.
    """
    try:
        with warnings.catch_warnings(), _restored_gradients():
            warnings.simplefilter("ignore")  # of old names, and of inputs in lists
            yield
    except (UnsupportedNetwork, UserError):
        raise
    except ModuleNotFoundError as error:
        raise UserError(
            f"{package} is not installed here ({error}): `pip install -r requirements.txt`, or "
            "take `engine: own` in params.yaml"
        ) from None
    except Exception as error:
        if memory.asked_for(error) is not None:
            raise
        reason = f"{version(package)} cannot serve this network: {tidied(error)}"
        raise UnsupportedNetwork(reason) from error


def tidied(error: BaseException) -> str:
    """Return an error's kind and the beginning of what it says, on one line.

    Of what TensorFlow raises while it traces a function only the cause, which stands last: before
    it come lines of the library's source, with paths.
    """
    text = str(error)
    if text.lstrip().startswith("in user code:"):
        return _shortened(text.strip().splitlines()[-1].strip())
    return _shortened(f"{type(error).__name__}: {' '.join(text.split()) or 'no reason given'}")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"


def as_list(model: "keras.Model") -> "keras.Model":
    """Return a network that takes its input in a list, as the libraries give it, without a word."""
    import keras

    return keras.Model(model.inputs, model.outputs)


@contextmanager
def _restored_gradients() -> Iterator[None]:
    from tensorflow.python.eager import execute
    from tensorflow.python.framework import ops

    recording, registry = execute.record_gradient, ops._gradient_registry._registry
    before = {name: dict(entry) for name, entry in registry.items()}
    try:
        yield
    finally:
        execute.record_gradient = recording
        registry.clear()
        registry.update(before)
