"""Images that are unusually dark or bright for their dataset, and blank ones.

Dark and bright are further from the median than 3.5 standard deviations, estimated from the median
absolute deviation of their own side (Iglewicz & Hoaglin 1993, "How to detect and handle outliers";
each side has its own since brightness is seldom symmetric), and by at least 0.2 of the scale from
black to white, so that a dataset whose images are all alike has none. Blank is an image
whose channels vary by less than 0.01: of it nothing can be learned, whatever the others are like.
"""

import numpy as np

MAX_DEVIATIONS = 3.5
MIN_DIFFERENCE = 0.2
BLANK = 0.01
KINDS = ("blank", "dark", "bright")
_DEVIATION = 1.4826  # a normal distribution's standard deviation, of its median absolute one


def limits(brightness: np.ndarray) -> tuple[float, float]:
    """Return the brightness, 0 to 1, below and above which an image is unusual."""
    middle = float(np.median(brightness))
    spread = (
        _DEVIATION * float(np.median(np.abs(side - middle)))
        for side in (brightness[brightness <= middle], brightness[brightness >= middle])
    )
    low, high = (max(MAX_DEVIATIONS * each, MIN_DIFFERENCE) for each in spread)
    return middle - low, middle + high


def unusual(brightness: np.ndarray, contrast: np.ndarray) -> dict[str, np.ndarray]:
    """Return the unusual images of each of KINDS, int64 indices, the most extreme first.

    Args:
        brightness: float (n,), means, 0 to 1, n at least 1.
        contrast: float (n,), standard deviations.
    """
    low, high = limits(brightness)
    blank = contrast < BLANK
    kinds = {
        "blank": (blank, contrast),
        "dark": (~blank & (brightness < low), brightness),
        "bright": (~blank & (brightness > high), -brightness),
    }
    return {
        kind: np.flatnonzero(there)[np.argsort(order[there], kind="stable")]
        for kind, (there, order) in kinds.items()
    }
