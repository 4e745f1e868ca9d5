"""DeepSHAP: DeepLIFT's rescale rule, averaged over training images.

Lundberg & Lee 2017 (https://arxiv.org/abs/1705.07874, section 4.2); the rules, and what they are
called, are in `deeplift_rules`. The logit's difference between the explained image and a training
image is handed back to the pixels exactly, and the mean is taken over the training images.

What a pair of images costs is a backward pass: each image goes forward once, not once a pair.
"""

from typing import Any

import numpy as np

from heatproof.attribution.core.additivity import ADDITIVITY_GAP
from heatproof.attribution.core.method import Attribution, EngineOptions, Library, Method, Passes
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import is_small
from heatproof.attribution.libraries import shap_package
from heatproof.attribution.shapley.background import BackgroundOptions, shared_out
from heatproof.attribution.shapley.deeplift_rules import curved_layers, multipliers_of, passed


class DeepShapOptions(EngineOptions, BackgroundOptions):
    """explain.shapley.deep_shap of params.yaml."""


def deep_shap(
    network: Network, images: np.ndarray, targets: np.ndarray, background: np.ndarray
) -> Attribution:
    """Attribute each target logit to pixels.

    Args:
        background: float32 (m, height, width, channels) in [0, 1], training images.

    Returns:
        maps summed over channels; `additivity_gap`, zero up to rounding.

    Raises:
        UnsupportedNetwork: there is no rule for one of its layers.
    """
    import tensorflow as tf

    model = network.model
    curved = curved_layers(model)

    def forward(batch: Any) -> Any:
        return passed(model, batch, curved)

    def backward(batch: Any, chosen: Any, training: Any, facts: Any) -> Any:
        """Return what each pixel contributes, (a, height, width): a sum over training images."""
        start = tf.repeat(tf.one_hot(chosen, network.classes), tf.shape(training)[0], axis=0)
        change = batch[:, None] - training
        multipliers = multipliers_of(model, forward(batch)[1], facts, start)
        return tf.reduce_sum(tf.reshape(multipliers, tf.shape(change)) * change, axis=(1, 4))

    of_training = network.compiled("deep_shap_background", forward)
    of_pairs = network.compiled("deep_shap", backward)
    maps, expected = np.zeros(images.shape[:3]), np.zeros(network.classes)
    # A pair keeps no activations of its own, so two batches of them take no more than a batch; but
    # of large images the training images' are most of what the stage holds (2.2 GiB at 224 pixels).
    together = network.batch_size * (2 if is_small(images.shape[1:3]) else 1)
    for part in np.array_split(background, -(-len(background) // together)):
        training = tf.constant(part)
        logits, facts = of_training(training)
        expected += logits.numpy().sum(axis=0, dtype=np.float64) / len(background)
        # Of equal size and the last one filled up: XLA compiles for one number of pairs at a time.
        calls = -(-len(images) // max(1, network.batch_size // len(part)))
        size = -(-len(images) // max(1, calls))
        filled = calls * size
        maps += network.in_batches(
            lambda batch, chosen, t=training, f=facts: of_pairs(batch, chosen, t, f),
            np.resize(images, (filled, *images.shape[1:])), np.resize(targets, filled), size=size,
        )[: len(images)]  # fmt: skip
    return shared_out(network, images, targets, maps / len(background), expected)


METHODS = (
    Method(
        name="deep_shap",
        label="DeepSHAP",
        family="shapley",
        needs="layers",
        also=("propagation",),
        shows="differences from training images propagated back layer by layer: an approximation "
        "of each pixel’s Shapley value whose sum is exact",
        reference="Lundberg & Lee 2017; Shrikumar et al. 2017",
        address="arXiv:1704.02685",
        definition="DeepLIFT’s contributions by the rescale rule to the logit’s difference from a "
        "training image, the mean over training images, summed over the colour channels.",
        equation="M = Σ_c 1/m Σ_x′ m(x_c, x′_c) (x_c − x′_c), m = (g(a) − g(a′)) / (a − a′) at "
        "each activation",
        deviations="Maximum pooling, products and layer normalisation follow rules of the shap "
        "package, since the papers give none; attention is shared out as products are.",
        options=DeepShapOptions,
        explain=deep_shap,
        library=Library(shap_package.PACKAGE, shap_package.deep_shap),
        arguments=lambda options, context: {"background": context.background(options.background)},
        cost="slow",
        passes=lambda options, size: Passes(gradients=2 * options.background),
        numbers=ADDITIVITY_GAP,
    ),
)
