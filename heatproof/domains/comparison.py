"""Whether what is measured of maps differs between wrong and right answers, and follows accuracy.

An image may be there in several versions, its corrupted copies, of which one looks much like the
other: they are no further images. So images are resampled and permuted as a whole, with all their
versions. And the more an image is corrupted, the more its map changes and the more answers are
wrong, whether or not one has to do with the other: so wrong and right answers are compared within
each version, where all images are corrupted alike.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from heatproof.statistics.correlation import rank_correlation

# What is measured of maps: with the map of the clean image, see `magnitude_correlation`; see
# `simplicity`; see `faithfulness`.
AGREEMENT, ENTROPY, GAP = "agreement", "entropy_share", "morf_lerf_gap"


def difference(
    values: np.ndarray, groups: np.ndarray, samples: int, seed: int
) -> dict[str, float | int]:
    """Compare the values of two groups of answers within each version.

    The difference of the groups' means within a version, averaged over the versions with weights
    a b / (a + b) of a and b answers, as in a regression with a constant for each version. Versions
    in which one group is empty say nothing.

    Args:
        values: float (versions, n), NaN where there is none.
        groups: bool (versions, n), whether an answer is of the second group, such as the wrong.
        samples: of the bootstrap over the images, and of the permutations of them.
        seed: of both.

    Returns:
        `difference`, the second group less the first; its 95 % interval, `low` and `high`; `p`, of
        a two-sided test that permutes which image has whose answers; `first` and `second`, how many
        answers with a value each group has in the versions that count. The numbers are NaN where no
        version has both groups.
    """
    random, known = np.random.default_rng(seed), ~np.isnan(values)
    filled, one, other = np.where(known, values, 0.0), known & ~groups, known & groups
    counted = one.any(axis=1) & other.any(axis=1)
    sizes = {"first": int(one[counted].sum()), "second": int(other[counted].sum())}
    if not counted.any():
        return dict.fromkeys(("difference", "low", "high", "p"), float("nan")) | sizes
    images = values.shape[1]
    found = float(_weighted(np.ones((1, images)), filled, one, other)[0])
    drawn = random.multinomial(images, np.full(images, 1 / images), size=samples)
    low, high = _interval(_weighted(drawn, filled, one, other))
    permuted = np.array(
        [
            _weighted(np.ones((1, images)), filled, known & ~mixed, known & mixed)[0]
            for mixed in (groups[:, random.permutation(images)] for _ in range(samples))
        ]
    )
    # Rounding must not make a permutation that changes nothing the smaller one.
    as_far = np.abs(permuted[~np.isnan(permuted)]) >= abs(found) - 1e-12
    p = float((as_far.sum() + 1) / (len(as_far) + 1))
    return {"difference": found, "low": low, "high": high, "p": p} | sizes


def _weighted(
    counts: np.ndarray, values: np.ndarray, one: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Return the weighted difference for each row of how often images count, float (draws,)."""
    a, b = (counts @ group.T.astype(np.float64) for group in (one, other))  # (draws, versions)
    sums = (counts @ (group * values).T for group in (one, other))
    means = [
        np.divide(total, size, out=np.zeros_like(total), where=size > 0)
        for total, size in zip(sums, (a, b), strict=True)
    ]
    weights = np.divide(a * b, a + b, out=np.zeros_like(a), where=a * b > 0)
    total = weights.sum(axis=1)
    apart = (weights * (means[1] - means[0])).sum(axis=1)
    return np.divide(apart, total, out=np.full(len(counts), np.nan), where=total > 0)


def trend(values: np.ndarray, accuracy: np.ndarray, samples: int, seed: int) -> dict[str, float]:
    """Say how the mean value goes with accuracy over the versions: Spearman's rank correlation.

    Args:
        values: float (versions, n), NaN where there is none.
        accuracy: float (versions,).
        samples: of the bootstrap over the images.
        seed: of the bootstrap.

    Returns:
        `correlation` and its 95 % interval, `low` and `high`; NaN where either does not vary.
    """
    there = ~np.isnan(values).all(axis=1)
    values, accuracy = values[there], accuracy[there]
    images, known = values.shape[1], ~np.isnan(values)
    drawn = np.random.default_rng(seed).multinomial(
        images, np.full(images, 1 / images), size=samples
    )
    counts = np.concatenate([np.ones((1, images)), drawn])
    sums, sizes = counts @ np.where(known, values, 0.0).T, counts @ known.T.astype(np.float64)
    # A draw without any value of a version takes the mean of all.
    all_images = np.broadcast_to(sums[0] / sizes[0], sums.shape).copy()
    means = np.divide(sums, sizes, out=all_images, where=sizes > 0)[..., None]
    levels = np.broadcast_to(accuracy[:, None], means.shape)
    correlations = rank_correlation(means, levels)
    low, high = _interval(correlations[1:])
    return {"correlation": float(correlations[0]), "low": low, "high": high}


def adjust(tests: Sequence[dict[str, Any]]) -> None:
    """Add to tests, as `difference` gives them, `p_adjusted`, p adjusted for their number.

    Benjamini & Hochberg 1995: of the tests that are then called significant at 5 %, 5 % are
    expected to be so by chance. A test without p has none.
    """
    from scipy.stats import false_discovery_control

    known = [test for test in tests if not np.isnan(test["p"])]
    corrected = false_discovery_control([test["p"] for test in known]) if known else []
    for test in tests:
        test["p_adjusted"] = float("nan")
    for test, p in zip(known, corrected, strict=True):
        test["p_adjusted"] = float(p)


def _interval(draws: np.ndarray) -> tuple[float, float]:
    """Return the middle 95 % of the draws that are known."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)
