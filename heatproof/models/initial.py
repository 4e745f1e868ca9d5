"""Weights that a training starts from, in place of random ones: whitened patches, identities."""

import math

import keras
import numpy as np
from keras import ops

from heatproof.run.errors import UserError
from heatproof.storage.images import Images

PATCHES = 5_000_000  # whose covariance is enough, and of so many images at most
IMAGES = 5_000
AT_ONCE = 250
# Added to each eigenvalue, so that directions in which patches hardly differ are no noise made
# loud: the value of the paper's program.
SMALLEST_VARIANCE = 5e-4


def whiten(network: keras.Model, images: Images) -> None:
    """Have the first convolution whiten its patches, with a kernel that is trained no further.

    Its filters are the eigenvectors of the patches' covariance, each divided by the root of its
    eigenvalue, and the same with the opposite sign, those of the largest eigenvalues first
    (Jordan 2024, https://arxiv.org/abs/2404.00498). Filters beyond these keep their random weights,
    and stay as they are too.

    Args:
        network: untrained; its kernel is changed in place.
        images: uint8 (n, height, width, channels), of which the first 5,000 at most are looked at.

    Raises:
        UserError: it has no convolution that all else follows, or one with a single filter.
    """
    layer = _first_convolution(network)
    before = keras.Model(network.input, layer.input)
    rows, columns, channels, filters = layer.kernel.shape
    height, width = layer.input.shape[1:3]
    count = min(len(images), IMAGES, max(1, math.ceil(PATCHES / (height * width))))
    size = rows * columns * channels
    covariance, seen = np.zeros((size, size)), 0
    for start in range(0, count, AT_ONCE):
        chunk = images[start : min(start + AT_ONCE, count)].astype(np.float32) / 255
        given = ops.convert_to_numpy(ops.cast(before(chunk, training=False), "float32"))
        patches = np.lib.stride_tricks.sliding_window_view(given, (rows, columns), axis=(1, 2))
        # (n, height, width, channels, rows, columns) in the order of a kernel's weights
        flat = patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size)
        covariance += flat.T @ flat
        seen += len(flat)
    values, vectors = np.linalg.eigh(covariance / seen)
    whitening = (vectors / np.sqrt(values + SMALLEST_VARIANCE))[:, ::-1]
    pairs = min(size, filters // 2)
    kernel = ops.convert_to_numpy(layer.kernel).reshape(size, filters).copy()
    kernel[:, :pairs] = whitening[:, :pairs]
    kernel[:, pairs : 2 * pairs] = -whitening[:, :pairs]
    layer.kernel.assign(kernel.reshape(layer.kernel.shape))
    layer.kernel.trainable = False


def hand_on(network: keras.Model) -> None:
    """Have each convolution begin by handing on its input, in as many filters as it has channels.

    The first of its filters become identities, the others keep their random weights (Jordan 2024,
    after Zagoruyko & Komodakis 2017, https://arxiv.org/abs/1706.00388).
    It is done to those of odd kernels above 1×1, not in groups, that have filters enough.

    Args:
        network: untrained; its kernels are changed in place.
    """
    for layer in network.layers:
        if not isinstance(layer, keras.layers.Conv2D) or layer.groups != 1:
            continue
        rows, columns, channels, filters = layer.kernel.shape
        if filters < channels or rows * columns == 1 or not (rows % 2 and columns % 2):
            continue
        kernel = ops.convert_to_numpy(layer.kernel).copy()
        kernel[..., :channels] = 0
        kernel[rows // 2, columns // 2, :, :channels] = np.eye(channels)
        layer.kernel.assign(kernel)


def _first_convolution(network: keras.Model) -> keras.layers.Conv2D:
    """Return the layer that whitens.

    Raises:
        UserError: there is none.
    """
    layers = [each for each in network.layers if isinstance(each, keras.layers.Conv2D)]
    if not layers or layers[0].filters < 2:
        raise UserError(
            f"params.yaml: training.whitening of {network.name}: its first layer is no convolution "
            "of two filters or more; give whitening: false"
        )
    return layers[0]
