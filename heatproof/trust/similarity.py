"""How similar maps are to those of another network: rank correlation and SSIM of magnitudes.

SSIM is the structural similarity of Wang et al. 2004 (https://doi.org/10.1109/TIP.2003.819861,
equation 13), as scikit-image computes it with the paper's Gaussian window. The rank correlation
does not know which pixels are neighbours; SSIM does.
"""

import numpy as np

from heatproof.statistics.correlation import magnitude_correlation
from heatproof.statistics.threads import by_rows

# Method -> float (rows, height, width). A slow method may explain fewer images than there are; its
# rows are then the first ones.
Maps = dict[str, np.ndarray]
# Method -> number -> float64 (rows,), one value per image.
Similarities = dict[str, dict[str, np.ndarray]]

# The paper's: a window of 11 x 11 pixels, standard deviation 1.5, section III.B.
SIGMA = 1.5
RADIUS = 5


def similarities(originals: Maps, maps: Maps) -> Similarities:
    """Compare each method's maps under another network with its original ones.

    Args:
        originals: method -> float (n, height, width).
        maps: method -> float (rows, height, width), rows at most n: of the first images. The other
            network may be random, or trained on random labels.

    Returns:
        method -> `spearman` and `ssim`, float64 (rows,), of the maps' magnitudes; NaN where they
        are not defined, see `magnitude_correlation` and `structural_similarity`.
    """
    similar = {}
    for method, changed in maps.items():
        original = originals[method][: len(changed)]
        similar[method] = {
            "spearman": magnitude_correlation(original, changed),
            "ssim": structural_similarity(original, changed),
        }
    return similar


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
    return by_rows(_structural_similarity, _scaled(first), _scaled(second))


def _structural_similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    # Here, since whoever reads params.yaml loads this module: scikit-image takes half a second.
    from skimage import metrics

    similarities = [
        metrics.structural_similarity(
            one, other, data_range=1.0, gaussian_weights=True, sigma=SIGMA,
            use_sample_covariance=False,
        )
        for one, other in zip(first, second, strict=True)
    ]  # fmt: skip
    return np.array(similarities, np.float64)


def _scaled(maps: np.ndarray) -> np.ndarray:
    """Return magnitudes over their largest; small maps mirrored until a window fits around them."""
    magnitudes = np.abs(maps.astype(np.float64))
    largest = magnitudes.max(axis=(1, 2), keepdims=True)
    unknown = np.full_like(magnitudes, np.nan)
    scaled = np.divide(magnitudes, largest, out=unknown, where=largest > 0)
    missing = (max(0, RADIUS - (side - 1) // 2) for side in maps.shape[1:])
    return np.pad(scaled, ((0, 0), *((each, each) for each in missing)), mode="symmetric")
