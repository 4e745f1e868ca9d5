"""`tune` of params.yaml: which parameters of a cell are searched for, and among which values."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from heatproof.config.schema import Block

_KEY = re.compile(r"(network|training|schedules)(\.[a-z]\w*)+", re.ASCII)
# Another value of these changes what is measured, or by what, so that trials could not be compared.
_FIXED = {
    "network.architecture": "another architecture is another model: give it a cell of its own",
    "training.balance": "it decides by which accuracy an epoch is chosen",
    "training.validation_fraction": "it decides which images trials are measured on",
    "training.min_validation_images": "it decides whether an epoch is chosen at all",
    "schedules.training": "name the one that is meant, such as training.label_smoothing",
}
_MANY = 1000
Number = Annotated[float, Field(allow_inf_nan=False)]


def _checked_key(key: str) -> str:
    if reason := _FIXED.get(key):
        raise ValueError(f"it is not tuned: {reason}; remove this line")
    if not _KEY.fullmatch(key):
        raise ValueError(
            "expected network.<option>, training.<option> or schedules.<option> of the cell's "
            "model, such as schedules.learning_rate"
        )
    return key


class Range(Block):
    """All numbers from `low` to `high`."""

    low: int | Number
    """The smallest value."""
    high: int | Number
    """The largest value."""
    log: bool = False
    """Whether each factor counts alike rather than each difference, as for a learning rate."""
    step: int | Number | None = None
    """The distance between neighbouring values; none: any number, or any whole one where the
    parameter is one."""

    @model_validator(mode="after")
    def _spans(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low = {self.low} and high = {self.high}: low should be the smaller")
        if self.log and self.low <= 0:
            raise ValueError(f"low = {self.low}: a range with `log: true` begins above 0")
        if self.step is None:
            return self
        if self.log:
            raise ValueError("log and step exclude each other; remove one of them")
        steps = (self.high - self.low) / self.step if self.step > 0 else 0
        if steps < 1 or abs(steps - round(steps)) > 1e-9 * steps:
            raise ValueError(
                f"step = {self.step}: expected a number above 0 that goes into high - low = "
                f"{self.high - self.low:g} without a remainder"
            )
        return self


class Choices(Block):
    """Any of some values."""

    choices: Annotated[list[JsonValue], Field(min_length=2, max_length=_MANY)]
    """The values, each as params.yaml would have it."""

    @model_validator(mode="after")
    def _differ(self) -> Self:
        known: list[tuple[type, JsonValue]] = []
        for value in self.choices:
            if (type(value), value) in known:
                raise ValueError(f"{value!r} is there twice; remove one of them")
            known.append((type(value), value))
        return self


Key = Annotated[str, AfterValidator(_checked_key)]
Search = Annotated[dict[Key, Range | Choices], Field(min_length=1)]
