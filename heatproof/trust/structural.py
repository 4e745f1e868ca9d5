"""How alike two maps look: the structural similarity of their magnitudes (Wang et al. 2004).

https://doi.org/10.1109/TIP.2003.819861, equation 13, with the paper's Gaussian window. The rank
correlation beside it (`correlation`) does not know which pixels are neighbours; this one does.
"""

import numpy as np

# The paper's: a window of 11 x 11 pixels, standard deviation 1.5, section III.B.
SIGMA = 1.5
RADIUS = 5
# (K L)^2 of equation 13, where the values' range L is 1.
C1 = 0.01**2
C2 = 0.03**2


def structural_similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compare maps window by window: mean, spread and shape of their magnitudes.

    Magnitudes, as for the rank correlation, and each map divided by its own largest, so that
    neither sign nor scale counts.

    Args:
        first: float (n, height, width).
        second: float (n, height, width), each the counterpart of one in `first`.

    Returns:
        float64 (n,) in [-1, 1], 1 where the maps are the same; the mean over the windows that lie
        in the map entirely (of maps below 11 pixels: over those around its middle, mirrored at the
        edge). NaN where either map is zero everywhere, since it cannot be scaled.
    """
    one, other = _scaled(first), _scaled(second)
    mean_one, mean_other = _windows(one), _windows(other)
    variance_one = _windows(one**2) - mean_one**2
    variance_other = _windows(other**2) - mean_other**2
    covariance = _windows(one * other) - mean_one * mean_other
    similarity = ((2 * mean_one * mean_other + C1) * (2 * covariance + C2)) / (
        (mean_one**2 + mean_other**2 + C1) * (variance_one + variance_other + C2)
    )
    height, width = first.shape[1:]
    rows, columns = min(RADIUS, (height - 1) // 2), min(RADIUS, (width - 1) // 2)
    inner = similarity[:, rows : height - rows, columns : width - columns]
    return inner.mean(axis=(1, 2))


def _scaled(maps: np.ndarray) -> np.ndarray:
    magnitudes = np.abs(maps.astype(np.float64))
    largest = magnitudes.max(axis=(1, 2), keepdims=True)
    unknown = np.full_like(magnitudes, np.nan)
    return np.divide(magnitudes, largest, out=unknown, where=largest > 0)


def _windows(values: np.ndarray) -> np.ndarray:
    """Return the weighted mean around each pixel, float64 like `values`."""
    from scipy.ndimage import gaussian_filter

    # The batch's axis is not filtered, so a NaN stays in its own map.
    return gaussian_filter(values, (0, SIGMA, SIGMA), mode="reflect", radius=(0, RADIUS, RADIUS))
