"""A trained network for programs of other people: `make export CELL=simple_cnn-mnist`

exports/<cell>/ gets `model.keras` (Keras 3 opens it, without this code), `model.onnx` (for ONNX
Runtime and what else reads ONNX) and `saved_model/` (TensorFlow, its serving, TFLite's converter).
Each is opened again as its user would, and has to give the same logits on test images. They take
float32 (n, height, width, channels) in [0, 1] and give logits (n, classes); `card.json` says which
class is which. They are copies to hand on: nothing here reads them.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.export")

import argparse
import importlib.util
import json
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heatproof import api
from heatproof.config import params
from heatproof.config.arguments import only
from heatproof.run import runtime
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, atomic
from heatproof.storage.folders import file_name, replace_folder
from tools import calling

if TYPE_CHECKING:
    import keras

EXPORTS = Path("exports")
# The greatest difference of any logit. Another order of sums costs 1e-6 to 1e-5.
TOLERANCE = 1e-4
IMAGES = 100
ONNX_NEEDS = ("tf2onnx", "onnx", "onnxruntime")


def save_keras(model: "keras.Model", path: Path) -> None:
    """Write `path` as a .keras file.

    Raises:
        ValueError: the network has a layer that only this project knows.
    """
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        if b'"heatproof.' in archive.read("config.json"):
            raise ValueError(f"{model.name} has layers of this project's own")


def keras_logits(path: Path, images: np.ndarray) -> np.ndarray:
    """Open a .keras file, running no code from it, and return its logits."""
    import keras

    return np.asarray(keras.saving.load_model(path, compile=False, safe_mode=True)(images))


def tensorflow_logits(path: Path, images: np.ndarray) -> np.ndarray:
    """Open a SavedModel and return its logits."""
    import tensorflow as tf

    opened = tf.saved_model.load(str(path))  # kept: its function does not hold its variables
    return opened.serve(images).numpy()


def saver(format: str) -> "Save":
    """Return what writes a network in one of Keras' formats of export, for any number of images."""
    return lambda model, path: model.export(path, format=format, verbose=False)


def onnx_logits(path: Path, images: np.ndarray) -> np.ndarray:
    """Run an ONNX file on the CPU and return its logits."""
    import onnxruntime  # pyright: ignore[reportMissingImports]  `make export` installs it

    running = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return running.run(None, {running.get_inputs()[0].name: images})[0]


Save = Callable[["keras.Model", Path], None]
Logits = Callable[[Path, np.ndarray], np.ndarray]
FORMATS: dict[str, tuple[str, Save, Logits]] = {
    "keras": ("model.keras", save_keras, keras_logits),
    "onnx": ("model.onnx", saver("onnx"), onnx_logits),
    "saved_model": ("saved_model", saver("tf_saved_model"), tensorflow_logits),
}


def export(
    model: "keras.Model", images: np.ndarray, folder: Path, formats: Sequence[str], cell: str = ""
) -> dict[str, float]:
    """Write a network into an existing folder, and compare each file's logits with its own.

    Args:
        model: a flat functional network with logits.
        images: float32 (n, height, width, channels) in [0, 1], at least two, to compare on.
        folder: where to.
        formats: of FORMATS.
        cell: whose network it is, for what an error advises.

    Returns:
        The greatest difference of any logit, by format.

    Raises:
        UserError: one differs by more than TOLERANCE.
    """
    from heatproof.models.builtin_layers import plain

    copy = plain(model)
    expected = np.asarray(model(images, training=False))
    differences: dict[str, float] = {}
    for name in formats:
        file, save, logits = FORMATS[name]
        save(copy, folder / file)
        # One image too: a batch's size must not be written into the file.
        for some in (images, images[:1]):
            given = logits(folder / file, some)
            apart = float(np.abs(given - expected[: len(some)]).max())
            if not apart <= TOLERANCE:
                raise UserError(
                    f"{file}: its logits are up to {apart:.2g} from the network's, more than "
                    f"{TOLERANCE:g}; nothing was written. Leave the format out: "
                    f"`{without(name, formats, cell)}`; and please report this with the cell's "
                    "block of params.yaml"
                )
            differences[name] = max(apart, differences.get(name, 0.0))
    return differences


def without(format: str, formats: Sequence[str], cell: str) -> str:
    """Return the command that exports a cell in the other formats, or in others where none is."""
    others = [name for name in formats if name != format] or [n for n in FORMATS if n != format]
    return calling.command("export", cell, f"--formats {' '.join(others)}")


def require_packages(formats: Sequence[str], cell: str) -> None:
    """Refuse ONNX where what it takes is not installed.

    Raises:
        UserError: saying how to install it, or do without.
    """
    missing = [name for name in ONNX_NEEDS if importlib.util.find_spec(name) is None]
    if "onnx" in formats and missing:
        raise UserError(
            f"ONNX needs {', '.join(missing)}, not installed here: install the repository's "
            "requirements-export.txt (`make export` does), or leave ONNX out: "
            f"`{without('onnx', formats, cell)}`"
        )


def export_cell(cell: str, formats: Sequence[str], exports: Path) -> Path:
    """Export a trained cell of the current folder; return where to.

    Raises:
        UserError: the cell is unknown or not trained, a package is missing, or logits differ.
    """
    study = params.load()
    api.require_trained(study, cell, Path())
    require_packages(formats, cell)
    runtime.require_tensorflow("exporting")
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    runtime.configure(study.threads, study.seed)
    from heatproof.models.build import trained_network

    shape = dataset.test_images.shape[1:]
    model = trained_network(study.run(cell), shape, len(dataset.class_names))
    images = dataset.test_images[:IMAGES].astype(np.float32) / 255

    def fill(folder: Path) -> None:
        folder.mkdir(parents=True)
        apart = export(model, images, folder, formats, cell)
        card = {
            "cell": cell,
            "input": {"dtype": "float32", "shape": [None, *shape], "range": [0, 1]},
            "output": {
                "dtype": "float32",
                "shape": [None, len(dataset.class_names)],
                "meaning": "logits",
            },
            "classes": dataset.class_names,
            "greatest_difference_of_logits": apart,
            "compared_on_test_images": len(images),
        }
        atomic.write_text(folder / "card.json", json.dumps(card, indent=2) + "\n")
        for name, difference in apart.items():
            print(
                f"{FORMATS[name][0]:12} logits at most {difference:.1e} apart, {len(images)} images"
            )

    place = exports / file_name(cell)
    replace_folder(place, fill)
    return place


def main() -> None:
    """Export the cell named on the command line."""
    parser = argparse.ArgumentParser(
        prog="heatproof export",
        description="Write a trained network for programs of other people.",
    )
    told = "a cell of params.yaml, <model>-<dataset>; the trained one if left out"
    parser.add_argument("cell", nargs="?", help=told)
    parser.add_argument(
        "--formats", nargs="+", choices=FORMATS, default=list(FORMATS), help="which files to write"
    )
    parser.add_argument("--to", type=Path, default=EXPORTS, help="the folder of exports")
    arguments = parser.parse_args()
    cell = arguments.cell or only(api.trained_cells())
    print(f"{export_cell(cell, arguments.formats, arguments.to)}/ is written")
    sys.stdout.flush()
