"""Weights as files: those of a run, and those that come from elsewhere.

They are HDF5, which holds numbers and no code, as Keras writes it, sealed as other files are (see
`formats`), by one attribute more: HDF5 itself keeps no checksum of the numbers.
"""

import hashlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heatproof.run.errors import UserError
from heatproof.storage import paths
from heatproof.storage.atomic import write_bytes
from heatproof.storage.formats import remake, require
from heatproof.storage.seal import BROKEN, CHECKSUM, seal

if TYPE_CHECKING:
    import h5py
    import keras


class _InMemory(io.BytesIO):
    """A file's content: on a full disk HDF5 itself fails in ways of its own, more than once."""

    def __str__(self) -> str:
        return "in memory.weights.h5"  # Keras asks for the ending


DESCRIPTION = "description"  # of the network: its name in HDF5, where it is there


def save(run: str, model: "keras.Model", whole: bool = False) -> None:
    """Write a run's weights; `whole`: with a description of the network, which nothing else has."""
    write(paths.weights(run), model, _made_by(run), model.to_json() if whole else "")


def save_described(run: str, model: "keras.Model", description: str) -> None:
    """Write a run's weights with a description of the network that its own is a part of."""
    write(paths.weights(run), model, _made_by(run), description)


def write(path: Path, model: "keras.Model", made_by: str, description: str = "") -> None:
    """Write a network's weights, and only them where the architecture comes from params.yaml.

    A compiled model would add its optimiser's state (twice the size again, for Adam) and its
    name, which counts on within a process: the file would depend on what ran before.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    import h5py
    import keras

    bare, content = keras.Model(model.inputs, model.outputs, name=model.name), _InMemory()
    bare.save_weights(content)
    with h5py.File(content, "a") as file:
        if description:
            file[DESCRIPTION] = np.frombuffer(description.encode(), np.uint8)
        file.attrs[CHECKSUM] = seal(made_by, _digest(bare.get_weights(), description))
    write_bytes(path, content.getbuffer())


def load(run: str, model: "keras.Model", study: Path = Path()) -> None:
    """Load a run's weights into `model`, from a study's folder, the current one if left out.

    Raises:
        UserError: the file is missing, damaged, or of another run, or has other than numbers.
    """
    path = study / paths.weights(run)
    require(path, _made_by(run))
    read(path, model, _made_by(run))


def describe(run: str, study: Path = Path()) -> str:
    """Return the description of a run's network, as `save` wrote it; `load` checks it.

    Raises:
        UserError: the file is missing or damaged, or has none.
    """
    import h5py

    path = study / paths.weights(run)
    require(path, _made_by(run))
    try:
        with h5py.File(path) as file:
            return _description(file)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as reason:
        raise UserError(
            f"{path}: the file is damaged ({reason}); {remake(path, _made_by(run))}"
        ) from reason


def read(path: Path, model: "keras.Model", made_by: str, copied_by: str = "") -> None:
    """Load weights into `model`; a file of Keras' own, without a checksum, is taken as it is.

    Args:
        path: of the file.
        model: the network that they are of.
        made_by: the stage that wrote them.
        copied_by: the stage that put a copy of them there, if that is another.

    Raises:
        UserError: the file is damaged, of another network, or not what the stage `made_by` wrote,
            which is to be run then; or it has NaN or infinity among its numbers.
    """
    import h5py

    def refused(problem: str) -> UserError:
        return UserError(f"{path}: {problem}; {remake(path, copied_by or made_by)}")

    try:
        content = _InMemory(path.read_bytes())
        with h5py.File(content) as file:
            expected = file.attrs.get(CHECKSUM)
            description = _description(file) if DESCRIPTION in file else ""
        with warnings.catch_warnings():
            # Of layers that the file does not have, Keras only warns, and leaves them random.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(content)
    # What HDF5 and Keras raise of another network's file, or of a damaged one.
    except (ValueError, OSError, LookupError, TypeError, AttributeError, RuntimeError,
            UserWarning) as error:  # fmt: skip
        if isinstance(error, PermissionError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise refused(
            "these weights do not fit the network that params.yaml describes, or the file is "
            f"damaged ({reason})"
        ) from error
    numbers = model.get_weights()
    if expected is not None and str(expected) != seal(made_by, _digest(numbers, description)):
        raise refused(BROKEN)
    if not all(np.isfinite(values).all() for values in numbers):
        raise refused("there is NaN or infinity among these weights")


def _made_by(run: str) -> str:
    return f"train@{run}"


def _description(file: "h5py.File") -> str:
    return np.asarray(file[DESCRIPTION], np.uint8).tobytes().decode()


def _digest(numbers: list[np.ndarray], description: str = "") -> str:
    digest = hashlib.sha256(description.encode())
    for values in numbers:
        digest.update(f"{values.dtype} {values.shape}".encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
