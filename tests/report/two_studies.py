"""Two studies to compare: of the same cells, with what one of them did otherwise."""

import shutil
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np

from heatproof.report.sections import sides
from heatproof.report.sections.sides import Side
from heatproof.storage import artifacts, paths
from tests import overlay

CELL = "simple_cnn-digits"


def changed(study: Path, to: Path, right: float = 0.5) -> Path:
    """Copy a study; of one cell about a share of the answers becomes wrong, and maps change."""
    shutil.copytree(study, to)
    with chdir(to):
        content = overlay.read(Path("params.yaml"))
        content["models"]["simple_cnn"]["network"]["kernel_size"] = 5
        overlay.write(Path("params.yaml"), content)
        found = artifacts.read_predictions(CELL)
        logits = found.logits.copy()
        spoilt = np.random.default_rng(0).random(len(logits)) > right
        logits[spoilt] = np.roll(logits[spoilt], 1, axis=1)
        artifacts.write_predictions(CELL, replace(found, logits=logits))
        metrics = artifacts.read_metrics("evaluate", CELL)
        metrics["accuracy"] = float((logits.argmax(axis=1) == found.labels).mean())
        artifacts.write_metrics("evaluate", CELL, metrics)
        maps = artifacts.read_explanations(CELL, "gradients")
        turned = {name: -each for name, each in maps.maps.items()}
        artifacts.write_explanations(CELL, "gradients", replace(maps, maps=turned))
        assess = artifacts.read_metrics("assess", CELL)
        learned = {"mean": 0.99, "low": 0.98, "high": 1.0, "images": 10}  # of random weights
        assess["measures"]["randomised_spearman"]["saliency"] = learned
        artifacts.write_metrics("assess", CELL, assess)
    return to


def read(folder: Path, name: str = "") -> Side:
    """Read a side as `compare` does."""
    return sides.read(folder, name or folder.name, "folder", "Run it with `heatproof repro`.")


def remove(folder: Path, *what: Path) -> None:
    """Remove results of the cell."""
    for path in what or (paths.predictions(CELL),):
        (folder / path).unlink()
