"""Feature maps: each convolution's activations on real images."""

from typing import Any

import keras
import numpy as np

from heatproof.attribution.core.activation_layers import activated_maps
from heatproof.attribution.core.network import Network

# All feature maps of one cell together; the deepest network needs a third of it for 3 images and 8
# channels per layer.
MAX_BYTES = 1_500_000


def feature_maps(network: Network, images: np.ndarray, channels: int) -> dict[str, np.ndarray]:
    """Return the activated maps of every convolution, at the layers' own sizes.

    Args:
        network: the network to inspect.
        images: float32 (n, height, width, channels) in [0, 1].
        channels: of each layer, at most. They are the first: their order in a network means
            nothing, so these are as good as drawn. Fewer where all together would take more than
            MAX_BYTES, at least one.

    Returns:
        layer name -> float32 (n, rows, columns, channels), raw, in the order of the graph.
    """
    names = activated_maps(network.model)
    if not names:
        return {}
    outputs = [network.model.get_layer(name).output for name in names]
    places = sum(int(np.prod(output.shape[1:3])) for output in outputs)
    count = int(np.clip(MAX_BYTES // max(4 * places * len(images), 1), 1, channels))

    def function(batch: Any) -> tuple:
        maps = keras.Model(network.model.input, outputs)(batch, training=False)
        maps = maps if isinstance(maps, list | tuple) else [maps]
        return tuple(layer_maps[..., :count] for layer_maps in maps)

    compiled = network.compiled(("feature_maps", count), function)
    return dict(zip(names, network.in_batches(compiled, images), strict=True))
