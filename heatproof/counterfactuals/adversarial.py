"""Adversarial examples by the fast gradient sign method, and Grad-CAM's maps of them.

Goodfellow, Shlens and Szegedy 2015, https://arxiv.org/abs/1412.6572, section 4:

    x' = clip(x + epsilon * sign(gradient of the loss of class y at x), 0, 1).

y is the class that the network predicts, which of an image it gets right is the true one. The step
is taken once, whatever epsilon: what is tried is how far along the one direction the prediction
changes. Where clipping keeps pixels back, and where the network is not linear, a larger epsilon may
flip less than a smaller one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from heatproof.attribution.cam.gradcam import gradcam
from heatproof.attribution.core.network import Network
from heatproof.counterfactuals.counterfactual_search import (
    in_fixed_size_batches,
    shortfall,
)
from heatproof.statistics.softmax import softmax


@dataclass(frozen=True)
class Attack:
    """What the attack did to n images.

    images: float32 (n, height, width, channels) in [0, 1]: of the smallest epsilon tried that
    flips the prediction; where none does, of the largest. epsilon: float32 (n,), that smallest one,
    NaN where none flips. before, after: int64 (n,), the class predicted of the image as it was and
    of the stored one. confidence_before, confidence: float32 (n,), their probabilities. epsilons:
    float32 (k,), ascending, the first of them 0. predicted: int64 (n, k), by epsilon.
    """

    images: np.ndarray
    epsilon: np.ndarray
    before: np.ndarray
    after: np.ndarray
    confidence_before: np.ndarray
    confidence: np.ndarray
    epsilons: np.ndarray
    predicted: np.ndarray

    @property
    def flipped(self) -> np.ndarray:
        """Whether some epsilon flips the prediction, bool (n,)."""
        return self.before != self.after


def fgsm(network: Network, images: np.ndarray, epsilons: list[float]) -> Attack:
    """Attack the class that the network predicts of each image.

    Args:
        network: the network to attack, of two classes or more.
        images: float32 (n, height, width, channels) in [0, 1].
        epsilons: how far a pixel may go, of [0, 1].

    Raises:
        FloatingPointError: a value is NaN or infinite.
    """
    tried = np.array([0.0, *sorted(set(epsilons))], np.float32)
    before = network.logits(images).argmax(axis=1)
    direction = np.sign(_loss_gradients(network, images, before))
    logits = np.stack(
        [network.logits(_moved(images, direction, epsilon)) for epsilon in tried], axis=1
    )
    predicted = logits.argmax(axis=2)
    flips = predicted != before[:, None]
    flipped = flips.any(axis=1)
    chosen = np.where(flipped, flips.argmax(axis=1), len(tried) - 1)
    rows = np.arange(len(images))
    after = predicted[rows, chosen]
    return Attack(
        images=_moved(images, direction, tried[chosen][:, None, None, None]),
        epsilon=np.where(flipped, tried[chosen], np.nan).astype(np.float32),
        before=before,
        after=after,
        confidence_before=softmax(logits[:, 0])[rows, before].astype(np.float32),
        confidence=softmax(logits[rows, chosen])[rows, after].astype(np.float32),
        epsilons=tried,
        predicted=predicted,
    )


def gradcams(
    network: Network, images: np.ndarray, attack: Attack, layer: str
) -> dict[str, np.ndarray]:
    """Explain the images and what became of them.

    Returns:
        `<image>/<class>` -> float32 (n, height, width), Grad-CAM: `image` is `original` or
        `adversarial`, `class` is `before` (as the original was predicted) or `after`.
    """
    shown = {"original": images, "adversarial": attack.images}
    classes = {"before": attack.before, "after": attack.after}
    return {
        f"{image}/{name}": gradcam(network, pixels, targets, layer).maps
        for image, pixels in shown.items()
        for name, targets in classes.items()
    }


def _moved(images: np.ndarray, direction: np.ndarray, epsilon: Any) -> np.ndarray:
    return np.clip(images + epsilon * direction, 0, 1).astype(np.float32)


def _loss_gradients(network: Network, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return a gradient with the sign of the cross-entropy's, float32 like `images`.

    The cross-entropy is ln(1 + exp(s)), s by how much the other classes outweigh this one. Its own
    gradient is lost to rounding where the network is sure; that of s is not.
    """

    def function(batch: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(batch)
            outweighed = shortfall(network.logits_of(batch), targets, 0.5)
        return tape.gradient(outweighed, batch, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return in_fixed_size_batches(
        network, network.compiled("loss gradients", function), images, classes
    )
