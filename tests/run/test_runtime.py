"""What is set before Keras is imported; each case needs a process of its own."""

import gc
import importlib
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


PRINTS_SETUP = """
from heatproof.run import runtime
runtime.configure(threads=2, seed=1)
import os, random, keras, tensorflow as tf
from tensorflow.python.framework import config
from heatproof.config import params
from heatproof.models.build import build_model
threading = tf.config.threading
print(os.environ["TF_ENABLE_ONEDNN_OPTS"], threading.get_intra_op_parallelism_threads(),
      threading.get_inter_op_parallelism_threads(), config.is_op_determinism_enabled(),
      random.random())
print(runtime.backend(), keras.config.image_data_format(), keras.config.floatx(),
      keras.config.epsilon(), keras.config.max_epochs(), keras.config.dtype_policy().name)
print(build_model(params.load().run("simple_cnn-mnist"), (16, 16, 1), 10).count_params())
"""


def test_kernels_threads_and_determinism_are_set_in_silence_whatever_keras_file_says(
    tmp_path: Path,
) -> None:
    file = tmp_path / ".keras" / "keras.json"
    file.parent.mkdir()
    file.write_text(
        '{"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.5, '
        '"backend": "torch"}'
    )
    done = run(PRINTS_SETUP, HOME=str(tmp_path), KERAS_BACKEND="", KERAS_MAX_EPOCHS="1")
    assert done.returncode == 0, done.stderr
    setup, keras, parameters = done.stdout.splitlines()
    assert setup == "1 2 1 True 0.13436424411240122"  # Python's generator with seed 1
    assert keras == "tensorflow channels_last float32 1e-07 None float32"
    assert parameters == "1954"
    assert done.stderr == ""


def test_a_notebook_may_have_imported_keras_before() -> None:
    import keras

    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    runtime.load_keras()
    assert (keras.config.image_data_format(), keras.config.floatx()) == ("channels_last", "float32")


def test_a_notebook_may_have_imported_keras_with_another_backend(monkeypatch) -> None:
    monkeypatch.setattr(runtime, "backend", lambda: "torch")
    with pytest.raises(UserError, match="with the backend torch before"):
        runtime.load_keras()


def test_what_keras_has_no_use_for_is_hidden_while_it_is_imported(monkeypatch) -> None:
    monkeypatch.setattr(runtime, "UNUSED", ("graphlib", "json", "tensorflow"))
    monkeypatch.delitem(sys.modules, "graphlib", raising=False)
    with runtime.without_unused():
        with pytest.raises(ImportError):
            importlib.import_module("graphlib")
        # What is there already, and what it computes with, stay.
        importlib.import_module("json")
        importlib.import_module("tensorflow")
    importlib.import_module("graphlib")


def test_what_is_loaded_is_no_longer_looked_through_for_garbage() -> None:
    before = gc.get_freeze_count()
    try:
        with runtime.without_unused():
            assert not gc.isenabled()
        assert gc.isenabled() and gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(
    ("told", "fast"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f amx_bf16 amx_tile\nbugs\t\t:\n", True),
        ("flags\t\t: avx512_bf16\n", True),
        ("flags\t\t: avx512f avx512bw\nmodel name\t: the amx_bf16\n", False),
        (None, False),
    ],
)
def test_half_precision_is_fast_with_instructions_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str | None, fast: bool
) -> None:
    file = tmp_path / "cpuinfo"
    if told is not None:
        file.write_text(told, encoding="utf-8")
    monkeypatch.setattr(runtime, "CPU", file)
    monkeypatch.setattr(runtime, "gpus", list)
    assert runtime.half_is_fast() is fast


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


def test_remarks_of_tensorflow_are_hidden_and_all_else_is_shown() -> None:
    done = run(
        "import os, sys, warnings\nfrom heatproof.run import runtime\n"
        "@runtime.suppress_native_stderr(only_remarks=True)\n"
        "def work():\n"
        "    with runtime.suppress_native_stderr():\n"  # the outer one decides
        "        os.write(2, b'W0000 00:00:1.2 1 util.cc:163] Not handling type DT_DOUBLE\\n')\n"
        "    os.write(2, b'E0000 00:00:1.2 1 a.cc:52] failed call to cuInit: 303\\n')\n"
        "    os.write(2, b'E0000 00:00:1.2 1 a.cc:52] the disk burns\\n')\n"
        "    print('mine', file=sys.stderr)\n"
        "work()\nwork()"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "E0000 00:00:1.2 1 a.cc:52] the disk burns\nmine\n" * 2


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
