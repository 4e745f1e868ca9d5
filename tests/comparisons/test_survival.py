"""What agreement of maps is worth, beside two trainings and beside randomised weights."""

from typing import Any

import pytest

from heatproof.comparisons import survival
from heatproof.comparisons.survival import ALIKE, CLOSER, LESS, LOST, OPEN

NAN = float("nan")


def summary(mean: float, half: float = 0.05) -> dict[str, float]:
    return {"mean": mean, "low": mean - half, "high": mean + half, "images": 100}


def compared(same: dict[str, float], randomised: float = 0.1) -> dict[str, Any]:
    pairs = {"same": {"spearman": same}, "randomised": {"spearman": summary(randomised)}}
    return {"maps": {"overall": pairs}}


TRAININGS = compared(summary(0.5))


@pytest.mark.parametrize(
    ("agreement", "level", "share"),
    [(0.9, CLOSER, 2.0), (0.55, ALIKE, 1.125), (0.5, ALIKE, 1.0), (0.3, LESS, 0.5),
     (0.14, LOST, 0.1)],
)  # fmt: skip
def test_levels(agreement: float, level: str, share: float) -> None:
    found = survival.of_cell(compared(summary(agreement)), TRAININGS)
    assert found.level == level
    assert found.share == pytest.approx(share)


def test_without_a_second_training_only_randomised_weights_can_be_told() -> None:
    assert survival.of_cell(compared(summary(0.9)), {}).level == OPEN
    assert survival.of_cell(compared(summary(0.12)), {}).level == LOST


@pytest.mark.parametrize("unknown", [NAN, None])  # null in a file
def test_nothing_that_could_be_compared_is_open(unknown: float | None) -> None:
    nothing: Any = {"mean": unknown, "low": unknown, "high": unknown, "images": 0}
    found = survival.of_cell(compared(nothing), TRAININGS)
    assert found.level == OPEN and found.share != found.share
    assert survival.of_cell(compared(summary(0.9)), compared(nothing)).level == OPEN


def test_two_trainings_that_agree_no_more_than_randomised_weights_are_no_scale() -> None:
    found = survival.of_cell(compared(summary(0.9)), compared(summary(0.1)))
    assert found.level == CLOSER and found.share != found.share
