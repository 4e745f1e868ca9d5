"""Rows of arrays, computed in parts by as many threads as there are cores.

NumPy and SciPy let other threads run while they sort, rank or filter: of maps of large images that
takes as long as the network's passes, and one core would do it.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

# Of an array: below, handing parts to threads would take as long as what they do.
MIN_BYTES = 2**19


def by_rows(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """Return `function(*arrays)`, computed in parts of the rows at once.

    Args:
        function: arrays of n rows -> an array of n rows, each made of the same row of the arrays
            and of no other.
        arrays: all of as many rows.
    """
    parts = min(os.cpu_count() or 1, len(arrays[0]))
    if parts < 2 or arrays[0].nbytes < MIN_BYTES:
        return function(*arrays)
    columns = [np.array_split(array, parts) for array in arrays]
    with ThreadPoolExecutor(parts) as pool:
        return np.concatenate(list(pool.map(function, *columns)))
