"""What a search makes of processes that end: killed, lost with their machine, or by a mistake."""

import json
import signal
from collections.abc import Sequence

import pytest

from heatproof.run.errors import UserError
from heatproof.tuning.trials import Result
from heatproof.tuning.workers import Ending, Pool, Worker

DONE = json.dumps({"result": vars(Result(0.9, [0.5, 0.9], 1.0))})
LOST = Ending(1, ["the node died"], lost=True)


class Scripted:
    """A process that says these lines, and then ends so."""

    def __init__(self, lines: Sequence[str], ending: Ending = LOST) -> None:
        self.heard: list[str] = []
        self._lines, self._ending = list(lines), ending

    def send(self, line: str) -> None:
        self.heard.append(line)

    def receive(self) -> str:
        return self._lines.pop(0) if self._lines else ""

    def ending(self) -> Ending:
        return self._ending

    def kill(self) -> None:
        self._lines.clear()


def worker(*processes: Scripted) -> Worker:
    waiting = list(processes)
    return Worker(lambda: waiting.pop(0))


def test_a_training_whose_machine_is_lost_is_begun_again():
    epoch = json.dumps({"epoch": 1, "accuracy": 0.5})
    last = Scripted([epoch, DONE, DONE])
    started = worker(Scripted([epoch]), Scripted([]), last)
    asked: list[int] = []
    result = started.train({"a": 1}, 7, "x", lambda epoch, _: asked.append(epoch) or False)
    assert result == Result(0.9, [0.5, 0.9], 1.0)
    assert asked == [1, 1]
    request = {"values": {"a": 1}, "seed": 7, "name": "x"}
    assert list(map(json.loads, last.heard)) == [request, False]
    assert started.train({}, 7, "y").accuracy == 0.9, "by the same process"


def test_but_not_for_ever():
    with pytest.raises(UserError, match="lost 3 times: the node died"):
        worker(*(Scripted([]) for _ in range(3))).train({}, 7, "x")


def test_one_that_was_killed_is_a_bad_trial():
    started = worker(Scripted([], Ending(-signal.SIGKILL)), Scripted([DONE]))
    killed = started.train({}, 7, "x")
    assert killed.state == "bad" and "where memory runs out" in killed.reason
    assert started.train({}, 7, "y").state == "complete", "by another process"


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (Ending(2, ["a line", "error: data/processed/a.npz: there is no such file"]), "^data/proc"),
        (Ending(1, ["Traceback", "ValueError: a bug"]), "ended by exit code 1"),
        (Ending(-signal.SIGSEGV, []), "ended by signal SIGSEGV"),
    ],
)
def test_a_mistake_ends_the_search(ending, told, capsys):
    with pytest.raises(UserError, match=told):
        worker(Scripted([], ending)).train({}, 7, "x")
    if ending.code == 1:
        assert "ValueError: a bug" in capsys.readouterr().err


def test_none_starts_after_the_end():
    pool = Pool(lambda: Scripted([DONE]), 2)
    pool.end()
    assert pool.train({}, 7, "x").state == "bad"
