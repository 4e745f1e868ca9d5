"""What further trainings from other seeds gave, in words."""

from typing import Any

from heatproof.statistics.numbers import interval, percent


def over_seeds(found: dict[str, Any] | None, images: int | None = None) -> str:
    """Say how far test accuracy varies from seed to seed; empty where no more were trained.

    Args:
        found: see `heatproof.evaluation.seeds`.
        images: of the test, which decide the digits.
    """
    if not found:
        return ""
    said = found["accuracy"]
    deviation = percent(said["std"], images).removesuffix(" %")
    return (
        f"Trained from {len(found['seeds'])} seeds: "
        f"{interval(said['least'], said['greatest'], images)}, mean "
        f"{percent(said['mean'], images)}, standard deviation {deviation} points."
    )
