"""Derived networks in sentences and in a chart: what was saved, and what became of the maps."""

from types import SimpleNamespace
from typing import Any

import pytest

from heatproof.report.sections import smaller
from heatproof.report.sections.smaller import Change
from tests.report.derived_comparisons import ORIGIN, compared, result


def test_a_network_in_a_sentence() -> None:
    assert smaller.sentence(result()) == (
        "4.0 times smaller, 0.10 points less accurate, which may be chance (p 0.40); its maps "
        "agree with the origin’s better than those of two trainings of the same network do (rank "
        "correlation 0.90 against 0.50)."
    )


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (compared(difference=-0.02, p=0.001), "2.0 points less accurate;"),
        (compared(difference=0.0, p=1.0), "as accurate;"),
        (compared(stored=4000), "As large as its origin, "),
        (compared(stored=12_000), "3.0 times larger, "),
        (compared(0.52), "as well as those of two trainings"),
        (compared(0.3), "less than those of two trainings of the same network do (rank "
                        "correlation 0.30 against 0.50)"),
        (compared(0.12), "no better than those of randomised weights do (rank correlation 0.12 "
                         "against 0.10)"),
        (compared(None), "no maps could be compared"),
    ],
)  # fmt: skip
def test_what_the_sentence_says(metrics: dict[str, Any], words: str) -> None:
    assert words in smaller.sentence(result(metrics))


def test_without_a_second_training_it_says_so() -> None:
    text = smaller.sentence(result(yardstick={}))
    assert "is 0.90, that of randomised weights 0.10; there is no yardstick" in text
    assert "no two trainings of simple_cnn-digits were compared" in text


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        ((0.5, 0.5, 0.5, 0.1), "as well as its own (MoRF–LeRF gap 0.50, its own 0.50)"),
        ((0.5, 0.3, 0.5, 0.1), "less well than its own"),
        ((0.5, 0.6, 0.5, 0.1), "better than its own"),
        ((0.5, 0.1, 0.5, 0.2), "no better than those of randomised weights"),
    ],
)
def test_whether_old_maps_explain_the_new_network(
    gaps: tuple[float, float, float, float], words: str
) -> None:
    assert words in smaller.old_maps(result(compared(faithful=gaps)))


def cell(**levels: str) -> Any:
    methods = {name: SimpleNamespace(level=level) for name, level in levels.items()}
    return SimpleNamespace(verdict=SimpleNamespace(methods=methods) if methods else None)


def test_verdicts_that_changed() -> None:
    cells = {
        ORIGIN: cell(gradcam="use", saliency="use with care", lime="use"),
        "small-digits": cell(gradcam="do not use", saliency="use with care"),
    }
    assert smaller.changes(result(), cells) == [Change("Grad-CAM", "use", "do not use")]
    assert smaller.changes(result(), cells)[0].is_worse
    assert smaller.changes(result(), {ORIGIN: cells[ORIGIN]}) is None
    assert smaller.changes(result(), cells | {ORIGIN: cell()}) is None


def test_the_chart_begins_at_what_was_trained() -> None:
    """A network of a derived one is drawn from it, and measured from what was trained."""
    first = result()
    second = result(compared(stored=500, difference=-0.05), model="tiny", origin="small-digits")
    chart = smaller.chart([first, second, result({}, model="later")])
    assert chart is not None
    pies = [each.pie for each in chart.slices]
    assert [(pie.x, round(pie.y, 6), pie.origin) for pie in pies] == (
        [(1.0, 0.0, None), (4.0, -0.001, 0), (8.0, -0.05, 1)]
    )
    assert (pies[1].share, pies[1].mark, pies[1].kind) == (0.9, 0.5, "closer")
    labels = [label for _, label in chart.x.ticks]
    assert "as large" in labels and "8× smaller" in labels
    assert "0" in [label for _, label in chart.y.ticks]
    assert "2 derived networks; maps: 2 closer than two trainings" in chart.summary


def test_nothing_compared_is_no_chart() -> None:
    assert smaller.chart([result({})]) is None
    assert smaller.rows([result({})], {}) == ([], [result({})])


def test_the_finding_counts_what_kept_its_maps() -> None:
    lost = result(compared(0.2, stored=100), model="tiny")
    found = smaller.finding([result(), lost, result(yardstick={}), result({})])
    assert found is not None and found.address == "smaller.html"
    assert found.text.startswith("Of 2 derived networks, 1 keeps maps")
    assert "small on digits, is 4.0 times smaller and 0.10 points less accurate" in found.text
    only_lost = smaller.finding([lost])
    assert only_lost is not None and "Of 1 derived network, none keep" in only_lost.text
    assert smaller.finding([result(yardstick={})]) is None
