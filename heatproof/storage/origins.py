"""Which file each image of a dataset was, its size there, and remarks: data/origins/<dataset>.npz.

They are apart from the dataset, on which trainings depend: a file that is renamed changes no image,
nor does a remark on one that is left out.
"""

import numpy as np

from heatproof.storage import fields, paths
from heatproof.storage.records import Origins

UNKNOWN = Origins(np.zeros(0, dtype=np.str_), np.zeros((0, 2), dtype=np.int64))


def write(dataset: str, content: Origins) -> None:
    """Write data/origins/<dataset>.npz."""
    fields.write(paths.origins(dataset), content, f"fetch@{dataset}")


def read(dataset: str) -> Origins:
    """Read data/origins/<dataset>.npz. Raises UserError if it is missing or damaged."""
    return fields.read(Origins, paths.origins(dataset), f"fetch@{dataset}")
