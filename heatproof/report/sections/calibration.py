"""The reliability diagram: accuracy against confidence, bin by bin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from heatproof.report.charts.charts import Tick
from heatproof.statistics import numbers

SIZE = 330.0
LEFT, TOP, RIGHT, BOTTOM = 46.0, 16.0, 316.0, 286.0
STRIP_TOP, STRIP_BOTTOM = 296.0, 336.0
HEIGHT = 372.0


@dataclass(frozen=True)
class Bin:
    """One bin: a bar of the strip below, and a dot with a line to the diagonal."""

    x: float
    y: float
    ideal_y: float
    bar_x: float
    bar_y: float
    bar_width: float
    bar_height: float
    few: bool
    label: str


@dataclass(frozen=True)
class Reliability:
    width: float
    height: float
    left: float
    top: float
    right: float
    bottom: float
    strip_bottom: float
    ticks_x: tuple[Tick, ...]
    ticks_y: tuple[Tick, ...]
    bins: tuple[Bin, ...]
    description: str


FEW = 30  # a bin of fewer images is drawn hollow: its accuracy is too uncertain


def reliability(bins: Sequence[dict[str, Any]]) -> Reliability | None:
    """Lay out the diagram from the bins that evaluate writes; None where all are empty."""
    filled = [b for b in bins if b["count"]]
    if not filled:
        return None
    most = max(b["count"] for b in filled)
    shares = [0.0, 0.25, 0.5, 0.75, 1.0]
    return Reliability(
        width=SIZE,
        height=HEIGHT,
        left=LEFT,
        top=TOP,
        right=RIGHT,
        bottom=BOTTOM,
        strip_bottom=STRIP_BOTTOM,
        ticks_x=tuple(Tick(_x(s), f"{100 * s:.0f} %") for s in shares),
        ticks_y=tuple(Tick(_y(s), f"{100 * s:.0f} %") for s in shares),
        bins=tuple(_bin(b, most) for b in filled),
        description="; ".join(_describe(b) for b in filled),
    )


def _x(share: float) -> float:
    return round(LEFT + share * (RIGHT - LEFT), 2)


def _y(share: float) -> float:
    return round(BOTTOM - share * (BOTTOM - TOP), 2)


def _bin(content: dict[str, Any], most: int) -> Bin:
    height = max(1.0, (STRIP_BOTTOM - STRIP_TOP) * content["count"] / most)
    left, right = _x(content["low"]), _x(content["high"])
    return Bin(
        x=_x(content["confidence"]),
        y=_y(content["accuracy"]),
        ideal_y=_y(content["confidence"]),
        bar_x=round(left + 0.75, 2),
        bar_y=round(STRIP_BOTTOM - height, 2),
        bar_width=round(max(0.5, right - left - 1.5), 2),
        bar_height=round(height, 2),
        few=content["count"] < FEW,
        label=_describe(content),
    )


def _describe(content: dict[str, Any]) -> str:
    return (
        f"confidence {100 * content['low']:.0f} to {100 * content['high']:.0f} %: "
        f"{numbers.plural(content['count'], 'image')}, mean confidence "
        f"{numbers.percent(content['confidence'])}, accuracy {numbers.percent(content['accuracy'])}"
    )
