"""The search space: whole numbers or fractions, what is outside, and how values are written."""

from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.tuning.space import Space, space_of
from tests import overlay
from tests.config.test_derived import content
from tests.tuning import small_task
from tests.tuning.small_task import CELL


def space(**search: Any) -> Space:
    return space_of(small_task.study(search), CELL)


def test_a_range_is_of_whole_numbers_where_the_parameter_is_one():
    found = space(**{
        "network.kernel_size": {"low": 1, "high": 7, "step": 2},
        "training.label_smoothing": {"low": 0, "high": 0.5},
        "training.weight_decay": {"low": 0, "high": 1},
        "schedules.batch_size": {"low": 8, "high": 128, "log": True},
    }).distributions  # fmt: skip
    assert found["network.kernel_size"] == IntDistribution(1, 7, step=2)
    assert found["training.label_smoothing"] == FloatDistribution(0.0, 0.5)
    assert found["training.weight_decay"] == FloatDistribution(0.0, 1.0)
    assert found["schedules.batch_size"] == IntDistribution(8, 128, log=True)


def test_choices_may_be_lists_and_words():
    found = space(**{
        "network.filters": {"choices": [[2, 2], [4]]},
        "training.optimizer": {"choices": ["adam", "sgd"]},
    })  # fmt: skip
    for values in found.start, {"network.filters": [4], "training.optimizer": "sgd"}:
        assert found.decoded(found.encoded(values)) == dict(values)
    assert found.combinations == 4


def test_fractions_have_four_digits_and_stay_within():
    found = space(**{"schedules.learning_rate": {"low": 0.00123456, "high": 0.0234567}})
    (key,) = found.distributions
    assert found.decoded({key: 0.0123456789}) == {key: 0.01235}
    assert found.decoded({key: 0.0234567}) == {key: 0.0234567}, "not above the highest"
    assert found.decoded({key: found.start[key]}) == dict(found.start)
    assert found.combinations is None


@pytest.mark.parametrize(
    ("values", "outside"),
    [
        ({"low": 0.001, "high": 0.01}, False),
        ({"low": 0.01, "high": 0.1}, True),
        ({"choices": [0.001, 0.003]}, False),
        ({"choices": [0.001, 0.002]}, True),
        ({"low": 0.001, "high": 0.011, "step": 0.002}, False),
        ({"low": 0.002, "high": 0.012, "step": 0.002}, True),
    ],
)
def test_it_is_told_what_params_yaml_has_outside(values, outside):
    found = space_of(
        small_task.study({"schedules.learning_rate": values}, learning_rate=0.003), CELL
    )
    assert bool(found.outside) == outside


def test_a_cell_without_a_space_is_told_how_one_looks():
    study = small_task.study().model_copy(update={"tune": {}})
    with pytest.raises(
        UserError, match=r"(?s)tune has no 'simple_cnn-digits'.*learning_rate: \{low"
    ):
        space_of(study, CELL)
    with pytest.raises(UserError, match="no cell 'simple'"):
        space_of(study, "simple")


def test_of_a_derived_cell_there_is_nothing_to_tune(tmp_path: Path):
    overlay.write(tmp_path / "params.yaml", content())
    study = params.load(tmp_path / "params.yaml")
    with pytest.raises(UserError, match=r"'small-digits' is a saved or a derived one.*nothing to"):
        space_of(study, "small-digits")
