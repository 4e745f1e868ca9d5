"""Percentile bootstrap intervals: how far would a number move with other images?

Efron & Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3. Images are drawn with
replacement, as many as there are. Where a number depends on the images through counts alone, the
counts are drawn instead, which is the same and takes one draw a sample.

Values that do not exist (NaN: the measure is not defined on that image) are left out everywhere.
"""

import numpy as np

from heatproof.statistics.proportions import at_least_wilson, equivalent_images

_ENDS = (2.5, 97.5)  # percentiles of the draws: a 95 % interval


def known_mean(values: np.ndarray) -> float:
    """Return the mean of the values that exist, of any shape; NaN where none does."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def mean_interval(values: np.ndarray, samples: int, seed: int) -> tuple[float, float, float]:
    """Return the mean of per-image values and its interval.

    Args:
        values: float (n,), one per image.
        samples: how many times all images are drawn.
        seed: of the draws.

    Returns:
        mean, low, high; NaN where there are no values, and low and high NaN where there is one.
    """
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return known_mean(known), float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(len(known), size=(samples, len(known)))
    return float(known.mean()), *_interval(known[drawn].mean(axis=1))


def summary(values: np.ndarray, samples: int, seed: int) -> dict[str, float | int]:
    """Give `mean`, `low` and `high` as `mean_interval` does, and how many `images` had a value."""
    mean, low, high = mean_interval(values, samples, seed)
    known = int((~np.isnan(values)).sum())
    return {"mean": mean, "low": low, "high": high, "images": known}


def accuracy_interval(correct: np.ndarray, samples: int, seed: int) -> tuple[float, float]:
    """Return the interval of accuracy, in [0, 1]: the number of right images is binomial.

    Where all are right, or none is, every draw is the same; then the interval is the exact one,
    which for few images is wide.

    Args:
        correct: bool (n,), whether each prediction is right.
        samples: how many times all images are drawn.
        seed: of the draws.
    """
    n = len(correct)
    if correct.all() or not correct.any():
        return _exact(bool(correct.all()), n)
    return _interval(np.random.default_rng(seed).binomial(n, np.mean(correct), size=samples) / n)


def balanced_accuracy_interval(
    hits: np.ndarray, support: np.ndarray, samples: int, seed: int
) -> tuple[float, float]:
    """Return the interval of balanced accuracy, in [0, 1]: each class' images are resampled.

    The images of a class that are all right, or all wrong, are so in every draw, however few they
    are. Where there is such a class, the interval is at least Wilson's for as many images as a
    balanced accuracy of these classes is worth; where all are such, the exact one for these.

    Args:
        hits: int (classes,), correctly predicted images of each class.
        support: int (classes,), its images; classes without any do not count.
        samples: how many times all images are drawn.
        seed: of the draws.
    """
    random, n = np.random.default_rng(seed), support[support > 0]
    shares, images = hits[support > 0] / n, equivalent_images(n)
    if (shares == shares[0]).all() and shares[0] in (0, 1):
        return _exact(bool(shares[0]), images)
    draws = []
    for start in range(0, samples, 1000):  # in parts: of a thousand classes these are 8 MB
        drawn = random.binomial(n, shares, size=(min(1000, samples - start), len(n)))
        draws.append((drawn / n).mean(axis=1))
    low, high = _interval(np.concatenate(draws))
    if not np.isin(shares, (0, 1)).any():
        return low, high
    return at_least_wilson(low, high, float(shares.mean()), images)


def macro_f1_interval(matrix: np.ndarray, samples: int, seed: int) -> tuple[float, float]:
    """Return the interval of macro F1, in [0, 1]: the confusion matrix is multinomial.

    Args:
        matrix: int (classes, classes), rows true, columns predicted, at least one image.
        samples: how many times all images are drawn.
        seed: of the draws.
    """
    random, shares = np.random.default_rng(seed), matrix.ravel() / matrix.sum()
    scores = []
    part = max(1, 10_000_000 // matrix.size)  # in parts: these are 80 MB
    for start in range(0, samples, part):
        size = (min(part, samples - start),)
        drawn = random.multinomial(int(matrix.sum()), shares, size=size)
        scores.append(macro_f1(drawn.reshape(-1, *matrix.shape)))
    return _interval(np.concatenate(scores))


def macro_f1(matrices: np.ndarray) -> np.ndarray:
    """Return macro F1, float64 (n,), of confusion matrices int (n, classes, classes).

    The mean of the F1 of the classes that occur, as label or as prediction; as scikit-learn's.
    """
    hits = np.diagonal(matrices, axis1=1, axis2=2)
    occurring = matrices.sum(axis=1) + matrices.sum(axis=2)
    f1 = np.divide(2 * hits, occurring, out=np.zeros(hits.shape), where=occurring > 0)
    return f1.sum(axis=1) / np.maximum((occurring > 0).sum(axis=1), 1)


def _exact(all_right: bool, n: int) -> tuple[float, float]:
    """Return the interval of a share of n that is 1 or 0 (Clopper & Pearson 1934)."""
    end = float((1 - _ENDS[1] / 100) ** (1 / n))
    return (end, 1.0) if all_right else (0.0, 1 - end)


def _interval(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(draws, _ENDS)
    return float(low), float(high)
