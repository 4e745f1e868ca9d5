"""Whether the best values are better: by seeds that no trial had, and beside chance."""

from pathlib import Path

import numpy as np
import pytest

from heatproof.config.tuned import Values
from heatproof.statistics.differences import paired_difference
from heatproof.tuning.comparison import Comparison, compare, compared, missing, seeds_after
from heatproof.tuning.history import History
from heatproof.tuning.space import space_of
from heatproof.tuning.trials import Result
from tests.tuning import small_task
from tests.tuning.small_task import CELL

KERNEL = "network.kernel_size"
BEFORE, BEST = {KERNEL: 3}, {KERNEL: 5}
SEEDS = seeds_after(42, 5)


@pytest.fixture
def history(tmp_path: Path) -> History:
    space = space_of(small_task.study({KERNEL: {"choices": [3, 5]}}), CELL)
    return History(CELL, "a", space, 42, tmp_path / "a.sqlite")


def of_gain(history: History, gain: float, seeds: list[int] = SEEDS) -> Comparison:
    """Compare where the best values are better by `gain`, beside noise of 2 points."""

    def train(values: Values, seed: int) -> Result:
        noise = np.random.default_rng([seed, values[KERNEL]]).normal(0, 0.02)
        return Result(0.7 + gain * (values == BEST) + noise)

    return compare(history, BEFORE, BEST, seeds, train)


def test_the_interval_is_students():
    found = paired_difference([0.1, 0.2, 0.3], [0.2, 0.4, 0.6])
    assert found.values == pytest.approx((0.1, 0.2, 0.3))
    # t of 2 degrees of freedom: 4.3027; deviation 0.1, of a mean of three 0.1 / √3.
    assert found.mean == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.2 - 0.24841, 0.2 + 0.24841), abs=1e-4)
    assert not found.is_shown
    assert paired_difference([0.1, 0.1, 0.1], [0.2, 0.2, 0.2]).is_shown
    assert paired_difference([0.1, 0.1], [0.2, 0.2]).low is None


def test_a_gain_that_is_none_is_called_chance(history):
    found = of_gain(history, 0.0)
    assert not found.is_better
    assert found.finding().startswith("No better than chance")


def test_a_gain_is_told_with_its_interval(history):
    found = of_gain(history, 0.2)
    assert found.is_better
    assert found.finding().startswith("Better by ") and "5 seeds" in found.finding()
    assert found.difference is not None and found.difference.mean == pytest.approx(0.2, abs=0.04)
    assert found.best.text(100).startswith("8") or found.best.text(100).startswith("9")


def test_a_loss_is_told_too(history):
    assert of_gain(history, -0.2).finding().startswith("Worse by ")


def test_too_few_seeds_are_said_to_be(history):
    found = of_gain(history, 0.2, SEEDS[:2])
    assert not found.is_better
    assert "too few to tell" in found.finding()


def test_what_was_trained_is_not_trained_again(history):
    of_gain(history, 0.1, SEEDS[:3])
    assert missing(history, (BEFORE, BEST), SEEDS) == 4
    trained = []

    def train(values: Values, seed: int) -> Result:
        trained.append((values[KERNEL], seed))
        return Result(0.8)

    compare(history, BEFORE, BEST, SEEDS, train)
    assert sorted(trained) == [(kernel, seed) for kernel in (3, 5) for seed in SEEDS[3:]]
    assert missing(history, (BEFORE, BEST), SEEDS) == 0
    assert len(compared(history, BEFORE, BEST, SEEDS).best.accuracies) == 5


def test_values_that_fail_from_one_seed_are_not_reliable(history):
    def train(values: Values, seed: int) -> Result:
        fails = values == BEST and seed == SEEDS[1]
        return Result(None, reason="the loss became infinite") if fails else Result(0.9)

    found = compare(history, BEFORE, BEST, SEEDS, train)
    assert not found.is_better
    told = f"from seed {SEEDS[1]} there was no network: the loss became infinite"
    assert told in found.finding()


def test_seeds_are_others_than_the_trials():
    assert seeds_after(42, 3) == [43, 44, 45]
    assert seeds_after(2**31 - 1, 2) == [0, 1]
