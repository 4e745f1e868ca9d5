"""Whether influence says something of an image, beside what it would say of any."""

from dataclasses import replace
from typing import Any

import numpy as np

from heatproof.influence.last_layer import Compared
from heatproof.influence.tracin import cosines, influence, relative, self_influence, strongest

TOP = 0.01  # of the training images: how much of all self-influence is theirs


def checked(
    compared: Compared,
    labels: np.ndarray,
    predicted: np.ndarray,
    errors: tuple[np.ndarray, np.ndarray],
    count: int,
    seed: int,
) -> dict[str, Any]:
    """Measure what the training images that are found have in common with what they are found for.

    Args:
        compared: n training images and m test images.
        labels: int64 (n,).
        predicted: int64 (m,).
        errors: of both, as `tracin.influence` takes them.
        count: how many training images of each test image.
        seed: of the order in which features are dealt out to other training images.

    Returns:
        `images`; `label_chance`, the share of all training images whose label is the class
        predicted; and of `proponents`, of `relative` ones, of `shuffled` ones, proponents where
        each training image has another one's features, and of the `nearest`, which know no label:
        `label`, the share whose label is the class predicted, `resemblance`, their rank by the
        cosine of features, `size`, their rank by self-influence, both within their label, and
        `distinct`, how many different ones there are, as a share of the places.
    """
    alike, scores = cosines(compared), influence(compared, *errors)
    own = self_influence(compared, errors[0])
    sizes = np.broadcast_to(own[:, None], alike.shape)
    order = np.random.default_rng(seed).permutation(len(labels))
    kinds = {
        "proponents": scores,
        "relative": relative(scores, own),
        "shuffled": influence(replace(compared, inner=compared.inner[order]), *errors),
        "nearest": alike,
    }
    measured: dict[str, Any] = {
        "images": len(predicted),
        "label_chance": float((labels[:, None] == predicted).mean()),
    }
    for kind, values in kinds.items():
        chosen = strongest(values, count)
        measured[kind] = {
            "label": float((labels[chosen] == predicted[:, None]).mean()),
            "resemblance": rank_in_label(alike, labels, chosen),
            "size": rank_in_label(sizes, labels, chosen),
            "distinct": len(np.unique(chosen)) / chosen.size,
        }
    return measured


def rank_in_label(values: np.ndarray, labels: np.ndarray, chosen: np.ndarray) -> float:
    """Return how chosen training images rank by a value among those of their label.

    Args:
        values: float (n, m), of training images and test images: how alike they are, say.
        labels: int64 (n,).
        chosen: int64 (m, count), training images of each test image.

    Returns:
        The mean share of the others of the label whose value is lower, ties by half: 1 where the
        chosen ones have the highest, 0.5 where it has no say.
    """
    ranks = []
    for test, rows in enumerate(chosen):
        for row in rows:
            others = values[labels == labels[row], test]
            below = (others < values[row, test]).sum()
            equal = (others == values[row, test]).sum() - 1  # without itself
            ranks.append((below + equal / 2) / max(len(others) - 1, 1) if len(others) > 1 else 0.5)
    return float(np.mean(ranks))


def concentration(own: np.ndarray) -> float:
    """Return which share of all self-influence, float64 (n,), its largest hundredth has."""
    top = max(1, round(TOP * len(own)))
    return float(np.sort(own)[-top:].sum() / own.sum()) if own.sum() else 0.0
