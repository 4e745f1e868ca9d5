"""EfficientNet-Lite0: EfficientNet-B0 for small processors, and its ImageNet weights.

https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite after Tan & Le 2019,
https://arxiv.org/abs/1905.11946: no squeeze-and-excite, ReLU6 for swish, stem and head not scaled.
Without its classifier it has 3.4 million parameters, with it 4.7 million. `lite0_weights` knows
where its weights are.
"""

import keras
import numpy as np
from keras import KerasTensor

from heatproof.models import layers
from heatproof.models.lite0_weights import FILE, file
from heatproof.models.torch_file import read_tensors
from heatproof.run.errors import UserError

# Repeats, kernel size, stride of the first, expansion, output channels (table 1 of the paper).
_STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
)  # fmt: skip
_STEM, _HEAD = 32, 1280


def backbone(input_shape: tuple[int, int, int]) -> keras.Model:
    """Build it without its classifier, with fresh weights.

    Args:
        input_shape: height, width, 3.

    Returns:
        images (n, height, width, 3) scaled to (x - 127) / 128 -> feature maps (n, ⌈height / 32⌉,
        ⌈width / 32⌉, 1280), after a ReLU6.
    """
    image = keras.Input(input_shape)
    x = layers.conv_bn_relu(image, _STEM, 3, stride=2, name="stem_conv", kind="relu6")
    number = 0
    for repeats, kernel, stride, expansion, channels in _STAGES:
        for repeat in range(repeats):
            number += 1
            x = _block(x, kernel, stride if repeat == 0 else 1, expansion, channels, number)
    x = layers.conv_bn_relu(x, _HEAD, 1, name="head_conv", kind="relu6")
    return keras.Model(image, x, name="efficientnet_lite0")


def _block(
    x: KerasTensor, kernel: int, stride: int, expansion: int, channels: int, number: int
) -> KerasTensor:
    """Expand, convolve each channel, project; add what came in where the shape is the same."""
    name, entered = f"block{number}", x
    if expansion > 1:
        width = expansion * x.shape[-1]
        x = layers.conv_bn_relu(x, width, 1, name=f"{name}_expand_conv", kind="relu6")
    x = layers.depthwise(x, kernel, stride=stride, name=f"{name}_depthwise")
    x = layers.bn_relu(x, name=f"{name}_depthwise", kind="relu6")
    x = layers.conv(x, channels, 1, name=f"{name}_project_conv")
    x = layers.batch_norm(x, name=f"{name}_project_conv_bn")
    if stride == 1 and entered.shape[-1] == channels:
        x = keras.layers.Add(name=f"{name}_add")([entered, x])
    return x


def load_imagenet(model: keras.Model) -> None:
    """Give a backbone its ImageNet weights.

    Args:
        model: as `backbone` builds it.

    Raises:
        UserError: the file is not there, or not this network's.
    """
    tensors = read_tensors(file())
    taken = {"_fc.weight", "_fc.bias"}  # the classifier's, which is not wanted

    def tensor(name: str) -> np.ndarray:
        if name not in tensors:
            raise UserError(f"{FILE}: it has no tensor {name}: not the weights of this network")
        taken.add(name)
        return tensors[name]

    for layer, source, normalisation in _names():
        kernel = tensor(f"{source}.weight")
        order = (2, 3, 0, 1) if layer.endswith("_depthwise") else (2, 3, 1, 0)
        model.get_layer(layer).set_weights([kernel.transpose(order)])
        parts = ("weight", "bias", "running_mean", "running_var")
        values = [tensor(f"{normalisation}.{part}") for part in parts]
        model.get_layer(f"{layer}_bn").set_weights(values)
    left = {name for name in tensors if not name.endswith("num_batches_tracked")} - taken
    if left:
        raise UserError(f"{FILE}: {len(left)} tensors of another network, {min(left)} the first")


def _names() -> list[tuple[str, str, str]]:
    """Return each convolution's layer here, and its name and its normalisation's in the file."""
    names = [("stem_conv", "_conv_stem", "_bn0"), ("head_conv", "_conv_head", "_bn1")]
    number = 0
    for repeats, _, _, expansion, _ in _STAGES:
        for _ in range(repeats):
            source, number = f"_blocks.{number}", number + 1
            block = f"block{number}"
            if expansion > 1:
                names.append((f"{block}_expand_conv", f"{source}._expand_conv", f"{source}._bn0"))
            names += [
                (f"{block}_depthwise", f"{source}._depthwise_conv", f"{source}._bn1"),
                (f"{block}_project_conv", f"{source}._project_conv", f"{source}._bn2"),
            ]
    return names
