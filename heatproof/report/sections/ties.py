"""Whether networks are tied in accuracy: by a paired test, or else by their intervals."""

from dataclasses import dataclass

from heatproof.report.cell_results import CellResults
from heatproof.statistics import numbers
from heatproof.statistics.paired import mcnemar

LEVEL = 0.05  # of p; from it on, two networks are tied


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same test images.

    tied: whether nothing tells their accuracies apart. p: of the paired test, None where only
    their intervals could be compared.
    """

    tied: bool
    p: float | None

    @property
    def reason(self) -> str:
        """Why, in words."""
        if self.p is None:
            return "their intervals overlap" if self.tied else "their intervals do not overlap"
        return f"paired test on the same test images, p {_p(self.p)}"


def compare(one: CellResults, other: CellResults) -> Comparison:
    """Compare two evaluated networks of one dataset."""
    first, second = one.right, other.right
    if first is not None and second is not None and first.shape == second.shape:
        p = mcnemar(first, second)
        return Comparison(p >= LEVEL, p)
    return Comparison(overlaps(one, other), None)


def overlaps(one: CellResults, other: CellResults) -> bool:
    """Whether the intervals of two accuracies overlap; not where one is unknown."""
    low, high = sorted((one.evaluate, other.evaluate), key=lambda e: e["accuracy"])
    bottom, top = high.get("accuracy_low"), low.get("accuracy_high")
    return numbers.known(bottom) and numbers.known(top) and top >= bottom


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {numbers.decimal(value, 3 if value < 0.01 else 2)}"
