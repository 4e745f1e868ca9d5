"""Whether a network from elsewhere is read as it was meant: its scaling, the order of its classes.

Nobody can see either in a network's file; labelled pictures tell.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from heatproof.evaluation import classification, inference
from heatproof.models.scaling import SCALINGS, Scaling
from heatproof.statistics import numbers
from heatproof.statistics.proportions import at_least_wilson
from heatproof.storage.images import Images

if TYPE_CHECKING:
    import keras

MAX_IMAGES = 256
_MUCH = 0.1  # more of the images right, to say so
_ANOTHER_ORDER = 0.2  # the best of many orders is better by chance too


def predicted_by_scaling(
    model: "keras.Model", images: Images, scalings: Mapping[str, Scaling] = SCALINGS
) -> dict[str, np.ndarray]:
    """Return what a network predicts by each scaling that fits its images.

    Args:
        model: without any scaling in front; it gives logits.
        images: uint8 (n, height, width, channels), n at least 1.
        scalings: by their names.

    Returns:
        name of the scaling -> int64 (n,), class indices in the order of its outputs.
    """
    forward = inference.compiled_forward(model, len(images))
    channels = model.input_shape[-1]
    predicted = {}
    for name, scaling in scalings.items():
        if len(scaling.mean) in (1, channels):
            given = inference.Forward(
                lambda batch, scaling=scaling: forward.function(scaling.applied(batch)),
                forward.batch_size,
            )
            predicted[name] = inference.logits(given, images).argmax(axis=1)
    return predicted


def better(right: Mapping[str, float], own: float) -> str:
    """Return the scaling by which much more is right than by the network's own; empty if none."""
    best = max(right, key=lambda name: right[name], default="")
    return best if best and right[best] > own + _MUCH else ""


def remarks(
    outputs: np.ndarray,
    by_scaling: Mapping[str, np.ndarray],
    labels: np.ndarray,
    stated: np.ndarray,
    class_names: Sequence[str],
) -> list[str]:
    """Say what is implausible about how a network is read; empty where nothing is.

    Args:
        outputs: int64 (n,), which output is the largest for each image, by the stated scaling.
        by_scaling: the same by each scaling, see `predicted_by_scaling`.
        labels: int64 (n,), the true classes.
        stated: int64 (classes,), of which class each output is.
        class_names: of all classes.
    """
    images, right = len(labels), float((stated[outputs] == labels).mean())
    others = {name: float((stated[each] == labels).mean()) for name, each in by_scaling.items()}
    pictures = f"of {numbers.plural(images, 'labelled picture')}"
    instead = f"instead of {numbers.percent(right, images)}"
    found = []
    if name := better(others, right):
        found.append(
            f"With the scaling {name}, {numbers.percent(others[name], images)} {pictures} would be "
            f"right {instead}: its scaling is probably not the stated one."
        )
    if (order := _better_order(outputs, labels, stated)) is not None:
        share, classes = order
        names = ", ".join(numbers.short(class_names[each]) for each in classes)
        found.append(
            f"With the classes [{names}], {numbers.percent(share, images)} {pictures} would be "
            f"right {instead}: its outputs are probably in another order than the stated one."
        )
    most = float(np.bincount(labels).max() / images)
    low, _ = at_least_wilson(right, right, right, images)
    if not found and low <= most:
        found.append(
            f"{numbers.percent(right, images)} {pictures} are right, not clearly more than always "
            f"the same class would give ({numbers.percent(most, images)}): its scaling, the order "
            "of its classes, or the network may be another than stated."
        )
    return found


def _better_order(
    outputs: np.ndarray, labels: np.ndarray, stated: np.ndarray
) -> tuple[float, list[int]] | None:
    """Return the order of classes by which most is right, if that is clearly more.

    Returns:
        the share that is right, and of each output the class; None where the stated order is
        plausible.
    """
    from scipy.optimize import linear_sum_assignment

    matrix = classification.confusion(labels, outputs, len(stated))
    classes, places = linear_sum_assignment(matrix, maximize=True)
    share, right = matrix[classes, places].sum() / len(labels), (stated[outputs] == labels).mean()
    most = np.bincount(labels).max() / len(labels)
    low, _ = at_least_wilson(share, share, share, len(labels))
    if share < max(0.5, right + _ANOTHER_ORDER) or low <= most:
        return None
    return float(share), classes[np.argsort(places)].tolist()
