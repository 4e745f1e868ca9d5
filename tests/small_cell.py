"""A small cell with random weights, its files as the stages before explaining leave them."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from heatproof.config import params
from heatproof.storage import artifacts, weights
from heatproof.storage.records import Dataset, Predictions
from tests import overlay, stored
from tests.scratch import shrunken_params

CLASSES = tuple(f"class {number}" for number in range(10))
TEST_IMAGES = 40


def write_params(*cells: str, **blocks: object) -> None:
    """Write the real params.yaml, shrunk to these cells, with a few blocks laid over it."""
    overlay.write(Path("params.yaml"), overlay.overlaid(shrunken_params(*cells), blocks))


def load_params(*cells: str, **blocks: object) -> params.Params:
    """Return what `write_params` would write, read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "params.yaml"
        overlay.write(path, overlay.overlaid(shrunken_params(*cells), blocks))
        return params.load(path)


def explain_cell(cell: str, family: str) -> None:
    """Explain a cell by a family's methods, as the stage does."""
    from heatproof.attribution.explaining import attributions, explain

    explain(params.load(), cell, family, attributions)


def write_cell(
    cell: str, side: int, channels: int, mistaken: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Write a cell's dataset, weights and predictions into the current folder.

    Args:
        cell: a cell of params.yaml.
        side: of the images, in pixels.
        channels: of the images.
        mistaken: predicted classes -> bool (n,), which of them are to be false.
    """
    import keras

    from heatproof.models.build import build_model

    study = params.load()
    random = np.random.default_rng(0)
    shape = (TEST_IMAGES, side, side, channels)
    images = random.integers(0, 256, shape).astype(np.uint8)
    keras.utils.set_random_seed(0)
    model = build_model(study.run(cell), shape[1:], len(CLASSES))
    logits = random.normal(size=(TEST_IMAGES, len(CLASSES))).astype(np.float32)
    predicted = logits.argmax(axis=1)
    labels = np.where(mistaken(predicted), (predicted + 1) % len(CLASSES), predicted)
    content = Dataset(images[:1], labels[:1], images, labels, CLASSES)
    stored.write(study.cell(cell).dataset, content)
    artifacts.write_predictions(cell, Predictions(labels, logits, CLASSES))
    artifacts.write_metrics("train", cell, {"val_accuracy": 0.5, "epochs_run": 1})
    weights.save(cell, model)
