"""Each method's own error, and the methods that do not support this network."""

from dataclasses import dataclass
from typing import Any

from heatproof.report.text import methods


@dataclass(frozen=True)
class OwnError:
    """One number of one method over the explained rows; None where no row has it."""

    method: str
    number: str
    meaning: str
    median: float | None
    min: float | None
    max: float | None
    zero_maps: int


@dataclass(frozen=True)
class Unsupported:
    """A method that does not support this network, and why."""

    method: str
    reason: str


def own_errors(summaries: dict[str, dict[str, Any]]) -> tuple[OwnError, ...]:
    """List the methods' own errors, methods in the report's order.

    Args:
        summaries: method -> the explain stage's summary of it.
    """
    errors = []
    for name in methods.ordered(
        [n for n, content in summaries.items() if "unsupported" not in content]
    ):
        for number, spread in summaries[name].items():
            if isinstance(spread, dict):
                known = methods.number(number)
                errors.append(
                    OwnError(
                        methods.describe(name).label,
                        known.label,
                        known.meaning,
                        spread.get("median"),
                        spread.get("min"),
                        spread.get("max"),
                        int(summaries[name].get("zero_maps") or 0),
                    )
                )
    return tuple(errors)


def unsupported(summaries: dict[str, dict[str, Any]]) -> tuple[Unsupported, ...]:
    """List the methods that do not support this network, with their reasons."""
    names = [name for name, content in summaries.items() if "unsupported" in content]
    return tuple(
        Unsupported(methods.describe(name).label, str(summaries[name]["unsupported"]))
        for name in methods.ordered(names)
    )
