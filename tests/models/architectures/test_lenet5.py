"""lenet5 is the network of figure 2 of LeCun et al. 1998."""

import keras

from heatproof.models import cost
from heatproof.models.architectures import lenet5

OPTIONS = lenet5.Network(architecture="lenet5", filters=[6, 16, 120], dense=84)


def test_sizes_and_weights_are_those_of_the_paper():
    inputs = keras.Input((32, 32, 1))
    model = keras.Model(inputs, lenet5.logits(OPTIONS, inputs, 10))
    layers = ("conv1", "pool1", "conv2", "pool2", "conv3", "dense", "logits")
    assert [model.get_layer(name).output.shape[1:] for name in layers] == [
        *((28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (1, 1, 120), (84,), (10,)),
    ]
    # C1 and C5 have 156 and 48,120 in the paper, F6 10,164.
    weights = {layer.name: layer.count_params() for layer in model.layers if layer.weights}
    assert weights == {"conv1": 156, "conv2": 2_416, "conv3": 48_120, "dense": 10_164,
                       "logits": 850}  # fmt: skip
    # C1: 28 · 28 places of 6 maps, 25 products each and a bias; and so on.
    assert cost.flops(model) == (
        784 * 6 * 51 + 100 * 16 * 301 + 120 * 801 + 84 * 241 + 10 * 169
    )  # fmt: skip
