"""VarGrad: how much the gradient varies around the image (Adebayo et al. 2018).

https://arxiv.org/abs/1810.03292, section 2 and appendix B.
"""

from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution.core.method import Attribution
from heatproof.attribution.gradients.noisy_gradients import moments

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network


def vargrad(
    network: "Network",
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> Attribution:
    """Attribute each target logit to pixels: the variance of the gradient over noisy copies.

    It is the variance of the samples themselves (divided by their number), and of the colour
    channels the largest.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        samples: noisy copies of each image.
        noise: the noise's standard deviation, as a share of the range of pixels.
        seed: of the noise, which is the same for every image, and the same as SmoothGrad's.

    Returns:
        maps float32 (n, height, width), not negative: the square of saliency's unit.
    """
    _, variance = moments(network, images, targets, samples, noise, seed)
    return Attribution(variance.max(axis=-1).astype(np.float32))
