"""Which methods to use, as tables: of one network, and of all."""

from dataclasses import replace

import pytest

from heatproof.report import rendering, study
from heatproof.report.pages import cell as cell_page
from heatproof.report.sections import verdicts
from heatproof.report.showcase import Showcase, Zero
from heatproof.report.text import methods, zero_maps
from heatproof.storage import artifacts
from heatproof.trust.verdict import AVOID, CARE, LEVELS, USE, CellVerdict, MethodVerdict
from heatproof.trust.verdict_outcomes import Outcome
from tests.report import crosscheck_results, fixture, read_pages, trust_results

FIRST = next(iter(fixture.CELLS))
GOOD = MethodVerdict(USE, "Better.", (Outcome("faithful", "passed", "better"),))


def page(params) -> read_pages.Page:
    collected = study.collect(params)
    values, _ = cell_page.context(collected, collected.cells[0])
    template = rendering.environment().get_template("cell.html")
    return read_pages.parse(template.render(values | {"root": "../"}))


def test_a_networks_page_says_what_to_use_first_and_why(small_study) -> None:
    first = study.collect(small_study).cells[0]
    table = verdicts.of_cell(first.verdict)
    assert table is not None
    assert {row.method.name for row in table.rows} == set(trust_results.METHODS)
    levels = [LEVELS.index(row.verdict.level) for row in table.rows]
    assert levels == sorted(levels)
    shown = page(small_study)
    assert "verdict" in shown.ids
    for row in table.rows:
        assert row.verdict.reason in shown.text
    assert "Beyond every control: passed" in " ".join(shown.text.split())


def test_a_network_at_chance_gets_none(small_study) -> None:
    content = artifacts.read_metrics("assess", FIRST)
    artifacts.write_metrics("assess", FIRST, content | {"above_chance": False, "trust": None})
    assert study.collect(small_study).cells[0].verdict is None
    assert "verdict" not in page(small_study).ids


def test_what_libraries_say_is_taken_in(small_study) -> None:
    checks = {"saliency": {"library": "captum", "verdict": "differs"}}
    artifacts.write_metrics("crosscheck", FIRST, crosscheck_results.CONTENT | {"checks": checks})
    found = study.collect(small_study).cells[0].verdict
    assert found is not None
    assert found.methods["saliency"].tests[-1].said == "captum gives another map"


def test_notes_say_what_took_no_part_and_how_the_truth_agrees() -> None:
    found = verdicts.of_cell(CellVerdict({"lime": GOOD}, ("infidelity/mean",), 0.81, 0.6))
    assert found is not None
    left_out, truth = found.notes
    assert left_out.startswith("Infidelity, mean colour took no part")
    assert "correlation of 0.81 with the truth’s" in truth and truth.endswith("it is 0.60.")
    assert verdicts.of_cell(CellVerdict({}, (), float("nan"))).notes == ()
    assert verdicts.of_cell(None) is None


def test_methods_that_are_most_often_of_use_come_first(small_study) -> None:
    first, second = study.collect(small_study).cells[:2]

    def judged(cell, **levels: str):
        made = {n: MethodVerdict(level, "So.", ()) for n, level in levels.items()}
        result = replace(cell)
        result.__dict__["verdict"] = CellVerdict(made, (), float("nan"))
        return result

    cells = [judged(first, lime=USE, saliency=AVOID), judged(second, lime=CARE, gradcam=AVOID)]
    rows = verdicts.of_study(cells, [verdicts.of_cell(cell.verdict) for cell in cells])
    assert [row.method.name for row in rows] == ["lime", "saliency", "gradcam"]
    assert [row.verdict.level for row in rows[0].rows] == [USE, CARE]
    assert rows[0].counts == (1, 1, 0)
    assert rows[1].rows[1] is None


def test_a_map_of_zeros_says_so_and_why(small_study) -> None:
    zeros = {"gradcam": Zero(14, 24, {"below_zero": 1.0, "gradient_kept": 0.04})}
    (text,) = verdicts.zero(Showcase(zero=zeros))
    assert text.startswith(
        "14 of 24 maps of Grad-CAM are zero everywhere. At no place is the weighted sum"
    )
    assert "Averaging over places keeps 4.0 % of the gradient: this network" in text
    collected = study.collect(small_study)
    collected.__dict__["showcases"] = {FIRST: Showcase(zero=zeros)}
    values, _ = cell_page.context(collected, collected.cells[0])
    assert values["zero_maps"] == [text]


@pytest.mark.parametrize(
    ("name", "own", "said"),
    [
        ("gradcam", {"below_zero": 0.0}, "No feature map of the layer"),
        ("gradcam", {"below_zero": 1.0, "gradient_kept": 1.0}, "of the gradient."),
        ("hirescam", {"below_zero": 1.0}, "where the evidence is."),
        ("saliency", {}, "attributes nothing to any pixel"),
    ],
)
def test_why_a_map_is_zero(name: str, own: dict[str, float], said: str) -> None:
    assert said in zero_maps.meaning(methods.describe(name), own)
