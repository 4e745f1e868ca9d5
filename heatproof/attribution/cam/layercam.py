"""LayerCAM: each place of each feature map weighed by its own gradient (Jiang et al. 2021).

https://doi.org/10.1109/TIP.2021.3089943, its section on LayerCAM: a place's weight is the positive
part of its gradient, the map the positive part of the weighted sum over channels. Since no weight
is shared by a whole channel, it also serves layers before the last, whose maps are finer. After the
last feature maps of a network that averages them globally, every place of a channel has the same
gradient, and the map is Grad-CAM's with the negative weights left out (and Grad-CAM++'s).
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.cam import cam
from heatproof.attribution.core.method import Attribution

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network


def layercam(
    network: "Network", images: np.ndarray, targets: np.ndarray, layer: str
) -> Attribution:
    """Attribute each target logit to regions of the image.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        layer: the name of the layer whose feature maps are weighed.

    Returns:
        maps float32 (n, height, width), not negative.
    """
    return cam.explain(network, images, targets, layer, weighted)


def weighted(features: Any, gradients: Any) -> Any:
    """Weigh each place by its positive gradient, and sum the channels."""
    import tensorflow as tf

    return tf.reduce_sum(tf.nn.relu(gradients) * features, axis=-1)
