"""A cell that learns within an epoch: which quarter of the image is bright."""

from typing import Any

import numpy as np

from heatproof.config import params
from heatproof.config.params import Params
from heatproof.storage.records import Dataset
from tests import small_cell, stored

CELL = "simple_cnn-digits"
SEARCH = {
    "schedules.learning_rate": {"low": 0.0001, "high": 0.1, "log": True},
    "network.kernel_size": {"choices": [3, 5]},
}
TRAINED, TESTED = 240, 40


def blocks(search: dict[str, Any], **schedule: Any) -> dict[str, Any]:
    """Return what is laid over params.yaml: a schedule, and what is searched for."""
    described = {"epochs": 1, "batch_size": 32, "train_images": "all"} | schedule
    budgets = {budget: {"digits": described} for budget in ("cpu", "paper", "best")}
    training = {"min_validation_images": 20}
    model = {"schedules": budgets, "training": training}
    return {"models": {"simple_cnn": model}, "tune": {CELL: search}}


def study(search: dict[str, Any] = SEARCH, **schedule: Any) -> Params:
    """Return the real params.yaml, shrunk to the cell."""
    return small_cell.load_params(CELL, **blocks(search, **schedule))


def write(search: dict[str, Any] = SEARCH, **schedule: Any) -> Params:
    """Write params.yaml and the dataset into the current folder; return the parameters."""
    small_cell.write_params(CELL, **blocks(search, **schedule))
    stored.write("digits", dataset())
    return params.load()


def dataset() -> Dataset:
    """Make the images and their labels."""
    random = np.random.default_rng(0)
    number = TRAINED + TESTED
    labels = random.integers(0, 4, number)
    images = random.integers(0, 60, (number, 8, 8, 1)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = 4 * (label // 2), 4 * (label % 2)
        image[row : row + 4, column : column + 4] += 150
    moments = np.array([[0.3], [0.2]])
    names = ("upper left", "upper right", "lower left", "lower right")
    return Dataset(
        images[:TRAINED], labels[:TRAINED], images[TRAINED:], labels[TRAINED:], names,
        moments=moments,
    )  # fmt: skip
