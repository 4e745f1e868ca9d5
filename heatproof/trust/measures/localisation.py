"""Do the relevant pixels lie where the evidence is known to be? Masks as ground truth.

A signed map says of each pixel how much it speaks for the target class, and below zero, against it.
A mask says where the evidence is, not which way each of its pixels speaks: of a planted patch some
do for the class, and some against it. So each number is taken twice. Masks and boxes that people
drew say where the object is; a network may use what is around it, and that is worth knowing.

- Of the positive part: does what the map holds for evidence of the class lie on the evidence? A
  map and its negative differ here; but the negative is not at chance, since what is held against
  the class lies on the evidence too.
- Of the magnitude: does what the map holds for important, either way, lie there? A map and its
  negative are equal here. A map that is right by its magnitude alone has found the place, and not
  the direction.

A map without negative values has the same number twice. Where several orders are possible, because
pixels tie, a number is the mean over all of them. That needs no draw, and gives a map that says
nothing (constant, or zero) the mask's share of the image, which is what chance gives.
"""

from functools import partial

import numpy as np

from heatproof.config.schema import Block
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import Family, Measure, Overall, Result, by_measure

FOREGROUND = 0.5  # of the image's own highest brightness


def take(assessment: Assessment, _options: Block) -> Result:
    """Compare every map with the masks; nothing where there are none."""
    if assessment.masks is None:
        return Result({})
    masks = assessment.masks
    values = by_measure({m: localisation(each, masks) for m, each in assessment.maps.items()})
    per_image = {"shares": _shares(masks)}
    return Result(values, metrics={"masks": chance(masks)}, per_image=per_image)


def overall(_some: Result, per_image: dict[str, np.ndarray]) -> Overall:
    """Return what is shown of the masks of more images; see `Family.overall`."""
    return {}, {"masks": _chance(per_image["shares"])} if per_image else {}


def chance(masks: np.ndarray) -> dict[str, float]:
    """Return how many masks are not empty, and the share of the image that these have on average.

    That share is what each measure gives a map that says nothing.
    """
    return _chance(_shares(masks))


def _shares(masks: np.ndarray) -> np.ndarray:
    return masks.reshape(len(masks), -1).mean(axis=1) if len(masks) else np.zeros(0)


def _chance(shares: np.ndarray) -> dict[str, float]:
    known = shares[shares > 0]
    return {"images": len(known), "share": float(known.mean()) if len(known) else float("nan")}


def localisation(maps: np.ndarray, masks: np.ndarray) -> dict[str, np.ndarray]:
    """Compare maps with the known places of the evidence.

    - relevance_mass: the mask's share of the positive relevance ("relevance mass accuracy", Arras
      et al. 2022, https://arxiv.org/abs/2003.07258); 0 for a map of which no pixel is positive.
    - relevance_rank: of the k most relevant pixels, the share that is in the mask of k pixels
      ("relevance rank accuracy", ibid.); pixels that speak against the class come last.
    - pointing_game: whether the most relevant pixel is in the mask (Zhang et al. 2018, "Top-Down
      Neural Attention by Excitation Backprop", https://arxiv.org/abs/1608.00507), without their
      tolerance of 15 pixels, which is half of a small image.
    - magnitude_mass, magnitude_rank, magnitude_pointing: the same of the map's magnitudes.

    Any increasing function of a map leaves relevance_rank and pointing_game as they are, a positive
    factor all of them.

    Args:
        maps: float (n, height, width), signed where the method is.
        masks: bool (n, height, width), true where the evidence is.

    Returns:
        Each number's name -> float64 (n,) in [0, 1], higher is better; NaN where a mask is empty.
    """
    count = len(maps)
    relevance = maps.astype(np.float64).reshape(count, maps[0].size if count else 1)
    inside = masks.astype(bool).reshape(relevance.shape)
    sizes = inside.sum(axis=1)
    one = np.ones_like(sizes)
    magnitude = np.abs(relevance)
    numbers = {
        "relevance_mass": _mass(relevance, inside),
        "magnitude_mass": _mass(magnitude, inside),
        "relevance_rank": _hits_among(relevance, inside, sizes),
        "magnitude_rank": _hits_among(magnitude, inside, sizes),
        "pointing_game": _hits_among(relevance, inside, one),
        "magnitude_pointing": _hits_among(magnitude, inside, one),
    }
    return {name: np.where(sizes > 0, values, np.nan) for name, values in numbers.items()}


def foreground(images: np.ndarray) -> np.ndarray:
    """Return where the object is in images of a bright object on a dark ground, such as mnist's.

    That is where a pixel's mean over the channels is more than half of the image's highest: the
    strokes of a digit, without their blurred rim. A weaker mask than a planted one: a network may
    rightly use the ground too, such as the hole that tells an 8 from a 3.

    Args:
        images: float (n, height, width, channels), 0 black.

    Returns:
        bool (n, height, width); nowhere true for a black image.
    """
    grey = images.astype(np.float64).mean(axis=-1)
    return grey > FOREGROUND * grey.max(axis=(1, 2), keepdims=True)


def _mass(relevance: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the positive relevance inside over all of it, for maps (n, pixels)."""
    positive = np.maximum(relevance, 0)
    within, total = (positive * inside).sum(axis=1), positive.sum(axis=1)
    # What has no contrast says nothing. What is nowhere positive, but has contrast, is wrong.
    says_nothing = relevance.min(axis=1) == relevance.max(axis=1)
    without = np.where(says_nothing, inside.mean(axis=1), 0.0)
    return np.divide(within, total, out=without, where=total > 0)


def _hits_among(relevance: np.ndarray, inside: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the expected share in the mask of each map's `first` (n,) most relevant pixels.

    Pixels that tie for the last places are each as likely to be taken.
    """
    order = -np.sort(-relevance, axis=1)
    last = np.take_along_axis(order, np.maximum(first - 1, 0)[:, np.newaxis], axis=1)
    above, ties = relevance > last, relevance == last
    open_places = first - above.sum(axis=1)
    share_of_ties = (ties & inside).sum(axis=1) / ties.sum(axis=1)
    hits = (above & inside).sum(axis=1) + open_places * share_of_ties
    return hits / np.maximum(first, 1)


_measure = partial(
    Measure,
    group="truth",
    reference="Arras et al. 2022, https://arxiv.org/abs/2003.07258",
    unit="1, from 0 to 1",
    better="higher",
    shown=True,
)

FAMILY = Family(
    measures=(
        _measure(
            name="relevance_mass",
            label="Mass in mask",
            meaning="the share of the positive relevance that lies where the evidence is (Arras et "
            "al. 2022)",
        ),
        _measure(
            name="magnitude_mass",
            label="Mass in mask, magnitude",
            meaning="the same share of all relevance, for the class and against it",
        ),
        _measure(
            name="relevance_rank",
            label="Rank in mask",
            meaning="of the most relevant pixels, as many as the evidence has, the share that lies "
            "on it (Arras et al. 2022); pixels that speak against the class are the least relevant",
        ),
        _measure(
            name="magnitude_rank",
            label="Rank in mask, magnitude",
            meaning="the same share of the pixels that matter most, for the class or against it",
        ),
        _measure(
            name="pointing_game",
            label="Pointing game",
            meaning="how often the most relevant pixel lies on the evidence (Zhang et al. 2018)",
            reference="Zhang et al. 2018, https://arxiv.org/abs/1608.00507",
        ),
        _measure(
            name="magnitude_pointing",
            label="Pointing game, magnitude",
            meaning="how often the pixel that matters most, for or against the class, lies there",
            reference="Zhang et al. 2018, https://arxiv.org/abs/1608.00507",
        ),
    ),
    take=take,
    overall=overall,
)
