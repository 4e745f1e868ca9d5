"""What a search's trainings come to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["complete", "pruned", "bad"]
# Asked after each epoch, by its number from 1 and its validation accuracy: whether to go on.
GoesOn = Callable[[int, float], bool]


@dataclass(frozen=True)
class Result:
    """What came of a training with some values.

    accuracy: of the validation part at the epoch that was chosen, in [0, 1]; None of a trial that
    has none. curve: of the validation part after each epoch. seconds: that it took. reason: why
    there is no accuracy, in words; "" of one that was ended early because others were better.
    """

    accuracy: float | None
    curve: Sequence[float] = ()
    seconds: float = 0.0
    reason: str = ""

    @property
    def state(self) -> State:
        """How it ended."""
        if self.accuracy is not None:
            return "complete"
        return "bad" if self.reason else "pruned"

    def record(self) -> dict[str, Any]:
        """Return it as JSON has it; `Result(**record)` is it again."""
        return vars(self) | {"curve": list(self.curve)}


@dataclass(frozen=True)
class Trial:
    """A finished trial: its number from 1, the values that it had, and what came of it.

    same_as: the number of an earlier trial with the same values, whose result this is; else None.
    """

    number: int
    values: dict[str, Any]
    result: Result
    same_as: int | None = None
