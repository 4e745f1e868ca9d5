"""Lines that say how far something long has come: none for what is quick."""

import pytest

from heatproof.run.progress import Progress, time_text


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_quick_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress("net", 1, clock)
    with progress.part("saliency"):
        progress.expect(10)
        for clock.now in range(9):
            progress.advance(1)
    assert capsys.readouterr().out == ""


def test_what_takes_long_says_so_ever_less_often(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress("net", 2, clock)
    with progress.part("saliency"):
        pass
    with progress.part("lime"):
        progress.expect(100)
        for clock.now in range(1, 101):
            progress.advance(1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "net: lime (2 of 2): 10 s, about 90 s left"
    assert lines[1] == "net: lime (2 of 2): 20 s, about 80 s left"
    assert lines[-1] == "net: lime (2 of 2): done in 100 s"
    assert len(lines) == 6, lines


def test_time_left_is_not_told_where_nobody_knows_it(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress("net", 1, clock)
    with progress.part("rise"):
        clock.now = 12
        progress.advance(1)  # nothing is expected
        assert progress.done == 1
        progress.expect(5)
        clock.now = 30
        progress.advance(6)  # more than was expected
    assert [line.partition("): ")[2] for line in capsys.readouterr().out.splitlines()] == [
        "12 s", "18 s", "done in 30 s",
    ]  # fmt: skip
    assert time_text(3, 0.5) == "3 s, about 3 s left"
