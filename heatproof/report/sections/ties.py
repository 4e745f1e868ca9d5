"""Whether networks are tied in accuracy: by a paired test, or else by their intervals."""

from dataclasses import dataclass

from heatproof.report.cell_results import CellResults
from heatproof.statistics import numbers
from heatproof.statistics.paired import SIGNIFICANT, mcnemar


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same test images.

    tied: whether nothing tells their accuracies apart, as of few images is soon the case. p: of the
    paired test on `images`, None where only their intervals could be compared.
    """

    tied: bool
    p: float | None
    images: int = 0

    @property
    def reason(self) -> str:
        """Why, in words."""
        if self.p is None:
            return "their intervals overlap" if self.tied else "their intervals do not overlap"
        images = numbers.plural(self.images, "test image")
        return f"paired test on the same {images}, p {_p(self.p)}"


def compare(one: CellResults, other: CellResults) -> Comparison:
    """Compare two evaluated networks of one dataset."""
    first, second = one.right, other.right
    if first is not None and second is not None and first.shape == second.shape:
        p = mcnemar(first, second)
        return Comparison(p >= SIGNIFICANT, p, len(first))
    return Comparison(overlaps(one, other), None)


def overlaps(one: CellResults, other: CellResults) -> bool:
    """Whether the intervals of two accuracies overlap; not where one is unknown."""
    low, high = sorted((one.evaluate, other.evaluate), key=lambda e: e["accuracy"])
    bottom, top = high.get("accuracy_low"), low.get("accuracy_high")
    return numbers.known(bottom) and numbers.known(top) and top >= bottom


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {numbers.decimal(value, 3 if value < 0.01 else 2)}"
