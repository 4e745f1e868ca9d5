"""A finding in words, and how findings name networks."""

from dataclasses import dataclass

from heatproof.report.cell_results import CellResults
from heatproof.statistics import numbers

LETTERS = 60  # of a name in a sentence: whole, unless it would fill the screen


@dataclass(frozen=True)
class KeyFinding:
    """A title, the sentences, a caveat, and a link to the details.

    `link` is its text, `address` its target: on the page of `cell`, if there is one.
    """

    title: str
    text: str
    caveat: str
    link: str
    address: str
    cell: str | None = None


def network(result: CellResults) -> str:
    """Name a network within a sentence."""
    return f"{model(result)} on {dataset(result)}"


def model(result: CellResults) -> str:
    """Name a network where its dataset is clear."""
    return numbers.short(result.cell.model, LETTERS)


def dataset(result: CellResults) -> str:
    """Name a network's dataset within a sentence."""
    return numbers.short(result.cell.dataset, LETTERS)
