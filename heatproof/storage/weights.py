"""Weights as files: those of a run, and those that come from elsewhere.

They are HDF5, which holds numbers and no code.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from heatproof.run.errors import UserError
from heatproof.storage import paths
from heatproof.storage.atomic import replacing
from heatproof.storage.formats import require

if TYPE_CHECKING:
    import keras


def save(run: str, model: "keras.Model") -> None:
    """Write a run's weights."""
    write(paths.weights(run), model)


def write(path: Path, model: "keras.Model") -> None:
    """Write a network's weights, and only them: the architecture comes from params.yaml.

    A compiled model would add its optimiser's state (twice the size again, for Adam) and its
    name, which counts on within a process: the file would depend on what ran before.
    """
    import keras

    bare = keras.Model(model.inputs, model.outputs, name=model.name)
    with replacing(path) as temporary:
        bare.save_weights(temporary)


def load(run: str, model: "keras.Model", study: Path = Path()) -> None:
    """Load a run's weights into `model`, from a study's folder, the current one if left out.

    Raises:
        UserError: the file is missing, damaged, or of another network.
    """
    path = study / paths.weights(run)
    require(path, f"train@{run}")
    read(path, model, f"train it again with `dvc repro -f train@{run}`")


def read(path: Path, model: "keras.Model", remedy: str) -> None:
    """Load weights into `model`.

    Raises:
        UserError: the file is damaged, or of another network; `remedy` says what to do then.
    """
    try:
        with warnings.catch_warnings():
            # Of layers that the file does not have, Keras only warns, and leaves them random.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    # What HDF5 and Keras raise of another network's file, or of a damaged one.
    except (ValueError, OSError, LookupError, TypeError, AttributeError, RuntimeError,
            UserWarning) as error:  # fmt: skip
        if isinstance(error, PermissionError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{path}: these weights do not fit the network that params.yaml describes, or the "
            f"file is damaged; {remedy} ({reason})"
        ) from error
