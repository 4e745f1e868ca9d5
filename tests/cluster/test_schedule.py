"""List scheduling, worked out on paper."""

import pytest

from heatproof.cluster.schedule import chains, ends, finish

# a → b → d, a → c → d
SECONDS = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 1.0}
NEEDS = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}


def test_a_chain_is_as_long_as_what_follows() -> None:
    assert chains(SECONDS, NEEDS) == {"a": 7.0, "b": 6.0, "c": 3.0, "d": 1.0}


@pytest.mark.parametrize(("slots", "expected"), [(1, 9.0), (2, 7.0), (100, 7.0)])
def test_more_slots_than_tasks_at_once_bring_nothing(slots: int, expected: float) -> None:
    assert finish(SECONDS, NEEDS, slots) == expected


def test_the_longest_chain_goes_first() -> None:
    """Otherwise two slots would take 2 + 6 = 8: the short ones first, then the long one."""
    assert finish({"a": 2.0, "b": 2.0, "c": 6.0}, {}, 2) == 6.0


def test_what_runs_keeps_its_slot_and_needs_only_the_rest() -> None:
    left = {"b": 5.0, "c": 2.0, "d": 1.0}  # a is done
    assert finish(left, NEEDS, 1, {"c": 1.5}) == 0.5 + 5.0 + 1.0
    assert finish(left, NEEDS, 2, {"b": 9.0}) == 2.0 + 1.0, "b takes longer than it should"


def test_nothing_left_takes_no_time() -> None:
    assert finish({}, {}, 3) == 0.0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="0 slots"):
        finish(SECONDS, NEEDS, 0)
    with pytest.raises(ValueError, match="wait for each other: a, b"):
        finish({"a": 1.0, "b": 1.0}, {"a": ["b"], "b": ["a"]}, 1)


def test_each_task_ends_when_the_paper_says() -> None:
    assert ends(SECONDS, NEEDS, 1) == {"a": 1.0, "b": 6.0, "c": 8.0, "d": 9.0}
    assert ends(SECONDS, NEEDS, 2) == {"a": 1.0, "c": 3.0, "b": 6.0, "d": 7.0}
