"""Every layout in which people have pictures becomes a study whose first stages run."""

from pathlib import Path

import numpy as np
import pytest

from heatproof.config import params
from heatproof.new import proposal
from heatproof.storage import artifacts
from heatproof.storage.records import Dataset
from stages.fetch import fetch
from stages.preprocess import preprocess
from tests.new.layouts import CLASSES, EACH, LAYOUTS, value
from tests.new.studies import made


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_becomes_a_study(tmp_path: Path, monkeypatch, layout: str) -> None:
    write, expected = LAYOUTS[layout]
    # Networks are built in other tests.
    monkeypatch.setattr(proposal, "largest_batches", lambda _, cells, *__: dict.fromkeys(cells, 8))
    place = tmp_path / "pictures"
    options = write(place)
    (file,) = [*place.glob("a.*")] or [place]
    assert made(monkeypatch, tmp_path / "study", "--images", file, *options) == 0
    monkeypatch.chdir(tmp_path / "study")
    assert params.load().datasets["study"].fetch.size == [10, 12], "not square"
    fetch("study")
    preprocess("study")
    dataset = artifacts.read_dataset("study")
    assert dataset.class_names == CLASSES
    parts = shown(dataset)
    everything = [each for part in parts for each in part]
    assert sorted(everything) == sorted(value(c, n) for c in range(2) for n in range(EACH))
    if expected:
        counts = [
            [sum(each // 100 == label for each in part) for part in parts] for label in (0, 1)
        ]
        assert counts == [list(expected)] * 2
    else:
        groups = [{(each // 100, each % 100 // 20) for each in part} for part in parts]
        assert groups[2] and not groups[0] & groups[2], "a group is on one side"


def shown(dataset: Dataset) -> tuple[list[int], list[int], list[int]]:
    """The brightness of the pictures to train with, to validate with, and of the test part."""
    held_out = np.zeros(len(dataset.train_labels), bool)
    if dataset.validation is not None:
        held_out = dataset.validation[:] == 1
    values = np.rint(dataset.train_images[:].mean(axis=(1, 2, 3)) / 10) * 10
    tests = np.rint(dataset.test_images[:].mean(axis=(1, 2, 3)) / 10) * 10
    return values[~held_out].tolist(), values[held_out].tolist(), tests.tolist()
