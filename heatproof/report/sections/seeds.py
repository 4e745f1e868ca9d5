"""Test accuracy over several seeds, in words."""

from typing import Any

from heatproof.statistics.numbers import interval, percent


def over_seeds(metrics: dict[str, Any] | None, images: int | None = None) -> str:
    """Summarise test accuracy over several seeds; empty where only one was trained.

    Args:
        metrics: as `heatproof.evaluation.seeds` returns them.
        images: number of test images, which decides the digits.
    """
    if not metrics:
        return ""
    accuracy = metrics["accuracy"]
    deviation = percent(accuracy["std"], images).removesuffix(" %")
    return (
        f"Trained with {len(metrics['seeds'])} seeds: "
        f"{interval(accuracy['min'], accuracy['max'], images)}, mean "
        f"{percent(accuracy['mean'], images)}, standard deviation {deviation} points."
    )
