"""How alike two pictures are once one is shifted and stretched onto the other.

A copy that was cropped differs from its original at every edge. The shift and the scale, in either
direction, that bring them together are found by Gauss-Newton steps, together with a gain and an
offset of brightness (Lucas & Kanade 1981; Baker & Matthews 2004, doi:10.1023/
B:VISI.0000011205.11775.fd), for many pairs at once.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

STEPS = 8
BLUR = 1.0  # pixels: JPEG and resizing change what is finer
MAX_SHIFT, MAX_SCALE = 0.12, 0.24  # of the side, and of the scale
_PAIRS = 256  # at once
_STRIDE = 2  # of the places that are compared; blurred pictures hold no more


def correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlate pictures pixel by pixel: float64 (n,) of two uint8 (n, side, side).

    0 for one that is all of one colour.
    """
    pixels = first.shape[1] * first.shape[2]  # explicit, since there may be no pictures
    a, b = (each.reshape(len(each), pixels).astype(np.float64) for each in (first, second))
    return _weighted(a, b, np.ones_like(a))


def aligned_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlate blurred pictures where they overlap once aligned: float64 (n,), at most 1.

    Args:
        first: uint8 (n, side, side).
        second: uint8 (n, side, side), each moved onto its first one.
    """
    parts = range(0, len(first), _PAIRS)
    results = [_aligned(first[i : i + _PAIRS], second[i : i + _PAIRS]) for i in parts]
    return np.concatenate(results) if results else np.zeros(0)


def _aligned(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    side = first.shape[1]
    blurred = (
        gaussian_filter(each.astype(np.float64), (0, BLUR, BLUR)) for each in (first, second)
    )
    still, moving = blurred
    slopes = np.gradient(moving, axis=(1, 2))
    centre = (side - 1) / 2
    places = np.arange(0, side, _STRIDE)
    down, right = (each.ravel() - centre for each in np.meshgrid(places, places, indexing="ij"))
    target = still[:, places[:, np.newaxis], places].reshape(len(first), -1)
    # Of each pair: scale and shift down, scale and shift to the right.
    moves = np.zeros((len(first), 4))
    limits = np.array([MAX_SCALE, MAX_SHIFT * side] * 2)
    best = np.full(len(first), -1.0)
    for _ in range(STEPS + 1):
        y = centre + down * (1 + moves[:, :1]) + moves[:, 1:2]
        x = centre + right * (1 + moves[:, 2:3]) + moves[:, 3:]
        inside = ((y >= 0) & (y <= side - 1) & (x >= 0) & (x <= side - 1)).astype(np.float64)
        seen, by_y, by_x = _sampled((moving, *slopes), y, x)
        best = np.maximum(best, _weighted(target, seen, inside))
        columns = (seen, np.ones_like(seen), by_y * down, by_y, by_x * right, by_x)
        solution = _least_squares(np.stack(columns, axis=2) * inside[..., np.newaxis],
                                  target * inside)  # fmt: skip
        # Moves are in terms of the picture, whose gain the first number is.
        gain = np.where(np.abs(solution[:, :1]) > 0.2, solution[:, :1], 1.0)
        moves = np.clip(moves + solution[:, 2:] / gain, -limits, limits)
    return best


def _least_squares(columns: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Solve (n, places, 6) @ x = (n, places), with a little ridge: flat pictures have no x."""
    squares = np.einsum("nik,nil->nkl", columns, columns)
    ridge = 1e-6 * np.trace(squares, axis1=1, axis2=2) + 1e-6
    squares += ridge[:, np.newaxis, np.newaxis] * np.eye(squares.shape[1])
    products = np.einsum("nik,ni->nk", columns, target)
    return np.linalg.solve(squares, products[..., np.newaxis])[..., 0]


def _sampled(pictures: tuple[np.ndarray, ...], y: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Read pictures, (n, side, side) each, at places between pixels, (n, places), bilinearly."""
    side = pictures[0].shape[1]
    top, left = (np.clip(np.floor(each).astype(np.int64), 0, side - 2) for each in (y, x))
    down, right = y - top, x - left
    corner = top * side + left
    rows = np.arange(len(y))[:, np.newaxis]
    weights = ((1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right)
    flat = (picture.reshape(len(picture), -1) for picture in pictures)
    steps = (0, 1, side, side + 1)
    return [
        np.sum([w * values[rows, corner + s] for w, s in zip(weights, steps, strict=True)], axis=0)
        for values in flat
    ]


def _weighted(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    a, b = (each - (each * weights).sum(axis=1, keepdims=True) / total for each in (first, second))
    spread = np.sqrt((weights * a * a).sum(axis=1) * (weights * b * b).sum(axis=1))
    return np.where(spread > 1e-9, (weights * a * b).sum(axis=1) / np.maximum(spread, 1e-9), 0.0)
