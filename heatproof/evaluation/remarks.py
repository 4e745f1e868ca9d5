"""What a reader must know of a network before anything else."""

from collections.abc import Mapping
from typing import Any

from heatproof.statistics import numbers

NAMED = 10  # classes in a sentence; of more the rest are counted


# What has to be known of a run's evaluation.
NEEDED = (
    *("accuracy", "accuracy_low", "accuracy_high", "majority_class", "majority_accuracy"),
    *("balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high", "balanced_training"),
    *("test_images", "per_class"),
)


def above_chance(metrics: Mapping[str, Any]) -> bool:
    """Whether the accuracy's 95 % interval lies above always predicting the majority class.

    Where it does not, the network may have learned nothing, and there is nothing in it to explain.
    Of a network in whose training classes were balanced it is the balanced accuracy that counts,
    since it gives up accuracy on frequent classes for rare ones.

    Args:
        metrics: what data/metrics/evaluate/<run>.json has.
    """
    kind, baseline = _judged(metrics)
    low = metrics[f"{kind}_low"]
    return numbers.known(low) and numbers.known(baseline) and low > baseline


def _judged(metrics: Mapping[str, Any]) -> tuple[str, float]:
    """Return which number decides, and what always predicting the same class gives of it."""
    if not metrics["balanced_training"]:
        return "accuracy", metrics["majority_accuracy"]
    return "balanced_accuracy", 1 / sum(c["support"] > 0 for c in metrics["per_class"].values())


def remarks(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is wrong with a network at first sight, in sentences; empty where nothing is.

    Args:
        metrics: as for `above_chance`.
    """
    found = (_one_class(metrics), _never_predicted(metrics), _no_better(metrics))
    return tuple(sentence for sentence in found if sentence)


def _one_class(metrics: Mapping[str, Any]) -> str:
    classes = metrics["per_class"]
    predicted = [name for name, each in classes.items() if each["predicted"]]
    occurring = sum(each["support"] > 0 for each in classes.values())
    if len(predicted) != 1 or occurring < 2:
        return ""
    return (
        f"It always predicts the same class, {numbers.short(predicted[0])}, whatever the image "
        "shows."
    )


def _never_predicted(metrics: Mapping[str, Any]) -> str:
    classes = {name: each for name, each in metrics["per_class"].items() if each["support"]}
    never = [numbers.short(name) for name, each in classes.items() if not each["predicted"]]
    if not never or (len(classes) == 2 and _one_class(metrics)):
        return ""  # of two classes the other one goes without saying
    more = [f"{len(never) - NAMED:,} more"] if len(never) > NAMED + 1 else []
    named = numbers.listing([*(never[:NAMED] if more else never), *more])
    of = f"{len(never):,} of {numbers.plural(len(classes), 'class', 'classes')}"
    return f"It never predicts {of} of the test images: {named}."


def _no_better(metrics: Mapping[str, Any]) -> str:
    if above_chance(metrics):
        return ""
    kind, baseline = _judged(metrics)
    value, low, high = (metrics[f"{kind}{end}"] for end in ("", "_low", "_high"))
    images = metrics["test_images"]
    below = numbers.known(high) and numbers.known(baseline) and high < baseline
    always = "the same class"
    if kind == "accuracy":
        always = f"the majority class, {numbers.short(metrics['majority_class'])}"
    return (
        f"Its {kind.replace('_', ' ')}, {numbers.percent(value, images)} (95 % interval "
        f"{numbers.interval(low, high, images)}), is {'below' if below else 'not above'} that of "
        f"always predicting {always}: {numbers.percent(baseline, images)}. It may have learned "
        "nothing, so that its explanations mean nothing."
    )
