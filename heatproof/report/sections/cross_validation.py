"""Accuracy by cross-validation, in words."""

from typing import Any

from heatproof.statistics.numbers import count, duration, interval, percent, plural


def cross_validated(metrics: dict[str, Any] | None, runs: tuple[int, int] = (0, 0)) -> str:
    """Summarise a cross-validation in a sentence; empty where there is none.

    Args:
        metrics: as `heatproof.evaluation.cross_validation` returns them.
        runs: how many of its runs are evaluated, and how many there are.
    """
    if not metrics:
        return unfinished(runs)
    kind, mean = metrics["kind"].replace("_", " "), percent(metrics["mean"], metrics["images"])
    text = f"Cross-validated {kind} {mean}, {details(metrics)}"
    return " ".join(filter(None, [text, unfinished(runs)]))


def unfinished(runs: tuple[int, int]) -> str:
    """Say how far a cross-validation is; empty where all its runs are evaluated."""
    evaluated, planned = runs
    if evaluated == planned:
        return ""
    return f"Cross-validation is not finished: {evaluated} of {planned} trainings are evaluated."


def details(metrics: dict[str, Any]) -> str:
    """Say what there is to a cross-validation's mean: its interval, how it was made, its cost."""
    folds, repeats, images = metrics["folds"], metrics["repeats"], metrics["images"]
    repeated = f", {repeats} times" if repeats > 1 else ""
    cost = f", {duration(metrics['train_seconds'])}" if metrics["train_seconds"] else ""
    return (
        f"95 % interval {interval(metrics['low'], metrics['high'], images)}, corrected for "
        "networks that share training images; always the same class: "
        f"{percent(metrics['baseline'], images)}; "
        f"{folds} folds of {plural(images, 'training image')}{repeated}, each predicted by a "
        f"network trained on {count(metrics['trained_on'])} others; "
        f"{plural(folds * repeats, 'training')}{cost}."
    )
