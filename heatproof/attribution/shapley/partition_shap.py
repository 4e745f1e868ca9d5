"""PartitionSHAP: Owen values of a hierarchy of rectangles.

As in the `shap` package's PartitionExplainer (Lundberg & Lee 2017,
https://arxiv.org/abs/1705.07874). The image is halved across its longer side, each half again, down
to single pixels; `owen_values` has how a part's worth is divided between its halves. The part
whose worth is largest in any class is divided first, until the evaluations are used up; what is
then undivided is spread evenly over its pixels. Every division keeps the sum, so the map always
sums to the logit less the baseline's.

A hidden pixel shows the mean of the training images that the other Shapley methods start from. So
the three agree where the network is linear, and nothing of the image is left in it: over seven
trained cells the networks saw the image's own class in it no more often than by chance (6 to 14 %),
but in an image blurred by a tenth of its side in 14 to 62 %; and in six of the seven its logits
were as near or nearer to the mean logits of the training images than those of any of the
alternatives: the blurs, black, the mean colour.

The largest parts come first, so that later evaluations change less: of a pretrained
efficientnet_lite0 at 192 pixels (5 images) the map of 204 correlates with that of 500 by ranks at
0.91 on average (the least 0.82), that of 300 at 0.94 (0.91). Large images have 300 with `auto`.

All classes' logits come from the same passes, so rows that show one image share them; and the
passes of several images share a batch.
"""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from heatproof.attribution.core.additivity import ADDITIVITY_GAP, additivity_gap
from heatproof.attribution.core.method import Attribution, EngineOptions, Library, Method, Passes
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import by_image
from heatproof.attribution.core.sizes import AUTO, AgainAtMost, Auto, by_size
from heatproof.attribution.libraries import shap_package
from heatproof.attribution.shapley.background import BackgroundOptions
from heatproof.attribution.shapley.owen_values import OwenPartition


class PartitionShapOptions(EngineOptions, BackgroundOptions):
    """Options of PartitionSHAP."""

    evaluations: Annotated[
        Auto | Annotated[int, Field(ge=10, le=100_000)], by_size(500, 300), AgainAtMost(100)
    ] = AUTO
    """Predictions per image."""
    batch_size: Annotated[int, Field(ge=2, le=1000, multiple_of=2)] = 32
    """How many of them at once, before looking again where the next are best made."""


def partition_shap(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    baseline: np.ndarray,
    evaluations: int,
    batch_size: int,
) -> Attribution:
    """Attribute each target logit to pixels.

    Args:
        baseline: float32 (height, width, channels) in [0, 1], what hidden pixels show.
        evaluations: the image and the baseline are among them.
        batch_size: an even number. The fewer, the better they are chosen.

    Returns:
        maps summed over channels; `additivity_gap`, zero up to rounding.
    """
    import tensorflow as tf

    def function(pictures: Any, fill: Any, shown: Any, picture: Any) -> Any:
        # Rows of equally many values: in colour, TensorFlow takes half as long again if it has to
        # spread masks over channels and the fill over copies while it chooses.
        one, other = (tf.reshape(batch, (-1, shown.shape[1])) for batch in (pictures, fill))
        hidden = tf.gather(other, tf.zeros_like(picture))
        masked = tf.where(shown, tf.gather(one, picture), hidden)
        return network.logits_of(tf.reshape(masked, (-1, *network.image_shape)))

    channels = images.shape[-1]
    compiled, fill = network.compiled("partition_shap", function), tf.constant(baseline[None])
    empty, rows = network.logits(baseline[None])[0], by_image(images, targets)
    full = network.logits(rows.images)
    maps = np.zeros((len(images), *images.shape[1:3]), np.float32)
    side_by_side = max(1, network.batch_size // batch_size)
    for first in range(0, len(full), side_by_side):
        part = slice(first, first + side_by_side)
        pictures = tf.constant(rows.images[part])
        partition = OwenPartition(images.shape[1:3], empty, full[part], evaluations)
        while True:
            picture, shown = partition.divide(batch_size // 2)
            if not len(picture):
                break
            shown = shown.reshape(len(shown), -1)
            if channels > 1:  # NumPy would copy them for one channel too
                shown = shown.repeat(channels, axis=1)
            partition.learn(
                network.in_batches(
                    lambda s, p, pictures=pictures: compiled(pictures, fill, s, p), shown, picture
                )
            )
        for row in np.flatnonzero(
            (rows.image_of >= first) & (rows.image_of < first + side_by_side)
        ):
            maps[row] = partition.map(rows.image_of[row] - first, targets[row])
    difference = rows.of_targets(full.astype(np.float64)) - empty[targets]
    return Attribution(maps, {"additivity_gap": additivity_gap(maps, difference)})


METHODS = (
    Method(
        name="partition_shap",
        label="PartitionSHAP",
        family="shapley",
        needs="predictions",
        shows="Owen values: the image is divided recursively, and each part gets what it adds "
        "when it is shown, averaged over what else is shown",
        reference="Lundberg & Lee 2017; Owen 1977",
        address="arXiv:1705.07874",
        definition="Owen values: each part’s change of the logit is shared out between its halves "
        "by Shapley’s formula for two players, down to pixels, as far as the evaluations reach.",
        equation="φ(half) = ½ [v(half) − v(∅)] + ½ [v(both) − v(other)]",
        deviations="A hidden pixel shows the mean training image; the shap package blurs or "
        "paints over. What is not divided when the evaluations are used up is spread evenly.",
        options=PartitionShapOptions,
        explain=partition_shap,
        library=Library(shap_package.PACKAGE, shap_package.partition_shap),
        arguments=lambda options, context: {
            "baseline": context.background(options.background).mean(axis=0),
            "evaluations": options.evaluations,
            "batch_size": options.batch_size,
        },
        cost="slow",
        passes=lambda options, size: Passes(forward=options.evaluations),
        numbers=ADDITIVITY_GAP,
    ),
)
