"""How accurate a cell's networks are that were trained on few images of each class, and on all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.config.runs import Run
from heatproof.statistics.spread import mean_interval
from heatproof.storage import artifacts, paths


def by_images_per_class(study: Params, cell: str, folder: Path = Path()) -> dict[str, Any] | None:
    """Return the accuracy on the test images by how many of each class were trained on.

    Those trained on all images are the cell's own run and its further seeds.

    Args:
        study: the parameters.
        cell: one of its cells.
        folder: of the study.

    Returns:
        kind: accuracy or, where the training balances classes, balanced_accuracy. baseline: what
        always predicting the same class would give. test_images. numbers: by images, a mapping
        each: per_class, of each class (of all images on average), all, whether these are all,
        seeds, accuracies, and their mean, low, high (see `mean_interval`). None where no run on
        few images is evaluated.

    Raises:
        UserError: a file of metrics is damaged.
    """
    few = [run for run in study.few_image_runs(cell) if _evaluated(run, folder)]
    if not few:
        return None
    kind = "accuracy" if few[0].training.balance == "none" else "balanced_accuracy"
    by_number: dict[int, list[Run]] = {}
    for run in few:
        by_number.setdefault(run.train_images_per_class or 0, []).append(run)
    numbers = [_number(kind, by_number[number], folder) for number in sorted(by_number)]
    if whole := [run for run in study.seed_runs(cell) if _evaluated(run, folder)]:
        numbers.append(_number(kind, whole, folder))
    keys = ("test_images", "majority_accuracy", "class_names")
    tested = artifacts.read_metrics("evaluate", few[0].name, keys, folder)
    even = 1 / len(tested["class_names"])
    return {
        "kind": kind,
        "baseline": tested["majority_accuracy"] if kind == "accuracy" else even,
        "test_images": tested["test_images"],
        "numbers": numbers,
    }


def _number(kind: str, runs: Sequence[Run], folder: Path) -> dict[str, Any]:
    runs = sorted(runs, key=lambda run: run.seed)
    keys = (kind, "class_names")
    tested = [artifacts.read_metrics("evaluate", run.name, keys, folder) for run in runs]
    trained = [
        artifacts.read_metrics("train", run.name, ("train_images",), folder)["train_images"]
        for run in runs
    ]
    accuracies = [each[kind] for each in tested]
    mean, low, high = mean_interval(accuracies)
    return {
        "per_class": float(np.mean(trained)) / len(tested[0]["class_names"]),
        "all": runs[0].train_images_per_class is None,
        "seeds": [run.seed for run in runs],
        "accuracies": accuracies,
        "mean": mean,
        "low": low,
        "high": high,
    }


def _evaluated(run: Run, folder: Path) -> bool:
    return all(
        (folder / paths.metrics(stage, run.name)).exists() for stage in ("train", "evaluate")
    )
