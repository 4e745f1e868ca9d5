"""Concepts that nobody named: a layer's activations as sums of a few parts (CRAFT).

Fel et al. 2023 (https://arxiv.org/abs/2211.10154): the activations of a class's images,
not negative after ReLU, are factorised into parts that are not negative either (section 3.1,
without its recursion); a part is a direction of the layer, a concept. What a concept matters for
the class's logit is its total Sobol index when the image's share of each concept is masked at
random (section 3.2).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heatproof.statistics import sobol_indices

_ITERATIONS = 1000
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Factors:
    """Activations as `weights @ parts`, about.

    weights: float64 (n, concepts), 0 or more. parts: float64 (concepts, units), 0 or more, of
    length 1. error: what is left, as a share of the activations' size (Frobenius norms).
    """

    weights: np.ndarray
    parts: np.ndarray
    error: float


def factorised(activations: np.ndarray, concepts: int, seed: int) -> Factors:
    """Factorise activations, float (n, units), 0 or more, into so many parts by NMF.

    Args:
        activations: not all zero.
        concepts: how many parts; fewer where there are fewer rows or units.
        seed: of the random start, on which the result may depend.

    Raises:
        ValueError: an activation is negative.
    """
    import warnings

    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    values = activations.astype(np.float64)
    if (values < 0).any():
        raise ValueError("expected activations of 0 or more")
    concepts = min(concepts, *values.shape)
    model = NMF(concepts, init="random", random_state=seed, max_iter=_ITERATIONS, tol=_TOLERANCE)
    with warnings.catch_warnings():
        # How well it describes the activations is measured below, whenever it stopped.
        warnings.simplefilter("ignore", ConvergenceWarning)
        weights = model.fit_transform(values)
    lengths = np.linalg.norm(model.components_, axis=1)
    parts = model.components_ / np.where(lengths > 0, lengths, 1)[:, None]
    weights = weights * lengths
    left = np.linalg.norm(values - weights @ parts) / np.linalg.norm(values)
    return Factors(weights, parts, float(left))


def weights_of(activations: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return how much of each part is in other activations: nonnegative least squares.

    Args:
        activations: float (n, units).
        parts: float64 (concepts, units).

    Returns:
        float64 (n, concepts), 0 or more.
    """
    from scipy.optimize import nnls

    solved = [nnls(parts.T, each)[0] for each in activations.astype(np.float64)]
    return np.array(solved).reshape(len(activations), len(parts))


def stability(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Say how alike two factorisations of the same rows are, concept by concept.

    Concepts have no order: they are paired so that the correlations add up to the most.

    Args:
        first: float (n, concepts), weights from one seed.
        second: from another.

    Returns:
        float64 (concepts,): of each concept of the first Pearson's correlation of its weights with
        those of its partner; 0 where one is constant.
    """
    from scipy.optimize import linear_sum_assignment

    one, other = (_standardised(each) for each in (first, second))
    correlations = one.T @ other / len(first)
    rows, columns = linear_sum_assignment(correlations, maximize=True)
    return correlations[rows, columns]


def _standardised(values: np.ndarray) -> np.ndarray:
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, np.inf)


def importances(
    score: Callable[[np.ndarray], np.ndarray], concepts: int, masks: int, seed: int
) -> np.ndarray:
    """Return how much each concept of an image matters for a score: total Sobol indices.

    Args:
        score: masks float32 (n, concepts) in [0, 1], by which the image's share of each concept is
            multiplied -> float (n,).
        concepts: how many.
        masks: a power of two; `masks * (concepts + 2)` scores are computed.
        seed: of the masks.

    Returns:
        float64 (concepts,), not negative; zeros where the score does not vary.
    """
    scores = score(sobol_indices.design(masks, concepts, seed))
    return sobol_indices.terms(scores[None], masks)[0].mean(axis=1)
