"""Ways to derive a network from another, in params.yaml: how `architecture: derived` says it."""

from typing import TYPE_CHECKING, Any

from heatproof.config.registry import choice
from heatproof.config.schema import Block

WAYS = "heatproof.derived.ways"  # each of its modules is one
READS_NOTHING = "data/code/derive.txt"  # a file that is there in any case

if TYPE_CHECKING:

    class Way(Block):
        by: str

else:
    Way = choice(WAYS, "Options", "by")


def trained_as(way: Way) -> str | None:
    """Return the model whose network a way trains from the start, as a student's; None: none."""
    return getattr(way, "trained_as", None)


def reads(way: Way, cell: str) -> str:
    """Return the file or folder that a cell’s derivation reads beside the origin's weights."""
    of_cell: Any = getattr(way, "reads", None)
    return READS_NOTHING if of_cell is None else of_cell(cell)
