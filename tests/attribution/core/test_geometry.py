"""A map is laid over the pixels that it is about, whatever stands between."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.core.feature_maps import feature_layer
from heatproof.attribution.core.geometry import Axis, feature_axes
from tests.attribution.cells import upsample


def axes_of(*stack: layers.Layer, side: int = 28) -> tuple[Axis, Axis]:
    inputs = x = keras.Input((side, side, 1))
    for layer in stack:
        x = layer(x)
    return feature_axes(keras.Model(inputs, x), stack[-1].name)


def test_without_padding_it_is_the_common_resize() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 4, 8)).astype(np.float32)
    axes = (Axis(1.5, 4, 4), Axis(0.5, 2, 8))
    expected = tf.image.resize(maps[..., None], (16, 16), "bilinear").numpy()[..., 0]
    np.testing.assert_allclose(upsample(maps, axes, (16, 16)), expected, atol=1e-6)


def test_same_windows_cover_their_input_evenly() -> None:
    vertical, horizontal = axes_of(
        layers.Conv2D(2, 3, strides=2, padding="same"), layers.MaxPooling2D(2)
    )
    assert vertical == horizontal == Axis(1.5, 4.0, 7)


def test_padding_moves_the_grid_out_of_the_image() -> None:
    vertical, horizontal = axes_of(
        layers.ZeroPadding2D(((2, 2), (1, 3))), layers.Conv2D(1, 1), layers.AveragePooling2D(4)
    )
    assert vertical == Axis(-0.5, 4.0, 8)
    assert horizontal == Axis(0.5, 4.0, 8)


def test_cropping_moves_the_grid_into_the_image() -> None:
    assert axes_of(layers.Cropping2D(3))[0] == Axis(3.0, 1.0, 22)


def test_unpadded_windows_leave_the_rim_out() -> None:
    # 28 -> 26 -> 13 -> 11: cell 0 sees pixels 0 to 7, whose middle is 3.5; the last one 20 to 27.
    stack = (layers.Conv2D(1, 3), layers.MaxPooling2D(2), layers.Conv2D(1, 3))
    axis = axes_of(*stack)[0]
    centres = axis.start + axis.jump * np.arange(axis.cells)
    np.testing.assert_allclose(centres, 3.5 + 2 * np.arange(11))


def test_dilated_windows_reach_further() -> None:
    assert axes_of(layers.Conv2D(1, 3, dilation_rate=2))[0] == Axis(2.0, 1.0, 24)


def test_branches_meet_at_one_grid() -> None:
    inputs = keras.Input((16, 16, 1))
    branches = [layers.Conv2D(2, k, strides=2, padding="same")(inputs) for k in (1, 3)]
    model = keras.Model(inputs, layers.Add(name="sum")(branches))
    assert feature_axes(model, "sum")[0] == Axis(0.5, 2.0, 8)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "pooling", [layers.GlobalAveragePooling2D(keepdims=True), layers.AveragePooling2D(8)]
)
def test_a_gate_of_one_cell_leaves_the_grid_where_it_is(first: bool, pooling: layers.Layer) -> None:
    inputs = keras.Input((16, 16, 1))
    x = layers.Conv2D(2, 3, strides=2, padding="same", name="map")(inputs)
    gate = layers.Conv2D(2, 1)(pooling(x))
    gate = layers.Activation("sigmoid")(gate)
    x = layers.Multiply(name="gated")([gate, x] if first else [x, gate])
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert feature_axes(model, "gated")[0] == Axis(0.5, 2.0, 8)
    assert feature_layer(model) == "gated"


def test_no_value_leaves_the_range_of_its_map() -> None:
    maps = np.random.default_rng(0).random((5, 3, 3))
    large = upsample(maps, (Axis(-3.0, 7.0, 3), Axis(5.0, 9.0, 3)), (28, 28))
    assert large.dtype == np.float32
    assert large.min() >= maps.min() - 1e-6
    assert large.max() <= maps.max() + 1e-6


def test_a_layer_without_places_is_refused() -> None:
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(inputs)))
    with pytest.raises(ValueError, match="logits: not a feature map"):
        feature_axes(model, "logits")
