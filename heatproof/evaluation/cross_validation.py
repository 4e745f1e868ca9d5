"""How accurate a cell's networks are on training images that they were not trained on."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.config.runs import Run
from heatproof.evaluation.remarks import above_chance, remarks
from heatproof.statistics import numbers
from heatproof.statistics.cross_validation import cross_validated_interval
from heatproof.statistics.proportions import equivalent_images
from heatproof.storage import artifacts, paths


def over_folds(study: Params, cell: str, folder: Path = Path()) -> dict[str, Any] | None:
    """Return the accuracy of a cell by (repeated) cross-validation of its training part.

    Only repetitions count of which every fold is evaluated. Where the training balances classes,
    the accuracy is the balanced one.

    Args:
        study: the parameters.
        cell: one of its cells.
        folder: of the study.

    Returns:
        kind: accuracy or balanced_accuracy. mean, low, high: see `statistics.cross_validation`.
        baseline: what always predicting the same class would give. folds, repeats. images: in all
        folds of a repetition. trained_on: images, on average, validation included. train_seconds:
        of all trainings, as far as they are known. None without a whole repetition.

    Raises:
        UserError: a file of metrics is damaged.
    """
    runs = sorted(study.fold_runs(cell), key=lambda run: run.seed)
    repeats = [list(each) for _, each in groupby(runs, key=lambda run: run.seed)]
    whole = [
        each
        for each in repeats
        if len(each) == each[0].folds and all(_evaluated(run, folder) for run in each)
    ]
    if not whole:
        return None
    runs = [run for each in whole for run in each]
    balanced = runs[0].training.balance != "none"
    kind = "balanced_accuracy" if balanced else "accuracy"
    keys = (kind, "test_images", "per_class" if balanced else "majority_accuracy")
    tested = [artifacts.read_metrics("evaluate", run.name, keys, folder) for run in runs]
    support = _support(tested, len(whole)) if balanced else np.zeros(0)
    trained = [
        artifacts.read_metrics("train", run.name, ("train_images", "validation_images"), folder)
        for run in runs
    ]
    sizes = np.array([each["test_images"] for each in tested])
    used = np.array([each["train_images"] + each["validation_images"] for each in trained])
    images = int(sizes.sum()) // len(whole)
    mean, low, high = cross_validated_interval(
        np.array([each[kind] for each in tested]),
        equivalent_images(support) if balanced else images,
        float((sizes / used).mean()),
    )
    return {
        "kind": kind,
        "mean": mean,
        "low": low,
        "high": high,
        "baseline": 1 / len(support)
        if balanced
        else float(np.average([each["majority_accuracy"] for each in tested], weights=sizes)),
        "folds": runs[0].folds,
        "repeats": len(whole),
        "images": images,
        "trained_on": float(used.mean()),
        "train_seconds": sum(
            artifacts.read_timing("train", run.name, folder).get("train_seconds", 0.0)
            for run in runs
        ),
    }


def progress(study: Params, cell: str, folder: Path = Path()) -> tuple[int, int]:
    """Return how many runs of a cell's cross-validation are evaluated, and how many there are."""
    runs = study.fold_runs(cell)
    return sum(_evaluated(run, folder) for run in runs), len(runs)


def all_remarks(evaluated: Mapping[str, Any], found: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return what is wrong with a network at first sight, in sentences; empty where nothing is.

    Args:
        evaluated: what evaluate says of the cell's own run; empty where it was not evaluated.
        found: what `over_folds` returns.
    """
    if not evaluated:
        return ()
    unconfirmed = remark(found, evaluated) if found else ""
    return (*remarks(evaluated), *([unconfirmed] if unconfirmed else []))


def remark(found: Mapping[str, Any], evaluated: Mapping[str, Any]) -> str:
    """Say so where a network seems above chance on few test images and is not by cross-validation.

    Args:
        found: what `over_folds` returns.
        evaluated: what evaluate says of the cell's own run.

    Returns:
        A sentence; empty where the two agree.
    """
    if not above_chance(evaluated) or found["low"] > found["baseline"]:
        return ""
    images, tested = found["images"], evaluated["test_images"]
    kind, span = found["kind"].replace("_", " "), (found["low"], found["high"])
    return (
        f"Cross-validation does not confirm what its {numbers.plural(tested, 'test image')} say: "
        f"{kind} {numbers.percent(found['mean'], images)} (95 % interval "
        f"{numbers.interval(*span, images)}) on {images:,} other images, not "
        "above that of always predicting the same class: "
        f"{numbers.percent(found['baseline'], images)}."
    )


def _support(tested: Sequence[Mapping[str, Any]], repeats: int) -> np.ndarray:
    """Return how many images of each class that occurs there are in a repetition's folds."""
    support: dict[str, float] = {}
    for each in tested:
        for name, counted in each["per_class"].items():
            support[name] = support.get(name, 0) + counted["support"] / repeats
    return np.array([size for size in support.values() if size])


def _evaluated(run: Run, folder: Path) -> bool:
    files = (paths.metrics(stage, run.name) for stage in ("train", "evaluate"))
    return all((folder / file).exists() for file in files)
