"""The frame that all charts share: axes with ticks, and where a point lies in the drawing.

Coordinates are rounded, so that the files are byte-stable.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """An axis' title, the values at its start and end (upwards, or to the right), its ticks."""

    title: str
    start: float
    end: float
    ticks: Sequence[tuple[float, str]]
    log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at its start, 1 at its end."""
        start, end, at = (math.log10(v) if self.log else v for v in (self.start, self.end, value))
        return 0.5 if start == end else (at - start) / (end - start)


@dataclass(frozen=True)
class Frame:
    """A chart in its own units; the plot area is (left, top) to (right, bottom).

    `summary` is a sentence.
    """

    left: ClassVar[float] = 46.0
    top: ClassVar[float] = 24.0
    title: str
    summary: str
    x: Axis
    y: Axis
    width: float
    height: float
    right: float

    @property
    def bottom(self) -> float:
        """The lower edge of the plot, above the ticks' labels and the x axis' title."""
        return self.height - 38

    def place(self, x: float, y: float) -> Point:
        """Where a point of these values is drawn."""
        across = self.left + self.x.share(x) * (self.right - self.left)
        return round(across, 2), round(self.bottom - self.y.share(y) * (self.bottom - self.top), 2)

    @property
    def x_ticks(self) -> list[tuple[float, str]]:
        """The place and the label of each tick."""
        return [(self.place(x, self.y.start)[0], label) for x, label in self.x.ticks]

    @property
    def y_ticks(self) -> list[tuple[float, str]]:
        """The place and the label of each tick."""
        return [(self.place(self.x.start, y)[1], label) for y, label in self.y.ticks]


def position(value: float, low: float, high: float) -> float:
    """Where a value lies between low and high, in percent, clipped to 0 to 100."""
    share = 0.5 if high == low else (value - low) / (high - low)
    return round(100 * min(1.0, max(0.0, share)), 2)


def path(points: Sequence[Point]) -> str:
    """Points as a line in SVG, to a tenth of a unit."""
    return "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in points)
