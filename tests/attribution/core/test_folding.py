"""Batch normalisation folded away: the same logits, and only where they stay the same."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.applications.convnext import LayerScale

from heatproof.attribution.core.folding import copy_folded, factors, folded, scale_and_shift
from tests.attribution import architectures, networks


def norms(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


def test_every_architecture(every_architecture: architectures.Architecture) -> None:
    """The same logits and layer names, and not one batch normalisation left."""
    images = every_architecture.images()
    expected = every_architecture.model(images, training=False).numpy()
    found = every_architecture.network.logits(images)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    names = [layer.name for layer in every_architecture.model.layers]
    assert [layer.name for layer in every_architecture.network.model.layers] == names
    assert not norms(every_architecture.network.model)


def branches(axis: int, x: keras.KerasTensor) -> keras.KerasTensor:
    parts = [layers.Conv2D(2, 1)(x), layers.Conv2D(2, 3, padding="same", use_bias=False)(x)]
    return layers.BatchNormalization(name="bn")(layers.Concatenate(axis=axis)(parts))


def nested(x: keras.KerasTensor) -> keras.KerasTensor:
    inner = layers.Concatenate()([layers.Conv2D(2, 1)(x), layers.Conv2D(1, 1)(x)])
    outer = layers.Concatenate()([layers.DepthwiseConv2D(3, padding="same")(x), inner])
    return layers.BatchNormalization(name="bn")(outer)


def one_branch_activated(x: keras.KerasTensor) -> keras.KerasTensor:
    parts = [layers.Conv2D(2, 1)(x), layers.Conv2D(2, 1, activation="relu")(x)]
    return layers.BatchNormalization(name="bn")(layers.Concatenate()(parts))


def the_same_branch_twice(x: keras.KerasTensor) -> keras.KerasTensor:
    part = layers.Conv2D(2, 1)(x)
    return layers.BatchNormalization(name="bn")(layers.Concatenate()([part, part]))


def two_readers(x: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Conv2D(3, 3, padding="same")(x)
    return layers.Add()([layers.BatchNormalization(name="bn")(x), x])


def twice(x: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.BatchNormalization(name="folded")(layers.Conv2D(3, 3)(x))
    return layers.BatchNormalization(name="bn")(x)


def then(*chain: layers.Layer) -> Callable[[keras.KerasTensor], keras.KerasTensor]:
    def apply(x: keras.KerasTensor) -> keras.KerasTensor:
        for layer in chain:
            x = layer(x)
        return x

    return apply


def case(*chain: Callable[[], layers.Layer]) -> Callable[[keras.KerasTensor], keras.KerasTensor]:
    return lambda x: then(*(make() for make in chain))(x)


def bn(**options: object) -> Callable[[], layers.Layer]:
    return lambda: layers.BatchNormalization(name="bn", **options)


# what is before and after the normalisation "bn", and whether it can be folded
CASES = {
    "conv with bias": (case(lambda: layers.Conv2D(4, 3), bn()), True),
    "conv without bias": (case(lambda: layers.Conv2D(4, 3, use_bias=False), bn()), True),
    "no scale": (case(lambda: layers.Conv2D(4, 3), bn(scale=False)), True),
    "no center": (case(lambda: layers.Conv2D(4, 3, use_bias=False), bn(center=False)), True),
    "neither": (case(lambda: layers.Conv2D(4, 3), bn(scale=False, center=False)), True),
    "large epsilon": (case(lambda: layers.Conv2D(4, 3), bn(epsilon=0.5)), True),
    "depthwise": (case(lambda: layers.DepthwiseConv2D(3, use_bias=False), bn()), True),
    "depthwise with multiplier": (
        case(lambda: layers.DepthwiseConv2D(3, depth_multiplier=3), bn()), True,
    ),
    "dense": (case(layers.Flatten, lambda: layers.Dense(3), bn()), True),
    "dense of places": (case(lambda: layers.Dense(3, use_bias=False), bn()), True),
    "branches": (lambda x: branches(-1, x), True),
    "branches, axis counted from the front": (lambda x: branches(3, x), True),
    "branches of branches": (nested, True),
    "branches one below the other": (lambda x: branches(1, x), False),
    "a branch with an activation": (one_branch_activated, False),
    "the same branch twice": (the_same_branch_twice, False),
    "two readers": (two_readers, False),
    "after an activation": (case(lambda: layers.Conv2D(4, 3), layers.ReLU, bn()), False),
    "after the layer's own activation": (
        case(lambda: layers.Conv2D(4, 3, activation="relu"), bn()), False,
    ),
    "after a normalisation": (twice, False),
    "after pooling": (
        case(lambda: layers.Conv2D(4, 3), lambda: layers.MaxPooling2D(2), bn()), False,
    ),
    "after maxima, by a factor that is always positive": (
        case(
            lambda: layers.Conv2D(4, 3, use_bias=False),
            lambda: layers.MaxPooling2D(2),
            bn(scale=False),
        ),
        True,
    ),
    "after averages": (
        case(lambda: layers.Conv2D(4, 3), lambda: layers.AveragePooling2D(2), bn(scale=False)),
        False,
    ),
    "behind padding, whose zeros are not shifted": (
        case(lambda: layers.Conv2D(4, 3), lambda: layers.ZeroPadding2D(1), bn()), False,
    ),
    "conv of padding": (
        case(lambda: layers.ZeroPadding2D(((0, 1), (0, 1))), lambda: layers.Conv2D(4, 3), bn()),
        True,
    ),
    "depthwise conv in groups": (
        case(lambda: layers.Conv2D(6, 3, groups=2, strides=2, padding="same"), bn()), True,
    ),
    "conv in groups of two": (
        case(lambda: layers.Conv2D(4, 1), lambda: layers.Conv2D(6, 3, groups=2), bn()), True,
    ),
    "of the image": (case(bn()), False),
    "of rows and not channels": (case(lambda: layers.Conv2D(4, 3), bn(axis=1)), False),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_odd_networks(name: str) -> None:
    build, folds = CASES[name]
    inputs = keras.Input((6, 6, 2))
    x = layers.Activation("relu", name="after")(build(inputs))
    x = layers.Flatten()(x)
    model = keras.Model(inputs, layers.Dense(3, name="logits")(x))
    architectures.randomise(model, seed=1)
    copy, images = folded(model), networks.images(4, 6, 2)
    assert norms(copy) == ([] if folds else ["bn"])
    expected = model(images, training=False).numpy()
    assert expected.std() > 0.1
    np.testing.assert_allclose(copy(images, training=False).numpy(), expected, rtol=1e-5, atol=1e-5)
    # Filled again with other weights.
    architectures.randomise(model, seed=2)
    copy_folded(model, copy)
    again = model(images, training=False).numpy()
    assert np.abs(again - expected).max() > 0.1
    np.testing.assert_allclose(copy(images, training=False).numpy(), again, rtol=1e-5, atol=1e-5)


def test_scale_and_shift() -> None:
    layer = layers.BatchNormalization(epsilon=0.25)
    layer.build((None, 2))
    layer.set_weights([np.array([2.0, 3.0]), np.array([1.0, -1.0]), np.array([4.0, 0.5]),
                       np.array([0.75, 3.75])])  # fmt: skip
    scale, shift = scale_and_shift(layer)
    assert scale.dtype == shift.dtype == np.float32
    np.testing.assert_allclose(scale, [2, 1.5])
    np.testing.assert_allclose(shift, [1 - 8, -1 - 0.75])


def test_a_convolution_of_each_channel_is_a_depthwise_one() -> None:
    """In groups TensorFlow has no gradient of it on a CPU."""
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(6, 3, groups=3, name="each")(inputs)
    x = layers.Conv2D(6, 3, groups=2, name="pairs")(x)
    copy = folded(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x))))
    assert isinstance(copy.get_layer("each"), layers.DepthwiseConv2D)
    assert copy.get_layer("pairs").groups == 2


@pytest.mark.parametrize("activation", ["linear", "gelu"])
def test_layer_scale(activation: str) -> None:
    inputs = keras.Input((6, 6, 2))
    dense = layers.Dense(3, use_bias=False, activation=activation, name="dense")
    x = layers.Flatten()(LayerScale(0.1, 3, name="scale")(dense(inputs)))
    model = keras.Model(inputs, layers.Dense(3, name="logits")(x))
    architectures.randomise(model, seed=1)
    copy, images = folded(model), networks.images(4, 6, 2)
    linear = activation == "linear"
    assert isinstance(copy.get_layer("scale"), layers.Identity) == linear
    expected = model(images, training=False).numpy()
    np.testing.assert_allclose(copy(images, training=False).numpy(), expected, rtol=1e-5, atol=1e-5)
    if linear:
        np.testing.assert_allclose(factors(model)["dense"], scale_and_shift(model.layers[2])[0])
