"""Removed pixels filled in from those that are left: noisy linear imputation.

Rong et al. 2022, "A Consistent and Efficient Evaluation Strategy for Attribution Methods"
(https://arxiv.org/abs/2202.00449), section 5: each removed pixel is the weighted mean of its eight
neighbours, 1/6 for those that share an edge and 1/12 for the diagonal ones,

    x_i = Σ_j w_ij x_j / Σ_j w_ij,   j the neighbours of i within the image,

which for neighbours that are removed themselves is a system of linear equations; a little noise is
added to its solution. What fills a hole goes over smoothly into what is around it, so that the hole
has no edge by whose shape a network could tell what was taken away.

The matrix is symmetric and positive definite as long as one pixel is left. Pixels are numbered row
by row (along the shorter side), so all of it lies within a band. To factorise that takes 0.6 to
0.8 ms of a core for 32 × 32 pixels, a general sparse solver 1.2 to 3.4 (means of 20 each, with
30 and 90 % of the pixels removed); for 224 × 224 pixels 270 ms and 44 to 400.
"""

import numpy as np

EDGE, CORNER = 1 / 6, 1 / 12
# Down and right of a pixel; the matrix is symmetric.
NEIGHBOURS = (((0, 1), EDGE), ((1, -1), CORNER), ((1, 0), EDGE), ((1, 1), CORNER))


def imputed(image: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Fill removed pixels in, without noise.

    Args:
        image: float (height, width, channels).
        removed: bool (height, width), not all of them.

    Returns:
        float64 (height, width, channels): the image where nothing is removed, and within the range
        of what is left of each channel elsewhere.

    Raises:
        ValueError: no pixel is left.
    """
    from scipy.linalg import solveh_banded

    if removed.all():
        raise ValueError("no pixel is left from which the others could be filled in")
    if image.shape[1] > image.shape[0]:  # the shorter side decides how wide the band is
        return imputed(image.transpose(1, 0, 2), removed.T).transpose(1, 0, 2)
    band, right = equations(image.astype(np.float64), removed)
    solved = solveh_banded(
        band, right, overwrite_ab=True, overwrite_b=True, lower=True, check_finite=False
    )
    return np.where(removed[..., None], solved.reshape(image.shape), image)


def equations(image: np.ndarray, removed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the equations of all pixels: those that are left are what they are.

    Args:
        image: float64 (height, width, channels).
        removed: bool (height, width).

    Returns:
        The lower half of the matrix by diagonals, float64 (width + 2, pixels), as
        `scipy.linalg.solveh_banded` takes it, and the right-hand side, float64 (pixels, channels).
    """
    height, width = removed.shape
    band = np.zeros((width + 2, height * width))
    total = np.zeros(removed.shape)
    known = np.where(removed[..., None], 0.0, image)
    right = known.copy()
    for (down, across), weight in NEIGHBOURS:
        # Each pair of neighbours, the first above or left of the second.
        first = np.s_[: height - down, max(0, -across) : width - max(0, across)]
        second = np.s_[down:, max(0, across) : width + min(0, across)]
        both = removed[first] & removed[second]
        total[first] += weight
        total[second] += weight
        right[first] += np.where(removed[first][..., None], weight * known[second], 0)
        right[second] += np.where(removed[second][..., None], weight * known[first], 0)
        coupled = np.zeros(removed.shape)
        coupled[first] = -weight * both
        band[down * width + across] += coupled.ravel()
    band[0] = np.where(removed, total, 1.0).ravel()
    return band, right.reshape(height * width, -1)
