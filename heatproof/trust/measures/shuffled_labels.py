"""Does an attribution depend on the labels? Maps of a network trained on labels in random order.

Label randomisation, Adebayo et al. 2018, "Sanity Checks for Saliency Maps"
(https://arxiv.org/abs/1810.03292), section 3.2. A stage of its own, because only some cells are
trained on shuffled labels.
"""

from typing import TYPE_CHECKING

from heatproof.trust.assessment import Assessment
from heatproof.trust.measure import Family, Result, by_measure, similarity_measure
from heatproof.trust.similarity import similarities

if TYPE_CHECKING:
    import keras


def take(assessment: Assessment, other: "keras.Model") -> Result:
    """Measure how maps change when the labels had no meaning.

    other: the same network trained on shuffled labels.
    """
    maps = assessment.explained(other, assessment.images, assessment.seed + 1)
    return Result(by_measure(similarities(assessment.originals, maps), "shuffled_"))


FAMILY = Family(
    measures=(
        similarity_measure(
            name="shuffled_spearman",
            label="Shuffled labels",
            meaning="the network trained on labels in random order instead: rank correlation of "
            "both maps (Adebayo et al. 2018)",
            shown=True,
        ),
        similarity_measure(
            name="shuffled_ssim",
            label="Shuffled labels, SSIM",
            meaning="the network trained on shuffled labels: structural similarity (SSIM) with the "
            "trained network’s map",
        ),
    ),
    take=take,
    options=None,
)
