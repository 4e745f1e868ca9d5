"""What is set before Keras is imported; each case needs a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.run import runtime
from heatproof.run.errors import UserError
from tests.scratch import environment

ROOT = Path(__file__).parents[2]


def run(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
    )


def test_kernels_threads_and_determinism_are_set_in_silence() -> None:
    done = run(
        "from heatproof.run import runtime; runtime.configure(threads=2, seed=1)\n"
        "import os, random, numpy, tensorflow as tf\n"
        "from tensorflow.python.framework import config\n"
        "print(os.environ['TF_ENABLE_ONEDNN_OPTS'],"
        " tf.config.threading.get_intra_op_parallelism_threads(),"
        " tf.config.threading.get_inter_op_parallelism_threads(),"
        " config.is_op_determinism_enabled(), runtime.backend(), random.random())"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:5] == ["1", "2", "1", "True", "tensorflow"]
    assert done.stdout.split()[5] == "0.13436424411240122"  # Python's generator with seed 1
    assert done.stderr == ""


def test_too_late_is_a_bug() -> None:
    # Named as imported, without the seconds that running it takes: it is only asked for.
    done = run(
        "import sys; from importlib import util\n"
        "sys.modules['tensorflow'] = util.module_from_spec(util.find_spec('tensorflow'))\n"
        "from heatproof.run import runtime; runtime.configure(2, 1)",
        TF_ENABLE_ONEDNN_OPTS="0",
    )
    assert done.returncode == 1
    assert "must be chosen before TensorFlow is imported" in done.stderr


def test_what_was_held_back_is_shown_where_loading_fails() -> None:
    done = run(
        "import os\nfrom heatproof.run import runtime\n"
        "with runtime.suppress_native_stderr():\n"
        "    os.write(2, b'the reason'); raise ImportError('no Keras')"
    )
    assert done.returncode == 1
    assert "the reason" in done.stderr and "no Keras" in done.stderr


def test_explaining_refuses_another_backend(monkeypatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(UserError, match=r"KERAS_BACKEND=jax: explaining needs TensorFlow"):
        runtime.require_tensorflow("explaining")
    monkeypatch.delenv("KERAS_BACKEND")
    runtime.require_tensorflow("explaining")
    monkeypatch.setenv("KERAS_BACKEND", "")
    runtime.require_tensorflow("explaining")


@pytest.mark.parametrize("backend", ["numpy", "openvino", "os", "a.b", " .", "tensorflw"])
def test_a_backend_that_cannot_train_is_refused(monkeypatch, backend: str) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    with pytest.raises(UserError, match=rf"^KERAS_BACKEND='{backend}': .* tensorflow, jax, torch"):
        runtime.require_backend()
