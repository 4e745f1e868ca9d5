"""How alike two maps of the same image are."""

import numpy as np
from scipy.stats import rankdata


def spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compare maps pixel by pixel: Spearman's rank correlation of their magnitudes.

    Magnitudes, as Adebayo et al. 2018 take them: flipping every sign is no other explanation of
    where the network looks. Equal values share their mean rank, so that no order of pixels decides.

    Args:
        first: float (n, height, width).
        second: float (n, height, width), each the counterpart of one in `first`.

    Returns:
        float64 (n,) in [-1, 1]; NaN where either map is constant, since it has no order.
    """
    count = len(first)
    ranks = [
        rankdata(np.abs(maps).reshape(count, -1), axis=1) if count else np.zeros((0, 1))
        for maps in (first, second)
    ]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    lengths = [np.sqrt((rank**2).sum(axis=1)) for rank in centred]
    product = (centred[0] * centred[1]).sum(axis=1)
    scale = lengths[0] * lengths[1]
    return np.divide(product, scale, out=np.full(count, np.nan), where=scale > 0)
