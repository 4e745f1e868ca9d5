"""SmoothGrad: saliency without its noise (Smilkov et al. 2017).

https://arxiv.org/abs/1706.03825, section 3.1.
"""

from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution.core.method import Attribution
from heatproof.attribution.gradients.noisy_gradients import moments

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network


def smoothgrad(
    network: "Network",
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> Attribution:
    """Attribute each target logit to pixels: the mean gradient of noisy copies of the image.

    The gradients are averaged with their signs, so what points now up, now down cancels. The
    magnitude is taken of the mean, and of the colour channels the largest, as in saliency.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        samples: noisy copies of each image.
        noise: the noise's standard deviation, as a share of the range of pixels.
        seed: of the noise, which is the same for every image.

    Returns:
        maps float32 (n, height, width), not negative: change of the logit per unit of the pixel.
    """
    mean, _ = moments(network, images, targets, samples, noise, seed)
    return Attribution(np.abs(mean).max(axis=-1).astype(np.float32))
