"""Arrays of a cell's network on another dataset, or on corrupted copies of its own test images.

What they are is described by `domains.evaluate_on` and `domains.corrupted`.
"""

import numpy as np

from heatproof.config.runs import on_domain
from heatproof.storage import paths
from heatproof.storage.formats import read_arrays, write_arrays


def read(cell: str, other: str | None = None) -> dict[str, np.ndarray]:
    """Read the arrays on another dataset, or on corrupted copies where none is named.

    Raises:
        UserError: the file is missing or damaged.
    """
    return read_arrays(paths.domain(cell, other), _made_by(cell, other))


def write(cell: str, arrays: dict[str, np.ndarray], other: str | None = None) -> None:
    """Write what `read` reads."""
    write_arrays(paths.domain(cell, other), arrays, _made_by(cell, other))


def _made_by(cell: str, other: str | None) -> str:
    return (
        f"evaluate_corrupted@{cell}" if other is None else f"evaluate_on@{on_domain(cell, other)}"
    )
