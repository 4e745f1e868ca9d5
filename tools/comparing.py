"""Whether the numbers of two runs tell the same: file by file, and beside those of other seeds."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heatproof.config import params
from heatproof.evaluation.seeds import over_seeds
from heatproof.run.nested import leaves
from heatproof.storage import artifacts, paths
from heatproof.storage.seal import CHECKSUM

# Standard deviations between seeds that an accuracy may lie from their mean, as of one more seed.
DEVIATIONS = 3.0


def apart(first: Path, second: Path, tolerance: float) -> str:
    """Say where two files of numbers differ by more than the tolerance; empty where nowhere.

    Args:
        first: a .json, .csv, .npz or .weights.h5 file.
        second: one of the same kind.
        tolerance: |a - b| <= tolerance * max(1, |a|) is the same; for arrays, of the root mean
            square of the difference against the greater of 1 and that of the first.
    """
    one, two = (dict(_numbers(path)) for path in (first, second))
    for name in one.keys() | two.keys():
        if name not in one or name not in two:
            return f"{name} is in one of them only"
        a, b = np.asarray(one[name]), np.asarray(two[name])
        if a.shape != b.shape:
            return f"{name}: {a.shape} and {b.shape}"
        if a.dtype.kind not in "fiub":
            if not np.array_equal(a, b):
                return f"{name}: {_short(a)} and {_short(b)}"
            continue
        a, b = a.astype(np.float64), b.astype(np.float64)
        if (np.isnan(a) != np.isnan(b)).any():
            return f"{name}: unknown in one of them only"
        known = ~np.isnan(a)
        distance = _size(a[known] - b[known])
        if distance > tolerance * max(1.0, _size(a[known])):
            return f"{name}: {distance:.3g} apart"
    return ""


def _size(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean())) if values.size else 0.0


def _short(values: np.ndarray) -> str:
    return str(values if values.ndim == 0 else f"{values.size} values")


def _numbers(path: Path) -> Iterator[tuple[str, Any]]:
    if path.suffix == ".json":
        for name, value in leaves(json.loads(path.read_text(encoding="utf-8")), lists=True):
            if name != CHECKSUM:
                yield name, np.nan if value is None else value
    elif path.suffix == ".csv":
        for name, column in pd.read_csv(path).items():
            yield str(name), column.to_numpy()
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as archive:
            yield from ((name, archive[name]) for name in archive.files)
    else:
        import h5py

        with h5py.File(path) as file:
            names: list[str] = []
            file.visit(names.append)
            for name in names:
                if isinstance(item := file[name], h5py.Dataset):
                    yield name, item[()]


def beside_seeds(cell: str, second: Path) -> tuple[bool, str] | None:
    """Compare a second run's accuracy with those of the cell's runs here, from several seeds.

    Returns:
        whether it may be one of them, and the numbers in words; None where no more were trained.
    """
    seeds = over_seeds(params.load(), cell)
    if seeds is None or not (second / paths.metrics("evaluate", cell)).exists():
        return None
    accuracy = artifacts.read_metrics("evaluate", cell, ("accuracy",), second)["accuracy"]
    mean, deviation = seeds["accuracy"]["mean"], seeds["accuracy"]["std"]
    # The mean is of a few, and is off by its own error beside the next seed's.
    allowed = DEVIATIONS * deviation * math.sqrt(1 + 1 / len(seeds["seeds"]))
    return abs(accuracy - mean) <= allowed, (
        f"accuracy {accuracy:.4f}, from {len(seeds['seeds'])} seeds {mean:.4f} ± {allowed:.4f}"
    )
