"""Our 1×1 convolution gives what Keras' own gives, also where it is a product of matrices."""

import keras
import pytest

from heatproof.config import params
from heatproof.models import pointwise
from heatproof.models.build import build_model
from tests.models import like_keras
from tests.models.like_keras import assert_alike, operations


def pair(side: int, **options) -> tuple[keras.Layer, keras.Layer]:
    chosen = {"kernel_size": 1, "use_bias": False, **options}
    return like_keras.pair(pointwise.Conv2D, side, **chosen)


@pytest.mark.parametrize(
    ("side", "options", "multiplied"),
    [
        (1, {}, True),
        (8, {}, True),
        (8, {"activation": "relu"}, True),
        (8, {"padding": "same"}, True),
        (9, {}, False),
        (8, {"use_bias": True}, False),
        (8, {"strides": 2}, False),
        (8, {"kernel_size": (1, 3)}, False),
        (6, {"kernel_size": 3, "padding": "same"}, False),
    ],
    ids=str,
)
def test_outputs_and_gradients_are_those_of_keras(side, options, multiplied) -> None:
    layers = pair(side, **options)
    assert_alike(layers, side)
    ours = operations(layers[0], side)
    assert ("MatMul" in ours, "Conv2D" in ours) == (multiplied, not multiplied)


def test_half_precision_is_left_to_keras() -> None:
    layer, _ = pair(4)
    assert layer._multiplies(keras.KerasTensor((None, 4, 4, 3), "float32"))
    assert not layer._multiplies(keras.KerasTensor((None, 4, 4, 3), "bfloat16"))


def test_most_layers_of_mobilenet_v2_are_products() -> None:
    study = params.load()
    model = build_model(study.run("mobilenet_v2-cifar10"), (32, 32, 3), 10)
    ours = [layer for layer in model.layers if isinstance(layer, pointwise.Conv2D)]
    multiplied = [layer.name for layer in ours if layer._multiplies(layer.input)]
    assert multiplied == [
        "block2_project", "block3_expand", "block3_project", "block4_expand", "block4_project",
        "block5_expand", "block5_project", "block6_expand", "block6_project", "block7_expand",
        "block7_project", "head_conv",
    ]  # fmt: skip
