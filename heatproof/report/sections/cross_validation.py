"""Accuracy by cross-validation, in words."""

from typing import Any

from heatproof.statistics.numbers import count, duration, interval, percent, plural


def cross_validated(metrics: dict[str, Any] | None) -> str:
    """Summarise a cross-validation; empty where there is none.

    Args:
        metrics: as `heatproof.evaluation.cross_validation` returns them.
    """
    if not metrics:
        return ""
    folds, repeats, images = metrics["folds"], metrics["repeats"], metrics["images"]
    kind = f"{folds} folds" if repeats == 1 else f"{folds} folds, {repeats} times"
    cost = f", {duration(metrics['train_seconds'])}" if metrics["train_seconds"] else ""
    return (
        f"Cross-validated on the training part ({kind}): {metrics['kind'].replace('_', ' ')} "
        f"{percent(metrics['mean'], images)}, 95 % interval "
        f"{interval(metrics['low'], metrics['high'], images)}, corrected for "
        f"networks that share training images; always the same class: "
        f"{percent(metrics['baseline'], images)}; {plural(images, 'image')}, predicted by networks "
        f"trained on {count(metrics['trained_on'])} others; "
        f"{plural(folds * repeats, 'training')}{cost}."
    )
