"""Splits that keep every class' share, decided by a seed."""

import numpy as np


def train_validation_split(
    labels: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split indices into a training and a held-out part, stratified by class.

    Each class gives round(fraction x its size) of its images to the held-out part, but keeps at
    least one image on either side where it has two or more.

    Args:
        labels: int64 (n,), class indices.
        fraction: of the images to hold out, from 0 to 1.
        seed: decides which images, and the order within both parts (NumPy's PCG64).

    Returns:
        Two int64 arrays of indices, disjoint, together all of 0 .. n - 1, each in random order.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        held_out[members[: _share(len(members), fraction)]] = True
    return order[~held_out[order]], order[held_out[order]]


def training_rows(
    labels: np.ndarray, own: np.ndarray | None, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return which images are trained on, and which validate, both in random order.

    Args:
        labels: int64 (n,), class indices.
        own: uint8 (n,), 1 where an image is of the user's own validation part; None without one.
        fraction: of the images to validate with where there is no such part.
        seed: as `train_validation_split` takes it.
    """
    if own is None:
        return train_validation_split(labels, fraction, seed)
    order = np.random.default_rng(seed).permutation(len(labels))
    return order[own[order] == 0], order[own[order] == 1]


def group_split(
    labels: np.ndarray, groups: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split indices as `train_validation_split` does, but so that no group is on both sides.

    In random order, each group is held out whose images bring the classes' shares nearer to those
    asked for. At least one group is on either side.

    Args:
        labels: int64 (n,), class indices.
        groups: int64 (n,), at least two different ones.
        fraction: of the images to hold out, from 0 to 1.
        seed: of the groups' order, and of the order within both parts.
    """
    generator = np.random.default_rng(seed)
    _, member = np.unique(groups, return_inverse=True)
    counts = np.zeros((member.max() + 1, labels.max() + 1))
    np.add.at(counts, (member, labels), 1)
    missing, held_out = fraction * counts.sum(axis=0), np.zeros(len(counts), dtype=bool)
    for group in generator.permutation(len(counts)):
        left = missing - counts[group]
        if np.abs(left).sum() < np.abs(missing).sum() and held_out.sum() < len(counts) - 1:
            missing, held_out[group] = left, True
    if not held_out.any():
        held_out[counts.sum(axis=1).argmin()] = True
    order = generator.permutation(len(labels))
    return order[~held_out[member[order]]], order[held_out[member[order]]]


def _share(size: int, fraction: float) -> int:
    """Return how many of a class' images are held out."""
    if size < 2 or fraction == 0:
        return 0
    return min(max(round(fraction * size), 1), size - 1)
