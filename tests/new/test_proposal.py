"""What suits pictures: batches that fit into memory, and whether folds are trained."""

from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.models import memory
from heatproof.new import (
    folder,
    inspection,
    proposal,
)
from heatproof.training.options import Head


@pytest.mark.parametrize(
    ("training", "head", "largest", "expected"),
    [
        (50, None, 20, "{epochs: 64, batch_size: 8, augment: true}"),  # memory allows more
        (50, {"epochs": 20}, 20, ""),  # of a pretrained network
        (50, {"epochs": 20}, 15, "{batch_size: 15}"),
        (20_000, None, 15, "{batch_size: 15}"),
        (20_000, None, 16, ""),
    ],
)
def test_the_batch_fits_into_memory(
    training: int, head: dict | None, largest: int, expected: str
) -> None:
    default = {"batch_size": 16, "decay": "cosine", "head": head}
    assert proposal.schedule(training, True, default, largest) == expected


def test_what_is_frozen_takes_no_memory_of_a_training_step(monkeypatch) -> None:
    import keras

    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(64, 3)(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="global_average")(x)
    network = keras.Model(inputs, keras.layers.Dense(2)(x))
    run = params.load(folder.REPOSITORY / "params.yaml").run("simple_cnn-mnist")
    monkeypatch.setattr(memory, "PREDICTION_BYTES", 2**40)
    largest = []
    for head in (None, Head(epochs=1, trained_layers=0)):
        schedule = run.schedule.model_copy(update={"head": head})
        cell = run.model_copy(update={"schedule": schedule}), network
        monkeypatch.setattr(proposal, "built", lambda *_, cell=cell: {"cell": cell})
        largest.append(proposal.largest_batches(Path(), ["cell"], (16, 16, 3), 2)["cell"])
    assert largest[1] > 100 * largest[0]


@pytest.mark.parametrize(
    ("found", "seconds", "expected"),
    [
        ({}, 20, (5, 2, 260)),
        ({}, 30, (5, 1, 170)),  # two times would be more than 300
        ({}, 100, (5, 0, 450)),  # even once is
        ({"groups": 6}, 1, (3, 2, 64)),  # of five to train with one is left out, two are needed
        ({"groups": 4}, 1, (0, 0, 0)),
        ({"tested": 200, "trained": {"a": 50, "b": 50}}, 1, (0, 0, 0)),
        ({"tested": 199, "trained": {"a": 50, "b": 2}}, 1, (2, 2, 42)),
    ],
)
def test_what_is_cross_validated(found: dict, seconds: float, expected: tuple) -> None:
    pictures_found = inspection.Found({"a": 60, "b": 40}, [(32, 32)], True, **found)
    assert proposal.cross_validation(pictures_found, 0.2, seconds, "cpu") == expected
