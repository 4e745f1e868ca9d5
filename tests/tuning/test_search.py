"""The search with objectives whose answers are known: nothing is trained here."""

import math
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import RDBStorage

from heatproof.run.errors import UserError
from heatproof.tuning.history import Begun, History
from heatproof.tuning.search import search
from heatproof.tuning.space import Space, space_of
from heatproof.tuning.trials import Result, Trial
from tests.tuning import small_task
from tests.tuning.small_task import CELL

RATE, KERNEL = "schedules.learning_rate", "network.kernel_size"
SMALL = {KERNEL: {"choices": [3, 5]}, "training.plateau_patience": {"low": 1, "high": 2}}
GoesOn = Callable[[int, float], bool]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.sqlite").write_bytes(empty_file())


@cache
def empty_file() -> bytes:
    """Return a file without a trial: making its tables takes most of the time of a short test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        connection = sqlite3.connect(path)
        RDBStorage("sqlite://", engine_kwargs={"creator": lambda: connection}).engine.dispose()
        return path.read_bytes()


@cache
def space(*keys: str) -> Space:
    search_space = {key: SMALL[key] for key in keys} or small_task.SEARCH
    return space_of(small_task.study(search_space), CELL)


def opened(key: str = "a", file: str = "a", *keys: str) -> History:
    path = Path(f"{file}.sqlite")
    if not path.exists():
        path.write_bytes(empty_file())
    return History(CELL, key, space(*keys), 42, path)


def hill(begun: Begun, goes_on: GoesOn) -> Result:
    """Be best, 1, at a rate of 0.02 with kernels of 5."""
    distance = math.log10(begun.values[RATE]) - math.log10(0.02)
    return Result(1 - 0.2 * distance**2 - 0.3 * (begun.values[KERNEL] == 3))


def told(history: History) -> list[tuple[int, dict[str, Any], float | None]]:
    return [(t.number, t.values, t.result.accuracy) for t in history.finished]


def test_a_known_optimum_is_found():
    history = opened()
    search(history, hill, 30)
    best = history.best
    assert best is not None and best.values[KERNEL] == 5
    assert best.values[RATE] == pytest.approx(0.02, rel=0.35)
    assert best.result.accuracy == max(t.result.accuracy or 0 for t in history.finished)
    first = history.finished[0]
    assert first.values == dict(history.space.start), "the first trial is params.yaml as it is"


def test_two_searches_of_one_seed_have_the_same_trials():
    histories = [opened(file=name) for name in ("a", "b")]
    for history in histories:
        search(history, hill, 13)
    assert told(histories[0]) == told(histories[1])


@pytest.mark.parametrize("broken_off_at", [1, 12])
def test_a_search_that_is_interrupted_goes_on_as_if_it_had_not_been(broken_off_at):
    whole = opened(file="whole")
    search(whole, hill, 13)

    def interrupted(begun: Begun, goes_on: GoesOn) -> Result:
        if begun.number == broken_off_at:
            raise KeyboardInterrupt
        return hill(begun, goes_on)

    ended: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        search(opened(), interrupted, 13, stop=lambda: ended.append("stopped"))
    assert ended == ["stopped"]
    again = opened()
    assert len(again.finished) == broken_off_at - 1
    search(again, hill, 13)
    assert told(again) == told(whole)


def test_nor_does_a_killed_process_leave_a_trial_behind():
    killed = opened()
    search(killed, hill, 3)
    killed.begin()
    again = opened()
    assert (again.begun, len(again.finished)) == (3, 3)


def test_the_number_of_trials_is_that_of_all_calls():
    history = opened()
    search(history, hill, 5)
    before = told(history)
    search(opened(), hill, 5)
    assert told(opened()) == before
    search(opened(), hill, 7)
    assert told(opened())[:5] == before
    assert len(told(opened())) == 7


def test_trials_below_the_median_are_ended_early():
    def climbing(begun: Begun, goes_on: GoesOn) -> Result:
        final = hill(begun, goes_on).accuracy or 0.0
        curve = []
        for epoch in range(1, 6):
            curve.append(final * epoch / 5)
            if not goes_on(epoch, curve[-1]):
                return Result(None, curve)
        return Result(final, curve)

    history = opened()
    search(history, climbing, 25)
    pruned = [trial for trial in history.finished if trial.result.state == "pruned"]
    complete = [trial for trial in history.finished if trial.result.state == "complete"]
    assert len(complete) >= 5 and len(pruned) >= 3
    assert all(2 <= len(trial.result.curve) < 5 for trial in pruned), "not in the first epoch"
    best = history.best
    assert best is not None and best.result.accuracy == max(t.result.accuracy for t in complete)


def test_a_bad_trial_is_no_end_and_is_kept_away_from():
    def steep(begun: Begun, goes_on: GoesOn) -> Result:
        if begun.values[RATE] > 0.005:
            return Result(None, reason="the loss became infinite")
        return hill(begun, goes_on)

    history = opened()
    search(history, steep, 30)
    states = [trial.result.state for trial in history.finished]
    assert len(states) == 30 and "bad" in states
    assert states[20:].count("bad") < states[:10].count("bad") + 1
    best = history.best
    assert best is not None and 0.001 < best.values[RATE] <= 0.005
    reasons = {trial.result.reason for trial in history.finished}
    assert reasons == {"", "the loss became infinite"}


def test_where_all_trials_are_bad_there_is_no_best():
    history = opened()
    search(history, lambda begun, goes_on: Result(None, reason="no"), 3)
    assert history.best is None
    assert len(history.finished) == 3


def test_equal_values_are_trained_once_and_every_combination_ends_the_search():
    trained = []

    def counted(begun: Begun, goes_on: GoesOn) -> Result:
        trained.append(tuple(begun.values.values()))
        return Result(begun.values[KERNEL] / 10)

    history = opened("a", "a", *SMALL)
    search(history, counted, 60)
    assert len(trained) == len(set(trained)) == 4
    assert history.is_exhausted and len(history.finished) < 60
    again = [trial for trial in history.finished if trial.same_as]
    for trial in again:
        first = history.finished[trial.same_as - 1]
        assert (first.values, first.result.accuracy) == (trial.values, trial.result.accuracy)


def test_no_trial_begins_after_the_time():
    history = opened()
    search(history, hill, 5, until=time.monotonic() - 1)
    assert history.finished == []


def test_several_at_once_are_as_many_as_one_by_one():
    two_at_work = threading.Barrier(2, timeout=60)

    def slow(begun: Begun, goes_on: GoesOn) -> Result:
        if begun.number <= 2:
            two_at_work.wait()
        return hill(begun, goes_on)

    heard: list[Trial] = []
    history = opened()
    search(history, slow, 12, jobs=3, told=heard.append)
    assert sorted(trial.number for trial in heard) == list(range(1, 13))
    assert len(history.finished) == 12


def test_a_mistake_of_one_ends_all():
    def wrong(begun: Begun, goes_on: GoesOn) -> Result:
        raise UserError("the data is gone")

    history = opened()
    with pytest.raises(UserError, match="the data is gone"):
        search(history, wrong, 9, jobs=2)
    assert history.begun == 0


def test_trials_of_another_signature_stay_and_do_not_count():
    search(opened("a"), hill, 3)
    other = opened("b")
    assert (other.finished, other.of_others) == ([], 3)
    search(other, hill, 2)
    back = opened("a")
    assert (len(back.finished), back.of_others) == (3, 2)


def test_a_damaged_file_is_named():
    Path("a.sqlite").write_bytes(b"no database " * 200)
    with pytest.raises(UserError, match=r"a\.sqlite: .*damaged.*move it away"):
        opened()


def test_the_parameter_that_matters_has_the_larger_share():
    history = opened()
    search(history, lambda begun, _: Result(0.5 + 0.1 * (begun.values[KERNEL] == 5)), 12)
    shares = history.importances()
    assert next(iter(shares)) == KERNEL
    assert shares[KERNEL] > 0.9
    assert sum(shares.values()) == pytest.approx(1)
    equal = opened("equal")
    search(equal, lambda begun, _: Result(0.5), 4)
    assert equal.importances() == {}
