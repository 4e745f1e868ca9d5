"""The simulation of many cells on many nodes, worked out on paper."""

import pytest

from bench.cluster.simulation import Cost, Pattern, grown, longer, simulate

# Two kinds of cells, of 10 and 20 seconds: a chain of training and explaining, and a side branch.
PATTERN = Pattern(
    tasks={
        "a": {"train": 6.0, "gradients": 3.0, "features": 1.0},
        "b": {"train": 12.0, "gradients": 6.0, "features": 2.0},
    },
    needs={"gradients": ["train"], "features": ["train"]},
    first=5.0,
    last=2.0,
)
FREE = Cost(0, 0)


def test_a_larger_study_is_a_multiple() -> None:
    seconds, needs = grown(PATTERN, 3)
    assert sum(seconds.values()) == 10 + 20 + 10
    assert needs["features#2"] == ["train#2"] and needs["train#2"] == []


@pytest.mark.parametrize(
    ("cells", "nodes", "seconds", "limit"),
    [
        (2, 1, 5 + 30 + 2, "nodes"),
        (2, 2, 5 + 18 + 2, "longest chain"),
        (2, 100, 5 + 18 + 2, "longest chain"),
        (20, 2, 5 + 150 + 20, "nodes"),
    ],
)
def test_seconds_and_what_limits_them(cells: int, nodes: int, seconds: float, limit: str) -> None:
    outcome = simulate(PATTERN, cells, nodes, FREE)
    assert (outcome.seconds, outcome.limit) == (seconds, limit)
    assert outcome.speedup == simulate(PATTERN, cells, 1, FREE).seconds / seconds


def test_what_a_task_costs_counts_on_its_node_and_on_the_head() -> None:
    assert simulate(PATTERN, 2, 1, Cost(node=1, head=0)).seconds == 5 + 30 + 6 + 2
    slow = simulate(PATTERN, 2, 100, Cost(node=0, head=10))
    # The first of six results comes after 6 s, and each takes the head 10 s.
    assert (slow.seconds, slow.limit) == (5 + 6 + 60 + 2, "head")


def test_a_report_that_takes_longer_than_all_cells_is_the_heads() -> None:
    assert simulate(PATTERN, 200, 1000, FREE).limit == "head"


def test_what_is_told_of_a_pattern() -> None:
    assert PATTERN.seconds_per_cell == 15 and PATTERN.tasks_per_cell == 3 and PATTERN.longest == 18
    twice = longer(PATTERN, 2)
    assert twice.longest == 36 and (twice.first, twice.last) == (5.0, 2.0)
