"""Networks are timed in turns: with a clock that is wound by hand."""

import numpy as np
import pytest

from heatproof.comparisons.latency import compared, in_turns


class Clock:
    """A clock that only calls wind; `load` slows all calls of a round."""

    def __init__(self) -> None:
        self.now, self.calls = 0.0, []

    def __call__(self) -> float:
        return self.now

    def call(self, name: str, seconds: float):
        def called() -> None:
            self.calls.append(name)
            self.now += seconds * (1 + len(self.calls) // 2 % 3)  # the load changes with the round

        return called


def test_each_is_warmed_up_and_then_timed_in_turns() -> None:
    clock = Clock()
    seconds = in_turns(
        {"own": clock.call("own", 2.0), "origin": clock.call("origin", 6.0)}, 3, clock
    )
    assert clock.calls == ["own", "origin", "own", "origin", "origin", "own", "own", "origin"]
    assert [len(each) for each in seconds.values()] == [3, 3]


def test_a_machine_that_slows_down_leaves_the_ratio() -> None:
    seconds = {"own": np.array([1.0, 2.0, 10.0]), "origin": np.array([3.0, 6.0, 30.0])}
    found = compared(seconds, "own", "origin")
    assert found["times_faster"] == pytest.approx(3)
    assert found["milliseconds"] == 2000 and found["reference_milliseconds"] == 6000
