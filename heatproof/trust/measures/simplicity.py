"""How few pixels carry an explanation: whether a person could take it in.

Simple is not right: a single pixel, wherever it is, has the best values.
"""

import numpy as np

from heatproof.config.schema import Block
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import Family, Measure, Result, by_measure


def take(assessment: Assessment, _options: Block) -> Result:
    """Measure every map."""
    return Result(by_measure({m: simplicity(each) for m, each in assessment.maps.items()}))


def simplicity(maps: np.ndarray) -> dict[str, np.ndarray]:
    """Measure how unequally the magnitudes |a| of each map are spread over its pixels.

    - gini: the Gini index of |a| (Chalasani et al. 2020, https://arxiv.org/abs/1810.06583,
      "sparseness"): 0 for equal pixels, 1 - 1/pixels for a single one. Higher is simpler.
    - entropy_share: the entropy of |a| as shares of their sum (Bhatt et al. 2020,
      https://arxiv.org/abs/2005.00631, "complexity") over log(pixels), which compares images of
      unlike sizes: 0 for a single pixel, 1 for equal ones. Lower is simpler.

    Neither sign nor a factor of a map counts.

    Args:
        maps: float (n, height, width).

    Returns:
        Each number's name -> float64 (n,); NaN where a map is zero, since nothing is spread.
    """
    from scipy.special import entr

    count, pixels = len(maps), maps[0].size if len(maps) else 1
    magnitudes = np.abs(maps.astype(np.float64)).reshape(count, pixels)
    total = magnitudes.sum(axis=1, keepdims=True)
    shares = np.divide(magnitudes, total, out=np.full_like(magnitudes, np.nan), where=total > 0)
    return {
        "gini": _gini(shares),
        "entropy_share": entr(shares).sum(axis=1) / np.log(max(pixels, 2)),
    }


def _gini(shares: np.ndarray) -> np.ndarray:
    """Return 1 - 2 sum_k s_(k) (d - k + 1/2) / d of shares (n, d), s_(1) the smallest."""
    pixels = shares.shape[1]
    weights = (pixels - np.arange(1, pixels + 1) + 0.5) / pixels
    return 1 - 2 * (np.sort(shares, axis=1) * weights).sum(axis=1)


FAMILY = Family(
    measures=(
        Measure(
            name="gini",
            label="Gini",
            group="simplicity",
            meaning="how few pixels hold the map’s values: 0 all alike, 1 a single one (Chalasani "
            "et al. 2020); concise is not correct",
            reference="Chalasani et al. 2020, https://arxiv.org/abs/1810.06583",
            unit="1, from 0 to 1",
            better="higher",
            shown=True,
        ),
        Measure(
            name="entropy_share",
            label="Entropy",
            group="simplicity",
            meaning="how evenly the values are spread, of the most there can be (Bhatt et al. "
            "2020)",
            reference="Bhatt et al. 2020, https://arxiv.org/abs/2005.00631",
            unit="1, from 0 to 1",
            better="lower",
        ),
    ),
    take=take,
)
