"""A run on few images of each class: as long an epoch as its cell's, and no epoch is chosen."""

from typing import Any

import numpy as np
import pytest

from heatproof.storage.records import Dataset
from heatproof.training import runs
from tests.small_cell import load_params

CELL = "simple_cnn-digits"
ENTRY = {"model": "simple_cnn", "dataset": "digits", "train_images_per_class": 2}


@pytest.mark.parametrize(("name", "chooses"), [(f"{CELL}-2perclass", False), (CELL, True)])
def test_it_serves_few_images_often_and_validation_decides_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str, chooses: bool
) -> None:
    labels = np.arange(60) % 3
    images = np.zeros((60, 1, 1, 1), np.uint8)
    data = Dataset(images, labels, images[:3], labels[:3], ("a", "b", "c"))
    run = load_params(CELL, runs={f"{CELL}-2perclass": ENTRY}).run(name)
    for build in ("build_model", "set_initial_weights"):
        monkeypatch.setattr(runs, build, lambda *_: None)
    options: dict[str, Any] = {}
    monkeypatch.setattr(runs, "train", lambda *_, **given: options.update(given))
    runs.train_run(run, data)
    trained, validated = options["parts"]
    assert options["chooses_epoch"] is chooses and len(trained) == 54
    assert len(set(trained)) == (54 if chooses else 6) and not set(trained) & set(validated)
