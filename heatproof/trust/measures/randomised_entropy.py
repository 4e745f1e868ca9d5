"""How complex a map is, and how much more so when the network has forgotten everything.

The efficient weight randomisation test (eMPRT) of Hedström et al. 2024, "Sanity Checks Revisited"
(https://arxiv.org/abs/2401.06465): a map of a network that knows nothing should be noise, and so
more complex than a map of the trained one. It needs two networks rather than one for every layer,
and compares no map with another pixel by pixel, which noise in the maps would blur.
"""

import numpy as np

from heatproof.config.schema import Block
from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import Family, Measure, Result

BINS = 100  # the paper's experiments


def histogram_entropy(maps: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Measure how evenly a map's values are spread over their range.

    Of the raw values with their signs; the bins divide each map's own range, from its lowest to its
    highest value, so a positive factor and a summand change nothing.

    Args:
        maps: float (n, height, width).
        bins: how many, all equally wide.

    Returns:
        float64 (n,), Shannon's entropy of the histogram in nats, from 0 (one bin holds every
        pixel, as in a constant map) to log(bins).
    """
    from scipy.stats import entropy

    counts = [np.histogram(each.astype(np.float64), bins)[0] for each in maps]
    return np.abs([entropy(each) for each in counts]).reshape(len(maps))  # abs: no minus zero


def entropy_rise(originals: np.ndarray, randomised: np.ndarray) -> np.ndarray:
    """Compare a map's complexity with that under a network of random weights (eMPRT).

    Args:
        originals: float (n, height, width), maps of the trained network.
        randomised: the same of the random network, of the same images.

    Returns:
        float64 (n,), the relative rise from the one entropy to the other, above 0 where the random
        network's map is more complex (higher is better); NaN where the trained network's map is
        constant.
    """
    trained, random = histogram_entropy(originals), histogram_entropy(randomised)
    unknown = np.full(len(trained), np.nan)
    return np.divide(random - trained, trained, out=unknown, where=trained > 0)


def take(assessment: Assessment, _options: Block) -> Result:
    """Compare every method's maps with those of the network whose layers are all random."""
    randomised, originals = assessment.top_down()[-1].maps, assessment.originals
    rises = {m: entropy_rise(originals[m][: len(each)], each) for m, each in randomised.items()}
    return Result({"entropy_rise": rises})


FAMILY = Family(
    measures=(
        Measure(
            name="entropy_rise",
            label="Entropy rise",
            group="sanity",
            meaning="how much more complex the map gets when all layers are random, as a share "
            "(eMPRT, Hedström et al. 2024)",
            reference="Hedström et al. 2024, https://arxiv.org/abs/2401.06465",
            unit="1, as a share of the entropy of the trained network’s map",
            better="higher",
            shown=True,
        ),
    ),
    take=take,
    needs="layers",
)
