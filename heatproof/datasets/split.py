"""Splits that keep every class' share, decided by a seed."""

import warnings

import numpy as np

_ORDERS = 32  # of groups that are tried


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
    labels: np.ndarray,
    own: np.ndarray | None,
    groups: np.ndarray | None,
    fraction: float,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return which images are trained on, and which validate, both in random order.

    Args:
        labels: int64 (n,), class indices.
        own: uint8 (n,), 1 where an image is of the user's own validation part; None without one.
        groups: int64 (n,), equal where images must be on the same side; None without groups.
        fraction: of the images to validate with where there is no part of the user's own.
        seed: as `train_validation_split` takes it.
    """
    if own is not None:
        order = np.random.default_rng(seed).permutation(len(labels))
        return order[own[order] == 0], order[own[order] == 1]
    if groups is not None:
        return group_split(labels, groups, fraction, seed)
    return train_validation_split(labels, fraction, seed)


def fold_split(
    labels: np.ndarray, groups: np.ndarray | None, fold: int, folds: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices that are trained on, and those of a fold that is left out, in order.

    Folds are disjoint, of about equal size, together all of 0 .. n - 1, stratified by class; where
    there are groups, no group is in two folds and classes are spread as well as that allows.

    Args:
        labels: int64 (n,), class indices.
        groups: int64 (n,), equal where images must be in the same fold; None without groups.
        fold: which one is left out, from 1.
        folds: how many there are, at most as many as there are groups, or images of some class.
        seed: decides the folds (scikit-learn's).
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    divided = kind(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class of fewer images than folds is in some of them only, as it must be.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        parts = list(divided.split(np.zeros(len(labels)), labels, groups))
    return parts[fold - 1]


def few_of_each(labels: np.ndarray, classes: int, count: int, seed: int) -> np.ndarray:
    """Return the indices of as many images of each class, one class after the other in turn.

    A seed's draws are nested: those of fewer images are the first of those of more, as in learning
    curves of scikit-learn's, so that accuracies differ by what was added. Draws of different seeds
    are independent of each other.

    Args:
        labels: int64 (n,), class indices.
        classes: how many there are.
        count: of each class; each has as many.
        seed: decides which (NumPy's PCG64), together with the labels and nothing else.

    Returns:
        int64 (classes * count,).
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    drawn = [order[labels[order] == label][:count] for label in range(classes)]
    return np.stack(drawn, axis=1).ravel()


def group_split(
    labels: np.ndarray, groups: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split indices as `train_validation_split` does, but so that no group is on both sides.

    In random order, each group is held out whose images bring the classes' shares nearer to those
    asked for; of several orders the one counts that comes nearest. At least one group is on either
    side.

    Args:
        labels: int64 (n,), class indices.
        groups: int64 (n,), at least two different ones.
        fraction: of the images to hold out, from 0 to 1.
        seed: of the groups' orders, and of the order within both parts.
    """
    generator = np.random.default_rng(seed)
    _, member = np.unique(groups, return_inverse=True)
    counts = np.zeros((member.max() + 1, labels.max() + 1))
    np.add.at(counts, (member, labels), 1)
    wanted = fraction * counts.sum(axis=0)
    found = [_held_out_groups(counts, wanted, generator) for _ in range(_ORDERS)]
    held_out = min(found, key=lambda chosen: np.abs(wanted - counts[chosen].sum(axis=0)).sum())
    order = generator.permutation(len(labels))
    return order[~held_out[member[order]]], order[held_out[member[order]]]


def _held_out_groups(
    counts: np.ndarray, wanted: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return bool (groups,): which are held out, in one random order.

    Args:
        counts: float64 (groups, classes), images of each class in each group.
        wanted: float64 (classes,), how many of each class should be held out.
        generator: of the order.
    """
    missing, held_out = wanted, np.zeros(len(counts), dtype=bool)
    for group in generator.permutation(len(counts)):
        left = missing - counts[group]
        if np.abs(left).sum() < np.abs(missing).sum() and held_out.sum() < len(counts) - 1:
            missing, held_out[group] = left, True
    if not held_out.any():
        held_out[counts.sum(axis=1).argmin()] = True
    return held_out


def _share(size: int, fraction: float) -> int:
    """Return how many of a class' images are held out."""
    if size < 2 or fraction == 0:
        return 0
    return min(max(round(fraction * size), 1), size - 1)
