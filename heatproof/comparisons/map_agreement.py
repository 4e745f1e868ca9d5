"""How far maps of the same images agree under two networks, image by image.

As everywhere in `trust`, magnitudes are compared: whether both networks look at the same pixels,
not whether these speak for or against the class. Pixel by pixel (rank correlation), among the few
pixels that a reader sees (overlap), and window by window (SSIM): that these three may disagree is
why there are three. Park et al. 2020 (https://arxiv.org/abs/2010.15054) found that compression
keeps accuracy and deforms maps.
"""

from functools import partial

import numpy as np

from heatproof.statistics.threads import by_rows
from heatproof.trust.agreement import top_chances
from heatproof.trust.similarity import similarities

SPEARMAN, OVERLAP, SSIM = MEASURES = ("spearman", "overlap", "ssim")


def map_agreement(first: np.ndarray, second: np.ndarray, top: float) -> dict[str, np.ndarray]:
    """Compare maps of one network with those of another.

    Args:
        first: float (n, height, width).
        second: float (n, height, width), each the counterpart of one in `first`.
        top: the share of the pixels that are the top ones, above 0 and below 1.

    Returns:
        of each of `MEASURES` float64 (n,): Spearman's rank correlation and SSIM, in [-1, 1], and
        `top_overlap`. All are 1 for equal maps, and NaN where either map is constant.
    """
    if not len(first):
        return {measure: np.zeros(0) for measure in MEASURES}
    similar = similarities({"": first}, {"": second})[""]
    found = similar | {OVERLAP: top_overlap(first, second, top)}
    constant = np.isnan(found[SPEARMAN])
    return {measure: np.where(constant, np.nan, found[measure]) for measure in MEASURES}


def top_overlap(first: np.ndarray, second: np.ndarray, top: float) -> np.ndarray:
    """Return the share of the top pixels of one map that are top pixels of the other, too.

    Top-k intersection (Ghorbani et al. 2019, https://arxiv.org/abs/1710.10547, section 3). Pixels
    that tie for the last places count by their chance to be drawn, and the intersection is taken
    over the geometric mean of what each map has in common with itself; so equal maps have 1 in any
    case, and without ties it is the plain share. A pixel of magnitude 0 is none of the top ones,
    however many places are left: two maps with few pixels do not agree in the rest.

    Args:
        first: float (n, height, width); magnitudes count.
        second: float, of the same shape.
        top: the share of the pixels that are the top ones; one pixel at least.

    Returns:
        float64 (n,) in [0, 1]; chance gives `top`. NaN where a map is zero everywhere.
    """
    flat = (np.abs(maps.reshape(len(maps), -1).astype(np.float64)) for maps in (first, second))
    places = max(1, round(top * first[0].size)) if len(first) else 1
    return by_rows(partial(_overlap, places=places), *flat)


def _overlap(first: np.ndarray, second: np.ndarray, places: int) -> np.ndarray:
    chances = [np.where(each > 0, top_chances(each, places), 0.0) for each in (first, second)]
    lengths = np.sqrt(np.prod([(each**2).sum(axis=1) for each in chances], axis=0))
    both = (chances[0] * chances[1]).sum(axis=1)
    return np.divide(both, lengths, out=np.full(len(first), np.nan), where=lengths > 0)
