"""The bench's arithmetic, on times that are made up."""

import pytest

from bench.comparison import compare
from bench.explaining.project import METHODS, passes_of
from bench.explaining.settings import Settings
from bench.explaining.table import Row, Times, number


def row(ours: list[float] | None, bare: list[float], **peers: list[float]) -> Row:
    return Row(
        "net",
        "saliency",
        16,
        Times("project", "", 16, ours) if ours else None,
        Times("bare passes", "", 16, bare),
        [Times(name, "", 16, calls) for name, calls in peers.items()],
        {},
    )


def test_ratios_are_of_the_best_calls() -> None:
    measured = row([3.0, 1.0, 2.0], [0.9, 5.0], slow=[9.0], fast=[4.0, 1.5])
    assert measured.best_peer.library == "fast"
    assert measured.faster == pytest.approx(1.5)
    assert measured.over_bare == pytest.approx(1 / 0.9)
    assert measured.ours.median == 2.0
    assert measured.misses() == []


def test_each_goal_that_is_missed_is_named() -> None:
    slower, over = row([1.0], [0.8], fast=[1.19]).misses()
    assert slower.startswith("net saliency: 1.19 times as fast as fast")
    assert over.startswith("net saliency: 1.25 times the bare passes")


def test_a_method_that_was_not_measured_is_a_miss() -> None:
    (said,) = row(None, [1.0], fast=[2.0]).misses()
    assert "nothing was measured" in said


def test_without_a_peer_only_the_bare_passes_count() -> None:
    measured = row([1.0], [1.0])
    assert measured.faster is None
    assert measured.misses() == []


def test_printed_ours_first_then_by_speed() -> None:
    measured = row([1.0], [0.9], slow=[20.0], fast=[2.0])
    measured.peers[0].images = 1
    lines = measured.lines()
    order = ["project", "bare passes", "fast", "slow"]
    assert [next(name for name in order if name in line) for line in lines] == order
    assert "1 image only" in lines[-1]
    assert lines[2].split()[-3:] == ["2.00", "2.00", "2.00"]


def test_kept_with_the_best_call_of_each_turn() -> None:
    ours, bare, peer = (Times(name, "", 16) for name in ("project", "bare passes", "fast"))
    for times, turns in ((ours, [[3.0, 1.0], [2.0]]), (bare, [[0.8, 0.9]]), (peer, [[4.0, 1.1]])):
        for calls in turns:
            times.add(calls)
    assert ours.calls == [3.0, 1.0, 2.0]
    kept = Row("net", "saliency", 16, ours, bare, [peer], {"slow": "fails"}).measurement("a note")
    assert (kept.part, kept.case, kept.note) == ("explaining", "net saliency", "a note")
    # The bare passes are no peer: what is reached of them is a share.
    assert kept.sides == {"project": [1.0, 2.0], "fast": [1.1]}
    assert list(kept.shares.values()) == [0.8]
    assert kept.absent == {"slow": "fails"}
    assert compare(kept).met is False


def test_kept_although_the_project_has_nothing() -> None:
    kept = row(None, [1.0], fast=[2.0]).measurement("")
    assert list(kept.sides) == ["fast"]
    assert kept.shares == {}
    assert compare(kept).met is False


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.1234, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (1234.5, "1,234")],
)
def test_numbers_have_three_digits(milliseconds: float, text: str) -> None:
    assert number(milliseconds) == text


def test_passes_are_counted_as_the_methods_need_them() -> None:
    settings = Settings(noise=0.1, window=4, stride=2, segments=40, compactness=10.0)
    assert passes_of("occlusion", settings, (28, 28)) == ("forward", 13 * 13 + 1)
    assert passes_of("occlusion", settings, (5, 4)) == ("forward", 2 * 1 + 1)
    assert passes_of("smoothgrad", settings, (28, 28)) == ("gradient", 50)
    assert passes_of("lime", settings, (28, 28)) == ("forward", 1000)
    assert all(passes_of(method, settings, (32, 32))[1] >= 1 for method in METHODS)
