"""Expected Gradients: Integrated Gradients from training images, averaged (Erion et al. 2021).

https://arxiv.org/abs/1906.10670, equation 2, drawn as the paper draws it: each sample has a
training image of its own and a random point of the way. GradientSHAP (`shapley.gradient_shap`) is
the same expectation over fewer training images, spread evenly on the way, so that the two differ by
what their draws leave; how far that is, their maps show.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.additivity import ADDITIVITY_GAP
from heatproof.attribution.core.method import Context, Method, Passes
from heatproof.attribution.core.sizes import AgainAtMost
from heatproof.attribution.shapley.gradient_shap import gradient_shap
from heatproof.config.schema import Block


class ExpectedGradientsOptions(Block):
    """Options of Expected Gradients."""

    samples: Annotated[int, Field(ge=1, le=10_000), AgainAtMost(20)] = 100
    """Training images, each with one point of the way, at which the gradient is taken."""


def draws(samples: int, seed: int) -> np.ndarray:
    """Draw a point of the way for each training image, float32 (samples,) in [0, 1)."""
    return np.random.default_rng(seed).random(samples, np.float32)


def _arguments(options: ExpectedGradientsOptions, context: Context) -> dict[str, np.ndarray]:
    # The first in processed order, which is random: a sample without replacement.
    background = context.background(options.samples)
    starts = np.arange(options.samples) % len(background)
    points = draws(options.samples, context.seed)
    return {"background": background, "starts": starts, "points": points}


METHODS = (
    Method(
        name="expected_gradients",
        label="Expected Gradients",
        family="path",
        needs="gradients",
        also=("shapley",),
        shows="gradients at random points between training images and this one, times the "
        "difference: how the pixels share out the score’s difference from the training images’",
        reference="Erion et al. 2021",
        address="arXiv:1906.10670",
        definition="The pixel’s difference from a training image times the logit’s gradient at a "
        "random point between the two, averaged over as many training images as samples, and "
        "summed over the colour channels.",
        equation="M = 1/n Σ_j Σ_c (x_c − x′_jc) ∂S/∂x_c (x′_j + t_j (x − x′_j)) (eq. 2)",
        deviations="The training images and points are the same for every image. The sum is "
        "compared with the logit less the mean logit of the training images that were drawn.",
        options=ExpectedGradientsOptions,
        explain=gradient_shap,
        arguments=_arguments,
        cost="slow",
        passes=lambda options, size: Passes(gradients=options.samples),
        numbers=ADDITIVITY_GAP,
    ),
)
