"""How accurate a cell's networks are on training images that they were not trained on."""

from itertools import groupby
from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.config.runs import Run
from heatproof.statistics.cross_validation import accuracy_interval
from heatproof.storage import artifacts, paths


def over_folds(study: Params, cell: str) -> dict[str, Any] | None:
    """Return the accuracy of a cell by (repeated) cross-validation of its training part.

    Only repetitions count of which every fold is evaluated.

    Returns:
        accuracy, accuracy_low, accuracy_high: see `statistics.cross_validation`. folds, repeats.
        images: in all folds of a repetition. trained_on: images, on average, validation included.
        train_seconds: of all trainings, as far as they are known. None without a whole repetition.

    Raises:
        UserError: a file of metrics is damaged.
    """
    runs = sorted(study.fold_runs(cell), key=lambda run: run.seed)
    repeats = [list(each) for _, each in groupby(runs, key=lambda run: run.seed)]
    whole = [each for each in repeats if len(each) == each[0].folds and all(map(_evaluated, each))]
    if not whole:
        return None
    runs = [run for each in whole for run in each]
    tested = [
        artifacts.read_metrics("evaluate", run.name, ("accuracy", "test_images")) for run in runs
    ]
    trained = [
        artifacts.read_metrics("train", run.name, ("train_images", "validation_images"))
        for run in runs
    ]
    sizes = np.array([each["test_images"] for each in tested])
    used = np.array([each["train_images"] + each["validation_images"] for each in trained])
    images = int(sizes.sum()) // len(whole)
    accuracy, low, high = accuracy_interval(
        np.array([each["accuracy"] for each in tested]), images, float((sizes / used).mean())
    )
    return {
        "accuracy": accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "folds": runs[0].folds,
        "repeats": len(whole),
        "images": images,
        "trained_on": float(used.mean()),
        "train_seconds": sum(
            artifacts.read_timing("train", run.name).get("train_seconds", 0.0) for run in runs
        ),
    }


def _evaluated(run: Run) -> bool:
    return all(paths.metrics(stage, run.name).exists() for stage in ("train", "evaluate"))
