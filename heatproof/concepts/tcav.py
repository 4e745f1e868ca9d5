"""Testing with concept activation vectors: how a class's logit answers to a concept (TCAV).

Kim et al. 2018 (https://arxiv.org/abs/1711.11279): the score is the share of a class's images whose
logit rises along the concept's direction (eq. 2). It only has a sign: in a layer whose gradient
hardly varies between images it is 0 or 1 for random directions too. And the published test, Welch's
t of the scores of several vectors against those of random ones, takes vectors of one set of
pictures for as many concepts: whatever they have in common, chance among it, is then significant.
So a concept counts here by how large its mean derivative is among those of random directions, as
one value against a sample (Crawford & Howell 1998, https://doi.org/10.1076/clin.12.4.482.7241); the
published test is computed beside it.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.concepts.directions import Directions

LEVEL = 0.05  # of each family of tests, after Holm's correction


@dataclass(frozen=True)
class Derivatives:
    """Of a class's images the logit's derivative along vectors, in logits per unit of activation.

    concept: float64 (images, vectors). chance: float64 (images, random vectors). limit: the mean
    derivative along the direction in which it is largest, which no concept can exceed.
    """

    concept: np.ndarray
    chance: np.ndarray
    limit: float


def derivatives(sensitivity: np.ndarray, concept: Directions, chance: Directions) -> Derivatives:
    """Return directional derivatives (eq. 1) of what `layers.sensitivities` gives."""
    known = sensitivity.astype(np.float64)
    limit = float(np.linalg.norm(known.mean(axis=0)))
    return Derivatives(known @ concept.vectors.T, known @ chance.vectors.T, limit)


def tested(found: Derivatives, samples: int, seed: int) -> dict[str, Any]:
    """Say how a class answers to a concept, and to random directions.

    Args:
        found: of the class's images.
        samples: of the bootstrap, over images and vectors both.
        seed: of the bootstrap.

    Returns:
        `score`, the share of positive derivatives, a mean over the vectors, with its 95 % interval
        `score_low`, `score_high`; `derivative`, the mean one, with `derivative_low`, `_high`;
        `random_score` and `random_score_spread`, `random_derivative` and `random_spread`: mean and
        standard deviation over random vectors; `times_random`, the derivative's distance from the
        random mean in their spreads; `p_limit`, the p of the largest derivative that there could
        be: among few units random directions are never far from it; `p`, of the derivative among
        the random ones, and `p_published`, of the scores by Welch's t, both two-sided and not
        corrected yet; `images`.
    """
    scores, means = _by_vector(found.concept)
    random_scores, random_means = _by_vector(found.chance)
    ends = _intervals(found.concept, samples, seed)
    times, p = one_among(float(means.mean()), random_means)
    return {
        "score": float(scores.mean()),
        "score_low": ends[0][0],
        "score_high": ends[0][1],
        "derivative": float(means.mean()),
        "derivative_low": ends[1][0],
        "derivative_high": ends[1][1],
        "random_score": float(random_scores.mean()),
        "random_score_spread": float(random_scores.std(ddof=1)),
        "random_derivative": float(random_means.mean()),
        "random_spread": float(random_means.std(ddof=1)),
        "times_random": times,
        "p_limit": one_among(found.limit, random_means)[1],
        "p": p,
        "p_published": _welch(scores, random_scores),
        "images": len(found.concept),
    }


def _by_vector(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each vector's share of positive derivatives, and their mean, float64 (vectors,)."""
    return (found > 0).mean(axis=0), found.mean(axis=0)


def one_among(value: float, others: np.ndarray) -> tuple[float, float]:
    """Compare one value with a sample: Crawford & Howell's modified t-test, two-sided.

    t = (value - mean) / (s sqrt((n + 1) / n)), with n - 1 degrees of freedom.

    Returns:
        The distance from the sample's mean in its standard deviations s, and p; 0 and 1 where the
        sample and the value are all the same.
    """
    from scipy.stats import t

    n, spread, apart = len(others), float(others.std(ddof=1)), value - float(others.mean())
    if spread <= 1e-12 * max(abs(value), float(np.abs(others).max())):
        return (0.0, 1.0) if abs(apart) <= spread else (float(np.copysign(np.inf, apart)), 0.0)
    times = apart / spread
    return times, float(2 * t.sf(abs(times) / np.sqrt((n + 1) / n), n - 1))


def _welch(scores: np.ndarray, random_scores: np.ndarray) -> float:
    """Return the p of Welch's t-test; 1 where neither varies and both are the same, else 0."""
    from scipy.stats import ttest_ind

    if np.ptp(scores) == np.ptp(random_scores) == 0:
        return float(scores[0] == random_scores[0])
    with warnings.catch_warnings():  # of scores that are all the same, whose variance is exactly 0
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(ttest_ind(scores, random_scores, equal_var=False).pvalue)


def _intervals(found: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Return 95 % intervals of the score and of the mean derivative, float64 (2, 2).

    Images and vectors are both drawn with replacement (percentile bootstrap).
    """
    images, vectors = found.shape
    random = np.random.default_rng(seed)
    by_image = random.multinomial(images, np.full(images, 1 / images), samples) / images
    by_vector = random.multinomial(vectors, np.full(vectors, 1 / vectors), samples) / vectors
    drawn = [
        ((by_image @ each) * by_vector).sum(axis=1) for each in ((found > 0).astype(float), found)
    ]
    return np.percentile(drawn, (2.5, 97.5), axis=1).T


def holm(values: Sequence[float]) -> np.ndarray:
    """Return p adjusted for the number of tests by Holm 1979, float64 (n,).

    https://www.jstor.org/stable/4615733: the chance that any of the tests is called significant
    though nothing is there stays at the level, whatever depends on what.
    """
    p = np.asarray(values, np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result = np.empty_like(p)
    result[order] = np.minimum(adjusted, 1)
    return result


def above_chance(found: Directions) -> float:
    """Return the p of a concept's vectors being right on held-out pictures more than half the time.

    One-sided and exact (binomial), as of the held-out pictures of one vector: those of several are
    partly the same pictures.
    """
    from scipy.stats import binomtest

    right = int(np.floor(found.mean_accuracy * found.held_out + 1e-9))
    return float(binomtest(right, found.held_out, 0.5, alternative="greater").pvalue)
