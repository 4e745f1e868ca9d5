"""What each method says of its own error, and which could not serve this network."""

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
    least: float | None
    greatest: float | None
    zero_maps: int


@dataclass(frozen=True)
class Unsupported:
    """A method that has no maps here, and why."""

    method: str
    reason: str


def own_errors(said: dict[str, dict[str, Any]]) -> tuple[OwnError, ...]:
    """List the numbers that the methods give of themselves, methods in the report's order.

    Args:
        said: method -> the explain stage's summary of it.
    """
    found = []
    for name in methods.ordered([n for n, content in said.items() if "unsupported" not in content]):
        for number, spread in said[name].items():
            if isinstance(spread, dict):
                label, meaning = methods.number(number)
                found.append(
                    OwnError(
                        methods.describe(name).label,
                        label,
                        meaning,
                        spread.get("median"),
                        spread.get("min"),
                        spread.get("max"),
                        int(said[name].get("zero_maps") or 0),
                    )
                )
    return tuple(found)


def unsupported(said: dict[str, dict[str, Any]]) -> tuple[Unsupported, ...]:
    """List the methods that cannot serve this network, with the reason each gave."""
    without = [name for name, content in said.items() if "unsupported" in content]
    return tuple(
        Unsupported(methods.describe(name).label, str(said[name]["unsupported"]))
        for name in methods.ordered(without)
    )
