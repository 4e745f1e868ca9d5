"""Published numbers: units, rounding, and how they are written beside the measured ones."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block

Unit = Literal["share", "%", "k", "M", "min", "epochs", "count"]
# What one of the unit is, and the last digit that a source gives where it says nothing else.
UNITS: dict[str | None, tuple[float, float]] = {
    "share": (1.0, 0.001),
    "%": (0.01, 1.0),
    "k": (1e3, 10.0),
    "M": (1e6, 0.1),
    "min": (60.0, 1.0),
    "epochs": (1.0, 1.0),
    "count": (1.0, 1.0),
}


class Published(Block):
    """A published number, or a range, in the source's own unit.

    `step` is the last digit given (0.1 for 2.1 M); a value holds within half of it, and one that
    the source calls approximate (`about`) within the whole.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: Unit | None = None
    step: Annotated[float, Field(gt=0)] | None = None
    about: bool = False

    @property
    def given(self) -> bool:
        """Whether there is a number at all; a statement may be words only."""
        return self.unit is not None

    def bounds(self) -> tuple[float, float]:
        """The published range in base units (shares, weights, operations, seconds)."""
        factor, step = UNITS[self.unit][0], self._step()
        exact = 0.0 if self.value is None else step / 2
        margin = step if self.about else exact
        ends = self._numbers()
        return (ends[0] - margin) * factor, (ends[-1] + margin) * factor

    def text(self) -> str:
        """The figure as the source gives it: `about 2.5 M`, `75 to 80 %`, `0.760`."""
        decimals = max(0, -math.floor(math.log10(self._step())))
        words = " to ".join(f"{number:.{decimals}f}" for number in self._numbers())
        return f"{'about ' if self.about else ''}{words}{self._suffix()}"

    def shown(self, measured: float) -> str:
        """A measured number, in base units, as text in this unit and in more digits."""
        number = measured / UNITS[self.unit][0]
        if self.unit in ("epochs", "count"):
            return f"{number:.0f}{self._suffix()}"
        if self.unit in ("share", "%"):
            return f"{number:.{4 if self.unit == 'share' else 2}f}{self._suffix()}"
        return f"{number:.4g}{self._suffix()}"

    def _numbers(self) -> list[float]:
        return [number for number in (self.value, self.low, self.high) if number is not None]

    def _step(self) -> float:
        return self.step or UNITS[self.unit][1]

    def _suffix(self) -> str:
        return "" if self.unit in ("share", "count") else f" {self.unit}"

    @model_validator(mode="after")
    def _one_number_or_a_range(self) -> "Published":
        low, high = self.low, self.high
        if (low is None) != (high is None) or (self.value is not None and low is not None):
            raise ValueError("give either `value`, or `low` and `high`")
        if bool(self._numbers()) != self.given:
            raise ValueError("a number needs a `unit`, and a unit a number")
        if low is not None and high is not None and low >= high:
            raise ValueError("`low` should be less than `high`")
        return self
