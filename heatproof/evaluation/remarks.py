"""What has to be said plainly of a network before anything else is read of it."""

from collections.abc import Mapping
from typing import Any

from heatproof.statistics import numbers

NAMED = 10  # classes in a sentence; of more the rest are counted


def above_majority(metrics: Mapping[str, Any]) -> bool:
    """Whether the accuracy's 95 % interval lies above always predicting the majority class.

    Where it does not, the network may have learned nothing, and there is nothing in it to explain.

    Args:
        metrics: what data/metrics/evaluate/<run>.json has.
    """
    low, baseline = metrics["accuracy_low"], metrics["majority_accuracy"]
    return numbers.known(low) and numbers.known(baseline) and low > baseline


def remarks(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is wrong with a network at first sight, in sentences; empty where nothing is.

    Args:
        metrics: as for `above_majority`.
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
    if above_majority(metrics):
        return ""
    images, low, high = (metrics[n] for n in ("test_images", "accuracy_low", "accuracy_high"))
    baseline = metrics["majority_accuracy"]
    below = numbers.known(high) and numbers.known(baseline) and high < baseline
    return (
        f"Its accuracy, {numbers.percent(metrics['accuracy'], images)} (95 % interval "
        f"{numbers.interval(low, high, images)}), is {'below' if below else 'not above'} that of "
        f"always predicting the majority class, {numbers.short(metrics['majority_class'])}: "
        f"{numbers.percent(baseline, images)}. It may have learned nothing, so that its "
        "explanations mean nothing."
    )
