"""What experiments trained and explained, read from DVC's cache without checking anything out."""

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from heatproof.report.sections.outcomes import Pictures
from heatproof.report.text import methods
from heatproof.run.errors import UserError
from heatproof.storage import paths
from heatproof.storage.formats import read_record

NOT_THERE = (
    "its weights are not in DVC’s cache; `dvc pull` brings what a remote has, and "
    "`dvc exp apply` with `dvc repro` makes them again"
)
COLOURS = (1, 3)  # channels of an image


def pictures(cell: str, outputs: dict[str, str], cache: Path) -> Pictures:
    """Read a cell's first filters and one method's maps, as far as the cache has them.

    Args:
        cell: whose.
        outputs: path -> MD5, as one commit's dvc.lock has them.
        cache: DVC's.
    """
    found: dict[str, Any] = {}
    if weights := outputs.get(paths.weights(cell).as_posix()):
        found["filters"], found["missing"] = _filters(cached(cache, weights))
    if maps := outputs.get(paths.explanations(cell, "gradients").as_posix()):
        found |= _maps(cached(cache, maps))
    return Pictures(**found)


def details(cell: str, outputs: dict[str, str], cache: Path) -> dict[str, float]:
    """Read which figures of a cell no headline has, as far as the cache has them."""
    figures = {}
    for path, stage, name in (
        (paths.metrics("evaluate", cell).as_posix(), "evaluate", "test_images"),
        (paths.timing("train", cell).as_posix(), "train", "train_seconds"),
    ):
        with suppress(KeyError, UserError):  # not recorded, or not in the cache
            figures[name] = read_record(cached(cache, outputs[path]), f"{stage}@{cell}")[name]
    return {name: value for name, value in figures.items() if isinstance(value, int | float)}


def cached(cache: Path, md5: str) -> Path:
    """Where the cache keeps a file."""
    return cache / "files" / "md5" / md5[:2] / md5[2:]


def _filters(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """Kernels of each convolution that sees the image itself, and what is missing, in words."""
    if not path.is_file():
        return {}, NOT_THERE
    try:
        with h5py.File(path) as file:
            banks = {
                name: layer["vars/0"][()]
                for name, layer in file["layers"].items()
                if "vars/0" in layer and layer["vars/0"].ndim == 4
            }
    except (OSError, KeyError) as error:
        return {}, f"its weights cannot be read ({error})"
    # Keras names layers by their kind, and the first convolution has no number behind.
    first = banks.get("conv2d")
    if first is None or first.shape[2] not in COLOURS:
        return {}, "its first layer is no convolution of the image"
    kernels = {n: k for n, k in banks.items() if k.shape[2] == first.shape[2] and k.shape[3] > 1}
    return {n: np.moveaxis(k, -1, 0).astype(np.float32) for n, k in sorted(kernels.items())}, ""


def _maps(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = [n[4:] for n in archive.files if n.startswith("map/")]
            if not names:
                return {}
            method = methods.first_overlay(names)
            # Each image once, for the class that the network named.
            kept = np.flatnonzero(archive["target"] == archive["predicted"])
            return {
                "images": archive["images"][kept],
                "index": archive["image_index"][kept],
                "maps": archive[f"map/{method}"][kept],
                "method": method,
            }
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
