"""Rows computed in parts, by several threads."""

import threading

import numpy as np
import pytest

from heatproof.statistics import threads
from heatproof.statistics.threads import by_rows


@pytest.mark.parametrize("cores", [1, 2, 3, 16])
def test_the_parts_are_joined_in_order(monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    monkeypatch.setattr(threads, "MIN_BYTES", 1)
    monkeypatch.setattr(threads.os, "cpu_count", lambda: cores)
    one, other = np.arange(14.0).reshape(7, 2), np.arange(7.0)
    parts = []

    def function(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        parts.append(len(a))
        return a.sum(axis=1) + b

    np.testing.assert_array_equal(by_rows(function, one, other), one.sum(axis=1) + other)
    assert len(parts) == min(cores, 7) and sum(parts) == 7


def test_they_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MIN_BYTES", 1)
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 2)
    both = threading.Barrier(2, timeout=200)

    def function(rows: np.ndarray) -> np.ndarray:
        both.wait()
        return rows

    np.testing.assert_array_equal(by_rows(function, np.arange(2)), [0, 1])


@pytest.mark.parametrize("shape", [(0, 9), (1, threads.MIN_BYTES), (5, 3)])
def test_what_is_not_worth_a_thread_is_computed_here(shape: tuple[int, int]) -> None:
    found = []
    by_rows(lambda rows: found.append(threading.current_thread()) or rows, np.zeros(shape))
    assert found == [threading.main_thread()]
