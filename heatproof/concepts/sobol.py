"""Sobol's total indices: how much of a function's variance goes where an input goes.

The total index of an input counts all that it takes part in, interactions among it: the variance
that is left, on average, when all other inputs are known, as a share of the whole (Sobol 1993,
Homma & Saltelli 1996, https://doi.org/10.1016/0951-8320(96)00002-6). Estimated as by Jansen 1999
(https://doi.org/10.1016/S0010-4655(98)00154-4), from quasi-random points.
"""

import numpy as np


def points(inputs: int, count: int, seed: int) -> np.ndarray:
    """Return where the function has to be known, float64 (count * (inputs + 2), inputs) in [0, 1).

    Scrambled Sobol sequences A and B of `count` points each; then, for each input, A with that
    input taken from B.

    Args:
        inputs: how many inputs the function has.
        count: a power of two.
        seed: of the scrambling.
    """
    from scipy.stats import qmc

    both = qmc.Sobol(2 * inputs, scramble=True, rng=np.random.default_rng(seed)).random(count)
    first, second = both[:, :inputs], both[:, inputs:]
    exchanged = np.repeat(first[None], inputs, axis=0)
    for place in range(inputs):
        exchanged[place, :, place] = second[:, place]
    return np.concatenate([first, second, *exchanged])


def total_indices(values: np.ndarray, inputs: int) -> np.ndarray:
    """Return the total indices of a function whose values at `points` these are.

    Args:
        values: float (count * (inputs + 2),).
        inputs: how many inputs the function has.

    Returns:
        float64 (inputs,), 0 or more: mean((f(A) - f(A with input i of B))²) / 2, divided by the
        variance of f over A and B (Jansen 1999, eq. 5). Zero where f is constant.
    """
    first, second, *exchanged = values.astype(np.float64).reshape(inputs + 2, -1)
    variance = np.concatenate([first, second]).var()
    if variance <= 1e-12 * max(1.0, float((first**2).mean())):
        return np.zeros(inputs)
    return np.array([((first - each) ** 2).mean() / 2 for each in exchanged]) / variance
