"""How accurate a cell's networks are on training images that they were not trained on."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.config.runs import Run
from heatproof.statistics.cross_validation import accuracy_interval
from heatproof.storage import artifacts, paths


def over_folds(study: Params, cell: str) -> dict[str, Any] | None:
    """Return the accuracy of a cell by (repeated) cross-validation of its training part.

    Only repetitions count of which every fold is evaluated. Where the training balances classes,
    the accuracy is the balanced one.

    Returns:
        kind: accuracy or balanced_accuracy. mean, low, high: see `statistics.cross_validation`.
        folds, repeats. images: in all folds of a repetition. trained_on: images, on average,
        validation included. train_seconds: of all trainings, as far as they are known. None without
        a whole repetition.

    Raises:
        UserError: a file of metrics is damaged.
    """
    runs = sorted(study.fold_runs(cell), key=lambda run: run.seed)
    repeats = [list(each) for _, each in groupby(runs, key=lambda run: run.seed)]
    whole = [each for each in repeats if len(each) == each[0].folds and all(map(_evaluated, each))]
    if not whole:
        return None
    runs = [run for each in whole for run in each]
    balanced = runs[0].training.balance != "none"
    kind, needed = ("balanced_accuracy", ("per_class",)) if balanced else ("accuracy", ())
    tested = [
        artifacts.read_metrics("evaluate", run.name, (kind, "test_images", *needed)) for run in runs
    ]
    trained = [
        artifacts.read_metrics("train", run.name, ("train_images", "validation_images"))
        for run in runs
    ]
    sizes = np.array([each["test_images"] for each in tested])
    used = np.array([each["train_images"] + each["validation_images"] for each in trained])
    images = int(sizes.sum()) // len(whole)
    mean, low, high = accuracy_interval(
        np.array([each[kind] for each in tested]),
        _counting_alike(tested, len(whole)) if balanced else images,
        float((sizes / used).mean()),
    )
    return {
        "kind": kind,
        "mean": mean,
        "low": low,
        "high": high,
        "folds": runs[0].folds,
        "repeats": len(whole),
        "images": images,
        "trained_on": float(used.mean()),
        "train_seconds": sum(
            artifacts.read_timing("train", run.name).get("train_seconds", 0.0) for run in runs
        ),
    }


def _counting_alike(tested: Sequence[dict[str, Any]], repeats: int) -> int:
    """Return of how many images, in classes of equal size, a balanced accuracy varies as much.

    That is K² / (1 / n_1 + … + 1 / n_K), since each class's recall varies with 1 / n.

    Args:
        tested: what evaluate says of each fold, of all repetitions.
        repeats: how many of these there are.
    """
    support: dict[str, float] = {}
    for each in tested:
        for name, counted in each["per_class"].items():
            support[name] = support.get(name, 0) + counted["support"] / repeats
    sizes = np.array([size for size in support.values() if size])
    return max(1, round(len(sizes) ** 2 / (1 / sizes).sum()))


def _evaluated(run: Run) -> bool:
    return all(paths.metrics(stage, run.name).exists() for stage in ("train", "evaluate"))
