"""A published weight-randomisation table, and the same scores of this study's networks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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

REASONS = (
    "The networks differ: theirs is a LeNet, ours the network named above, with other layers, over "
    "which the score is averaged.",
    "The random weights differ: ours come from each layer’s own initialiser in Keras, theirs from "
    "PyTorch’s. The column of draws shows how far other weights of the same kind change the score.",
    "The score averages over the layers. After the first steps only the last layers are random, so "
    "a network with few layers, or whose features do most of the work, preserves its maps better; "
    "the column “all layers random” is for the network with all weights random.",
    "On images with one channel, the gradient’s magnitude and saliency are the same map, so our "
    "two rows are equal by construction; where theirs differ, the cause is the sign or the random "
    "draws, not the methods.",
    "Grad-CAM’s map is as coarse as the last feature map and enlarged: few independent values, and "
    "none below zero. Where it is zero almost everywhere, its order means little.",
    "Integrated Gradients from black multiplies by the image: a black pixel gets exactly zero "
    "whatever the weights are, so on these datasets much of the map’s order cannot change.",
)


@dataclass(frozen=True)
class Row:
    """One method on one dataset. `draws`: the lowest and highest mean among the random draws."""

    label: str
    published: float
    mean: float | None
    low: float | None
    high: float | None
    draws: tuple[float, float] | None
    last: float | None
    verdict: str


@dataclass(frozen=True)
class Comparison:
    """The published table beside one cell's scores."""

    cell: str
    dataset: str
    images: int
    layers: int
    draws: int
    rows: tuple[Row, ...]


def comparisons(study: Study) -> tuple[Comparison, ...]:
    """The cells that were measured in the published setting, on its datasets."""
    return tuple(
        Comparison(
            cell=c.name,
            dataset=c.cell.dataset,
            images=c.published["images"],
            layers=len(c.published["layers"]),
            draws=c.published["draws"],
            rows=tuple(_rows(PUBLISHED[c.cell.dataset], c.published["methods"])),
        )
        for c in study.cells
        if c.published and c.cell.dataset in PUBLISHED
    )


def _rows(published: dict[str, float], measured: dict[str, dict[str, Any]]) -> Iterator[Row]:
    for name, score in published.items():
        ours = measured.get(name, {})
        draws = [value for value in ours.get("per_draw", ()) if numbers.known(value)]
        mean, low, high = (ours.get(key) for key in ("mean", "low", "high"))
        yield Row(
            label=LABELS.get(name) or methods.describe(name).label,
            published=score,
            mean=mean,
            low=low,
            high=high,
            draws=(min(draws), max(draws)) if draws else None,
            last=ours.get("last"),
            verdict=_verdict(score, mean, low, high, draws),
        )


def _verdict(
    published: float, mean: float | None, low: float | None, high: float | None, draws: list[float]
) -> str:
    """Compare our score with the published one, in words."""
    if not numbers.known(mean):
        return "not measured"
    span = [value for value in (low, high, *draws, mean) if numbers.known(value)]
    if min(span) <= published <= max(span):
        return "within our range"
    if abs(mean - published) < CLOSE:
        return "close"
    return "ours higher" if mean > published else "ours lower"
