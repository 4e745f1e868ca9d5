"""`tune` of params.yaml: what is searched for is checked before the first trial."""

from pathlib import Path
from typing import Any

import pytest

from heatproof.config import params
from heatproof.config.tuned import place, run_with, value_of
from heatproof.run.errors import UserError
from tests import overlay, small_cell
from tests.scratch import shrunken_params

CELL = "simple_cnn-digits"
RATE = "schedules.learning_rate"


def load(search: dict[str, Any], cell: str = CELL) -> Any:
    return small_cell.load_params(CELL, "mobilenet_v2-digits", tune={cell: search})


def test_values_are_of_the_cells_schedule_and_its_models_network():
    study = load({RATE: {"low": 0.001, "high": 0.1}})
    assert place(study, CELL, RATE) == (
        "models", "simple_cnn", "schedules", "cpu", "digits", "learning_rate",
    )  # fmt: skip
    assert place(study, CELL, "training.label_smoothing")[-3:] == (
        "digits", "training", "label_smoothing",
    )  # fmt: skip
    assert place(study, CELL, "network.kernel_size") == (
        "models", "simple_cnn", "network", "kernel_size",
    )  # fmt: skip


def test_a_run_has_the_values_and_nothing_else_is_changed():
    study = load({RATE: {"low": 0.001, "high": 0.1}})
    values = {RATE: 0.05, "network.kernel_size": 5, "training.label_smoothing": 0.2}
    run, before = run_with(study, CELL, values), study.run(CELL)
    assert {key: value_of(run, key) for key in values} == values
    same = {"schedule": before.schedule, "network": before.network, "training": before.training}
    assert run.model_copy(update=same) == before
    assert run.schedule is not None and before.schedule is not None
    assert run.schedule.epochs == before.schedule.epochs
    assert study.run(CELL) == before, "the parameters themselves stay"
    assert value_of(before, "schedules.head.epochs") is None


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ({"network.kernel_size": {"choices": [3, 0]}},
         "tune.simple_cnn-digits: network.kernel_size: 0 is not possible: "
         "models.simple_cnn.network.kernel_size = 0"),
        ({RATE: {"low": 0.1, "high": 100}}, "100 is not possible"),
        ({"schedules.epochs": {"low": 1.5, "high": 3.5}}, "1.5 is not possible"),
        ({"network.kernel": {"choices": [3, 5]}}, "unknown parameter; did you mean 'kernel_size'"),
        ({"network.filters": {"choices": [[8, 8], []]}}, "[] is not possible"),
        ({"schedules.head.epochs": {"low": 1, "high": 3}}, "1 is not possible"),
        ({"training.balance": {"choices": ["none", "sampling"]}}, "it is not tuned"),
        ({"network.architecture": {"choices": ["lenet5", "resnet18"]}}, "a cell of its own"),
        ({"learning_rate": {"low": 0.1, "high": 1}}, "'learning_rate': expected network"),
        ({RATE: {"low": 0.1, "high": 0.01}}, "low should be the smaller"),
        ({RATE: {"low": 0, "high": 0.01, "log": True}}, "begins above 0"),
        ({RATE: {"low": 0.01, "high": 0.1, "log": True, "step": 0.01}}, "exclude each other"),
        ({RATE: {"low": 0.01, "high": 0.1, "step": 0.04}}, "without a remainder"),
        ({RATE: {"low": 0.01, "high": 0.1, "step": 0}}, "above 0"),
        ({RATE: {"choices": [0.1]}}, "at least 2"),
        ({RATE: {"choices": [0.1, 0.1]}}, "0.1 is there twice"),
        ({RATE: {"low": 0.1}}, "high is missing"),
        ({RATE: {"choices": []}}, "choices = []: should have at least 2 items, not 0"),
        ({RATE: {"low": "small", "high": 1}}, "low = 'small': should be a valid integer or a"),
        ({RATE: 0.1}, "mapping"),
        ({}, "at least 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(search, told):
    with pytest.raises(UserError) as refused:
        load(search)
    assert told in str(refused.value)
    assert "params.yaml: tune.simple_cnn-digits" in str(refused.value)
    assert "\n" not in str(refused.value), "one mistake is one line"


def test_the_cell_must_be_one_that_is_trained(tmp_path: Path):
    search = {RATE: {"low": 0.001, "high": 0.1}}
    content = shrunken_params(CELL) | {"tune": {"simple_cnn-digit": search}}
    overlay.write(tmp_path / "params.yaml", content)
    with pytest.raises(UserError, match="there is no such cell; did you mean 'simple_cnn-digits'"):
        params.load(tmp_path / "params.yaml")
