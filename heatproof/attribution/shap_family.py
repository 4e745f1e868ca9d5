"""The SHAP family: Shapley values of pixels (Lundberg & Lee 2017, arXiv:1705.07874).

A pixel's Shapley value is what it adds to the logit, averaged over everything else being known or
not; what is not known shows training images, the background. The three methods approximate it
differently, and agree where the network is linear: the weight times the pixel less its mean over
the background.
"""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.method import Context, Family
from heatproof.attribution.shapley.deep_shap import deep_shap
from heatproof.attribution.shapley.gradient_shap import draws, gradient_shap
from heatproof.attribution.shapley.partition_shap import partition_shap
from heatproof.config.schema import Block

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network


class Options(Block):
    """explain.shap of params.yaml.

    background: training images that stand for "no information". gradient_samples: of GradientSHAP.
    partition_evaluations: of PartitionSHAP, an image; partition_batch: how many of an image's are
    made at once, before looking again where the next are best made.
    """

    background: Annotated[int, Field(ge=1, le=10_000)]
    gradient_samples: Annotated[int, Field(ge=2, le=100_000)]
    partition_evaluations: Annotated[int, Field(ge=10, le=100_000)]
    partition_batch: Annotated[int, Field(ge=2, le=1000, multiple_of=2)]


def family(network: "Network", options: Options, context: Context) -> Family:
    """Return the methods for one network, with their background: the first training images."""
    background = context.training_images[: options.background].astype(np.float32) / 255
    starts, points = draws(len(background), options.gradient_samples, context.seed)
    return Family(
        methods={
            "gradient_shap": partial(
                gradient_shap, background=background, starts=starts, points=points
            ),
            "deep_shap": partial(deep_shap, background=background),
            "partition_shap": partial(
                partition_shap,
                baseline=background.mean(axis=0),
                evaluations=options.partition_evaluations,
                batch=options.partition_batch,
            ),
        },
        facts={"background": len(background)},
    )
