"""Which explanations to believe over all networks, in words."""

from dataclasses import replace

from heatproof.report import study
from heatproof.report.sections import verdict_findings
from heatproof.trust.verdict import AVOID, CARE, USE, CellVerdict, MethodVerdict
from heatproof.trust.verdict_outcomes import LEARNED, Outcome


def text(small_study, *levels: dict[str, str], failed: str = LEARNED) -> str:
    cells = []
    for cell, by_method in zip(study.collect(small_study).cells, levels, strict=False):
        made = {
            name: MethodVerdict(
                level, "So.", (Outcome(failed, "failed", "so"),) if level == AVOID else ()
            )
            for name, level in by_method.items()
        }
        judged = replace(cell)
        judged.__dict__["verdict"] = CellVerdict(made, (), float("nan"))
        cells.append(judged)
    found = verdict_findings.of_study(cells)
    assert found is not None
    return found.text


def test_what_is_of_use_everywhere_and_what_nowhere(small_study) -> None:
    one = {"lime": USE, "rise": USE, "saliency": AVOID, "gradcam": AVOID}
    said = text(small_study, one, one | {"rise": CARE, "gradcam": CARE})
    assert said.startswith("LIME is of use on both networks. Not to be used: ")
    assert said.endswith(
        "Not to be used: Saliency (almost the same map whatever the network has learned)."
    )


def test_more_than_three_are_counted(small_study) -> None:
    names = ("lime", "rise", "saliency", "gradcam", "deep_shap")
    said = text(small_study, dict.fromkeys(names, USE))
    assert said.startswith("LIME, RISE, Saliency and 2 more are of use on simple_cnn on digits")
    assert "Not to be used" not in said


def test_where_none_is_of_use_everywhere(small_study) -> None:
    said = text(small_study, {"lime": USE, "rise": CARE}, {"lime": CARE, "rise": CARE})
    assert said == "No method is of use on both networks; LIME is, on 1."
    assert text(small_study, {"lime": CARE}, {"lime": CARE}) == (
        "No method is to be used without care on any network."
    )


def test_nothing_judged_is_nothing_said(small_study) -> None:
    assert verdict_findings.of_study([]) is None
