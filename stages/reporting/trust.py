"""What the sanity measure says of each method, in numbers and in a plain sentence."""

from dataclasses import dataclass
from typing import Any

from stages.reporting import methods, numbers
from stages.reporting.charts import Chart, Series, line_chart, position

LOW, HIGH = 0.2, 0.6  # of the rank correlation's magnitude; a reading aid, not a test


@dataclass(frozen=True)
class Sanity:
    """One method's rank correlation between its maps and those of a randomised network."""

    method: str
    mean: float | None
    low: float | None
    high: float | None
    images: int
    constant: int
    at: float | None  # places on an axis from -1 to 1, in percent
    low_at: float | None
    high_at: float | None
    verdict: str
    sentence: str


def reading_aid() -> str:
    """How the verdicts' words follow from the numbers, for the foot of the table."""
    return (
        f"The words are a reading aid, by the size of the mean: below {LOW} “depends on training”, "
        f"below {HIGH} “depends in part”, from there on “hardly depends”."
    )


def sanity(assess: dict[str, Any] | None) -> tuple[Sanity, ...]:
    """Read the sanity part of a cell's assess metrics; empty where there is none."""
    content = assess["sanity"] if assess else {}
    return tuple(_one(name, content[name]) for name in methods.ordered(list(content)))


def control(assess: dict[str, Any] | None) -> Sanity | None:
    """The same figure of maps of noise, which depend on nothing at all."""
    content = (assess or {}).get("controls", {}).get("random_map")
    return _one("Control: noise", content) if content else None


def cascade(assess: dict[str, Any] | None) -> Chart | None:
    """How the maps change as layers are randomised one after the other, from the logits down."""
    steps = (assess or {}).get("cascade", [])
    if len(steps) < 2:
        return None
    names = methods.ordered([name for name in steps[0] if name != "layers"])
    layers = [0, *(step["layers"] for step in steps)]
    return line_chart(
        "Rank correlation with the trained network’s maps",
        [
            # With no layer randomised, a map is compared with itself.
            Series(methods.describe(n).label, i, layers, [1.0, *(step.get(n) for step in steps)])
            for i, n in enumerate(names)
        ],
        x_title="layers randomised, from the logits down",
        y_title="Rank correlation",
    )


def _one(name: str, content: dict[str, Any]) -> Sanity:
    label = methods.describe(name).label
    mean, low, high = (content.get(f"spearman_{key}") for key in ("mean", "low", "high"))
    images = int(content.get("images") or 0)
    verdict, sentence = _judged(label, mean)
    return Sanity(
        method=label,
        mean=mean,
        low=low,
        high=high,
        images=images,
        constant=int(content.get("constant_maps") or 0),
        at=_place(mean),
        low_at=_place(low),
        high_at=_place(high),
        verdict=verdict,
        sentence=sentence,
    )


def _place(value: float | None) -> float | None:
    return position(value, -1, 1) if numbers.known(value) else None


def _judged(label: str, mean: float | None) -> tuple[str, str]:
    if not numbers.known(mean):
        return "Not measured", f"{label} could not be compared here."
    if abs(mean) < LOW:
        return "Depends on training", (
            f"With randomised weights, {label} draws a different map: "
            "what it shows here comes from what the network has learned."
        )
    if abs(mean) < HIGH:
        return "Depends in part", (
            f"With randomised weights, {label} draws a partly similar map: some of what it "
            "shows comes from the image or the architecture, not from learning."
        )
    return "Hardly depends", (
        f"With randomised weights, {label} draws much the same map: do not read from it what "
        "the network has learned."
    )
