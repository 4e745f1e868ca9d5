"""How long networks take for the same images, measured in turns.

A machine is faster or slower from minute to minute. Networks that are timed one after the other in
each round are so under the same load, and the ratio of a round says more than that of two medians.
"""

import time
from collections.abc import Callable, Mapping

import numpy as np


def in_turns(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, np.ndarray]:
    """Time calls, one after the other in each round, after each was called once to warm up.

    Every second round goes the other way round, so that none always follows the same one.

    Args:
        calls: name -> what is timed.
        rounds: how often, at least 1.
        clock: gives seconds.

    Returns:
        name -> float64 (rounds,), seconds.
    """
    for call in calls.values():
        call()
    seconds = {name: np.zeros(rounds) for name in calls}
    for turn in range(rounds):
        order = list(calls.items())[:: -1 if turn % 2 else 1]
        for name, call in order:
            started = clock()
            call()
            seconds[name][turn] = clock() - started
    return seconds


def compared(seconds: Mapping[str, np.ndarray], name: str, reference: str) -> dict[str, float]:
    """Give the median milliseconds of a call and of a reference, and the median of their ratios.

    Returns:
        `milliseconds`, `reference_milliseconds`, and `times_faster`: how many times as long the
        reference takes, the median over rounds.
    """
    own, other = seconds[name], seconds[reference]
    return {
        "milliseconds": 1000 * float(np.median(own)),
        "reference_milliseconds": 1000 * float(np.median(other)),
        "times_faster": float(np.median(other / own)),
    }
