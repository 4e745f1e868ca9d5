"""The process that computes: kernels, chosen before TensorFlow is imported; threads and seeds.

TensorFlow's switches are set here and nowhere else. Entry points reach them by `command.start`,
notebooks by `heatproof.api`.
"""

import gc
import importlib.util
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from heatproof.run import temporary
from heatproof.run.errors import UserError, require_known, shown_value

BACKENDS = ("tensorflow", "jax", "torch")  # of Keras, which can train
# What Keras and TensorFlow import where it is installed, for what nothing here asks of them.
UNUSED = ("sklearn", "pandas", "matplotlib", "jax")
NVIDIA = Path("/dev/nvidiactl")  # is there with a GPU's driver
CPU = Path("/proc/cpuinfo")
# What TensorFlow's C++ says at its levels INFO and WARNING, and that it finds no GPU.
_REMARK = re.compile(
    rb"[IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions"
    rb"|E\d{4} .*(failed call to cuInit|Unable to register cu)"
)
_ANY, _NONE = re.compile(b""), re.compile(b"(?!)")
_held_back = threading.Lock()
_XLA_REPEATS = "xla_gpu_deterministic_ops"


def configure(
    threads: int, seed: int, mixed_precision: bool | str = False, training: bool = False
) -> None:
    """Prepare the process so that the same parameters give the same bits.

    Args:
        threads: threads inside one operation, at least 1. The number changes the order of sums
            and with it the last bits of every weight, so it comes from params.yaml rather than
            from the machine.
        seed: seeds Python's, NumPy's and Keras' generators.
        mixed_precision: compute in half precision (on TensorFlow float16 on a GPU, else bfloat16),
            keeping the weights in float32; "auto": where that is fast (`half_is_fast`).
        training: run operations that do not wait for each other at once, which trains up to a
            quarter faster. Only for graphs in which no more than two gradients meet at a tensor:
            where three or more do, they would be added in the order in which they happen to come,
            and results would not repeat bit for bit. So it is in training all networks here
            (a test says so), but not in mixed precision, where batch normalisation is of many
            operations, and not in explaining, where gradients reach the image.

    Raises:
        UserError: the library that KERAS_BACKEND names is not installed.
        RuntimeError: TensorFlow was imported before, so the kernels can no longer be chosen.
    """
    temporary.use_private_folder()
    require_backend()
    choose_kernels()
    load_keras()
    import keras

    keras.utils.set_random_seed(seed)
    if mixed_precision == "auto":
        mixed_precision = half_is_fast()
    half = "mixed_bfloat16"
    if backend() == "tensorflow":
        operations = 2 if training and not mixed_precision else 1
        half = "mixed_float16" if _configure_tensorflow(threads, operations) else half
    # Also to what it is by default: several cells may be trained in one process.
    keras.mixed_precision.set_global_policy(half if mixed_precision else "float32")


def choose_kernels() -> None:
    """Set what Keras, TensorFlow and XLA read when they are imported.

    Raises:
        RuntimeError: TensorFlow was imported before.
    """
    if "tensorflow" in sys.modules and os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "1":
        raise RuntimeError("the kernels must be chosen before TensorFlow is imported")
    # oneDNN is two to four times faster at convolution, and off by default without AVX-512.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # The user's ~/.keras/keras.json may name another backend or order of axes, and without a home
    # that can be written to it is /tmp/.keras, which may be anyone's. Here no file can be.
    os.environ["KERAS_HOME"] = os.devnull
    os.environ["KERAS_BACKEND"] = _chosen_backend()
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED"):
        os.environ.pop(name, None)
    # On a GPU XLA has kernels that give the same bits each time, unless the user chose.
    flags = os.environ.get("XLA_FLAGS", "")
    if os.environ.get("KERAS_BACKEND") == "jax" and _XLA_REPEATS not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --{_XLA_REPEATS}=true".strip()


def load_keras() -> None:
    """Import Keras and its backend without the lines that TensorFlow prints at every start.

    Raises:
        UserError: a notebook imported Keras before, with another backend.
    """
    with suppress_native_stderr():
        import keras
    if backend() == "tensorflow":
        gpus()  # that there is none is told when they are first looked for
    if backend() != _chosen_backend():
        raise UserError(
            f"Keras was imported with the backend {backend()} before: restart, and import it after "
            "heatproof has opened a cell"
        )
    # Again, in case a notebook imported Keras before `choose_kernels`.
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


def require_backend() -> None:
    """Refuse to continue without the library that Keras computes with.

    Raises:
        UserError: KERAS_BACKEND names none that trains, or one that is not installed.
    """
    chosen = _chosen_backend()
    what = f"KERAS_BACKEND={shown_value(chosen)}: unknown"
    require_known(what, chosen, BACKENDS, "; unset it for the first")
    if importlib.util.find_spec(chosen):
        return
    if chosen == "jax":
        raise UserError(
            "KERAS_BACKEND=jax: JAX is not installed here: `pip install -r requirements-jax.txt` "
            "(on a GPU requirements-jax-gpu.txt beside it), or unset KERAS_BACKEND"
        )
    hint = (
        "; KERAS_BACKEND=jax trains with JAX, which is here" if importlib.util.find_spec("jax")
        else ""
    )  # fmt: skip
    raise UserError(f"{chosen} is not installed here, which Keras should compute with{hint}")


def _chosen_backend() -> str:
    """Return what KERAS_BACKEND says; empty it is as unset, as to Keras."""
    return os.environ.get("KERAS_BACKEND") or BACKENDS[0]


@contextmanager
def without_unused() -> Iterator[None]:
    """Have Keras imported as if what is `UNUSED` were not installed: 2.3 s of CPU instead of 4.1.

    For programs of ours, where whatever needs one of these imports it itself, later. A notebook's
    Keras is whole. What is imported stays, so Python does not look through it for garbage, neither
    now nor each time that there are many new objects, as when graphs are made: 0.6 s of a stage.
    """
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in UNUSED if name not in (*modules, _chosen_backend())]
    modules.update(dict.fromkeys(hidden))  # None: not to be found
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        for name in hidden:
            modules.pop(name, None)


def backend() -> str:
    """Return the name of Keras' backend: tensorflow, jax or torch."""
    import keras

    return keras.backend.backend()


def compiles() -> bool | str:
    """Return what `compile(jit_compile=...)` should be given on this machine.

    XLA on a CPU is many times slower at the gradients of convolutions than oneDNN's kernels, so it
    is switched off there whatever Keras would choose. JAX always compiles.
    """
    if backend() != "tensorflow":
        return "auto"
    import tensorflow as tf

    return "auto" if tf.config.list_physical_devices("GPU") else False


def require_tensorflow(purpose: str) -> None:
    """Refuse another backend.

    Raises:
        UserError: `purpose` (for the message, such as "explaining") needs TensorFlow.
    """
    chosen = _chosen_backend()
    if chosen != "tensorflow":
        raise UserError(
            f"KERAS_BACKEND={chosen}: {purpose} needs TensorFlow; unset KERAS_BACKEND and run "
            "again (weights trained with another backend serve here as they are)"
        )


def half_is_fast() -> bool:
    """Return whether half precision is computed faster than float32: on a GPU, or by instructions
    of the processor's for bfloat16, which only Linux tells of."""
    if backend() == "tensorflow" and gpus():
        return True
    try:
        found = re.search(r"^flags\s*:(.*)$", CPU.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return False
    return bool(found and {"amx_bf16", "avx512_bf16"} & set(found[1].split()))


def _configure_tensorflow(threads: int, operations: int) -> bool:
    """Set threads and determinism; return whether there is a GPU."""
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(operations)
    except RuntimeError:
        # Already started in this process, as in a test session; it must then be as asked for.
        if tf.config.threading.get_intra_op_parallelism_threads() not in (0, threads):
            raise
    tf.config.experimental.enable_op_determinism()
    found = gpus()
    for gpu in found:
        tf.config.experimental.set_memory_growth(gpu, True)
    return bool(found)


def gpus() -> list[Any]:
    """Return TensorFlow's GPUs, in silence; where there is a driver, its errors are shown."""
    import tensorflow as tf

    with nullcontext() if NVIDIA.exists() else suppress_native_stderr():
        return tf.config.list_physical_devices("GPU")


@contextmanager
def suppress_native_stderr(only_remarks: bool = False) -> Iterator[None]:
    """Hold back what TensorFlow's C++ writes to stderr; show it if what is done within fails.

    It tells at every start that kernels are on and that there is no GPU, before its own log
    levels count, and hides the lines that matter.

    Args:
        only_remarks: everything else is shown at the end: errors, and what others have written.
            For programs of the user's, who imported TensorFlow before its log level could be set.
    """
    # Within another one, of this thread's or another's, that one decides.
    if not _held_back.acquire(blocking=False):
        yield
        return
    try:
        if sys.stderr:
            sys.stderr.flush()
        original = os.dup(2)
        with tempfile.TemporaryFile() as written:
            os.dup2(written.fileno(), 2)
            hidden = _REMARK if only_remarks else _ANY
            try:
                yield
            except BaseException:
                hidden = _NONE
                raise
            finally:
                os.dup2(original, 2)
                written.seek(0)
                for line in written:
                    if not hidden.match(line):
                        os.write(original, line)
                os.close(original)
    finally:
        _held_back.release()
