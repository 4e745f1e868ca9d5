"""Which peer is the best, how much better the project is, and whether that is enough."""

import pytest

from bench.comparison import compare
from bench.results import LIMIT
from tests.bench.made import measurement

RATES = {"slow": [10.0, 30.0], "fast": [20.0, 40.0]}


def test_more_is_better_of_rates() -> None:
    found = compare(measurement([50.0, 60.0], "more", peers=RATES))
    assert (found.ours, found.peer, found.theirs) == (60, "fast", 40)
    assert found.ratio == pytest.approx(1.5)
    assert found.spread == (pytest.approx(1.5), pytest.approx(2.5))
    assert found.met is None


def test_less_is_better_of_times() -> None:
    found = compare(measurement([50.0, 60.0], "less", peers=RATES))
    assert (found.ours, found.peer, found.theirs) == (50, "slow", 10)
    assert found.ratio == pytest.approx(0.2)
    assert found.spread == (pytest.approx(0.2), pytest.approx(0.5))


@pytest.mark.parametrize(
    ("better", "ours", "goal", "met"),
    [
        ("more", 25.0, 1.25, True),
        ("more", 24.9, 1.25, False),
        ("less", 13.0, 10 / 13, True),
        ("less", 13.1, 10 / 13, False),
        ("less", 16.0, 1.25, True),
        ("less", 16.1, 1.25, False),
    ],
)
def test_a_goal_is_met_from_it_on(better: str, ours: float, goal: float, met: bool) -> None:
    theirs = 20.0 if better == "more" or goal > 1 else 10.0
    assert compare(measurement([ours], better, goal, peers={"peer": [theirs]})).met is met


def test_a_limit_may_be_said_of_the_middle_round() -> None:
    rounds = [4.0, 5.1, 9.0]
    limit = {LIMIT: [5.0] * 3}
    assert compare(measurement(rounds, "less", 1, peers=limit)).met
    judged = compare(measurement(rounds, "less", 1, peers=limit, judged_by="median"))
    assert judged.ours == 5.1 and judged.met is False


def test_rounds_are_paired_as_far_as_both_have_them() -> None:
    found = compare(measurement([10.0, 20.0, 90.0], peers={"once": [10.0]}))
    assert found.ratio == pytest.approx(9)
    assert found.spread == (1, 1)


def test_without_a_peer_nothing_is_said_of_the_goal() -> None:
    found = compare(measurement([3.0], goal=1.25, peers={"gone": []}))
    assert (found.ours, found.peer, found.ratio, found.met) == (3, None, None, None)


def test_a_goal_without_a_value_of_ours_is_missed() -> None:
    found = compare(measurement([], goal=1.25, peers=RATES))
    assert (found.ours, found.ratio, found.met) == (None, None, False)
    assert compare(measurement([], peers=RATES)).met is None
