"""A published weight-randomisation table, and the same scores of this study's networks."""

from collections.abc import Iterator
from typing import Any

from heatproof.report.cell_results import CellResults
from heatproof.report.study import Study
from heatproof.report.text import methods
from heatproof.statistics import numbers

SOURCE = "Hedström et al. 2024, Sanity Checks Revisited, arXiv:2401.06465"

# MPRT (model parameter randomisation test) from the top down, Spearman's correlation of absolute
# maps, 1,000 test images; dataset -> method -> score. Lower is better.
PUBLISHED = {
    "mnist": {
        "gradient": 0.044,
        "saliency": 0.078,
        "gradcam": 0.037,
        "smoothgrad": 0.104,
        "integrated_gradients_black": 0.751,
        "random": 0.006,
    },
    "fashion_mnist": {
        "gradient": 0.020,
        "saliency": 0.058,
        "gradcam": -0.033,
        "smoothgrad": 0.079,
        "integrated_gradients_black": 0.463,
        "random": 0.006,
    },
}
LABELS = {"gradient": "Gradient", "random": "Control: noise"}
CLOSE = 0.05  # other random weights change the scores by about as much


def comparisons(study: Study) -> list[tuple[CellResults, list[dict[str, Any]]]]:
    """The cells that were measured in the published setting, on its datasets."""
    return [
        (c, list(_rows(PUBLISHED[c.cell.dataset], c.published["methods"])))
        for c in study.cells
        if c.published and c.cell.dataset in PUBLISHED
    ]


def _rows(
    published: dict[str, float], measured: dict[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Each published score beside ours; `draws`: the means of the random draws."""
    for name, score in published.items():
        metrics = measured.get(name, {})
        ours = {key: metrics.get(key) for key in ("mean", "low", "high", "last")}
        draws = [value for value in metrics.get("per_draw", ()) if numbers.known(value)]
        span = [ours["low"], ours["high"], *draws]
        yield ours | {
            "label": LABELS.get(name) or methods.describe(name).label,
            "published": score,
            "draws": draws,
            "verdict": _verdict(score, ours["mean"], span),
        }


def _verdict(published: float, mean: float | None, span: list[float | None]) -> str:
    """Compare our score with the published one, in words."""
    if not numbers.known(mean):
        return "not measured"
    known = [value for value in (*span, mean) if numbers.known(value)]
    if min(known) <= published <= max(known):
        return "within our range"
    if abs(mean - published) < CLOSE:
        return "close"
    return "ours higher" if mean > published else "ours lower"
