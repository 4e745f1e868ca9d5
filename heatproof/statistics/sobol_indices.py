"""Total Sobol indices: in what share of a function's variance an input takes part.

Interactions among them: the variance that is left, on average, when all other inputs are known
(Sobol 1993, Homma & Saltelli 1996, https://doi.org/10.1016/0951-8320(96)00002-6). Estimated as by
Jansen 1999, https://doi.org/10.1016/S0010-4655(98)00154-4, in the notation of Saltelli et al. 2010,
https://doi.org/10.1016/j.cpc.2009.09.018, table 2 (f): A and B are two independent samples of all
inputs, and A_B^i is A with the i-th input taken from B.
"""

from functools import lru_cache

import numpy as np

# Of a variance, as a share of the values' mean square: up to here it is what rounding leaves of
# float32 values that do not vary.
_ROUNDING = 1e-12


@lru_cache(maxsize=4)  # the sequence takes longer to make than a small network to be asked
def design(pairs: int, inputs: int, seed: int) -> np.ndarray:
    """Draw A, B and every A_B^i from a scrambled Sobol sequence.

    Args:
        pairs: rows of A and of B, a power of two, which is how such a sequence is balanced.
        inputs: how many inputs there are, d.
        seed: of the scrambling.

    Returns:
        float32 (pairs * (inputs + 2), inputs) in [0, 1], read-only: A, then B, then A_B^1 to A_B^d.
    """
    from scipy.stats import qmc

    points = qmc.Sobol(2 * inputs, scramble=True, rng=np.random.default_rng(seed)).random(pairs)
    first, second = points[:, :inputs], points[:, inputs:]
    swapped = np.repeat(first[None], inputs, axis=0)
    swapped[np.arange(inputs), :, np.arange(inputs)] = second.T
    points = np.concatenate([first, second, swapped.reshape(-1, inputs)]).astype(np.float32)
    points.setflags(write=False)
    return points


def terms(scores: np.ndarray, pairs: int) -> np.ndarray:
    """Return what each pair says of each input's index; their mean is Jansen's estimate.

    Args:
        scores: float (n, pairs * (inputs + 2)), functions at the rows of a `design`.
        pairs: as there.

    Returns:
        float64 (n, inputs, pairs), not negative: (f(A) - f(A_B^i))^2 / (2 V), with V the variance
        over A and B; zeros where the function does not vary, but for rounding.
    """
    exact = scores.astype(np.float64)
    limit = _ROUNDING * (exact[:, : 2 * pairs] ** 2).mean(axis=1)[:, None, None]
    exact = exact - exact[:, :1]  # a function that does not vary is zero, and no rounding error
    inputs = exact.shape[1] // pairs - 2
    own, swapped = exact[:, None, :pairs], exact[:, 2 * pairs :].reshape(-1, inputs, pairs)
    variance = exact[:, : 2 * pairs].var(axis=1, ddof=1)[:, None, None]
    squares = (own - swapped) ** 2
    return np.divide(squares, 2 * variance, out=np.zeros_like(squares), where=variance > limit)
