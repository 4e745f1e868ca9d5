"""Whether a map sums to what it explains: Shapley values share out a difference of two logits.

Property 1 ("local accuracy") of Lundberg & Lee 2017, https://arxiv.org/abs/1705.07874.
"""

import numpy as np

from heatproof.attribution.core.method import Number

# The gap is a share of the difference, but of no difference smaller than this: a hundredth of a
# logit changes the odds by 1 %, and an error as a share of less would say nothing.
MIN_DIFFERENCE = 0.01


def additivity_gap(maps: np.ndarray, difference: np.ndarray) -> np.ndarray:
    """Return how far each map's sum is from the difference it shares out, as a share of it.

    Args:
        maps: float (n, height, width), in logits.
        difference: float (n,), the target's logit less what is expected of it without the image.

    Returns:
        float32 (n,), not negative; 0 is exact.
    """
    missing = np.abs(maps.sum(axis=(1, 2), dtype=np.float64) - difference)
    return (missing / np.maximum(np.abs(difference), MIN_DIFFERENCE)).astype(np.float32)


ADDITIVITY_GAP = {
    "additivity_gap": Number(
        label="additivity gap",
        meaning="how far the map's sum is from the difference of the scores it must make up, as a "
        "share",
        caption="gap {:.1%}",
    )
}
