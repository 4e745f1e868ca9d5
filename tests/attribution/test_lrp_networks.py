"""Layer-wise relevance propagation on whole networks: what has to hold whatever the weights."""

from collections.abc import Callable
from functools import cache

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.propagation.lrp import lrp_alpha_beta, lrp_epsilon
from tests.attribution import architectures, networks
from tests.attribution.lrp_rules import NO_EPSILON, PIXELS, RULES, Rule, two_layers


def without_biases(model: keras.Model) -> keras.Model:
    for layer in model.layers:
        for weight in layer.weights:
            if weight.name in ("bias", "beta", "moving_mean"):
                weight.assign(np.zeros(weight.shape))
    return model


@cache
def every_kind() -> Network:
    """Return a network without biases of every kind of layer that has a rule."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Rescaling(2.0, -1.0)(inputs)
    x = layers.ReLU()(layers.Conv2D(4, 3, padding="same")(x))
    x = layers.BatchNormalization()(x)  # after an activation, so it is not folded
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    narrow, wide = layers.Conv2D(3, 1)(x), layers.Conv2D(3, 5, padding="same")(pooled)
    x = layers.BatchNormalization()(layers.Concatenate()([narrow, wide]))
    x = layers.Activation("relu6")(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.Add()([x, layers.Conv2D(6, 1, groups=2)(x)])
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(6, 1, activation="sigmoid")(
        layers.Conv2D(3, 1, activation="softplus")(gate)
    )
    x = layers.Subtract()([layers.Multiply()([gate, x]), layers.LayerNormalization()(x)])
    x = layers.Maximum()([layers.PReLU(shared_axes=[1, 2])(x), layers.Rescaling(0.5)(x)])
    x = layers.Average()([layers.Activation("gelu")(x), layers.Dense(6)(x)])
    x = layers.Dropout(0.5)(layers.AveragePooling2D(2)(layers.ZeroPadding2D(2)(x)))
    x = layers.GlobalAveragePooling2D()(layers.LeakyReLU()(x))
    model = keras.Model(inputs, layers.Dense(4, name="logits")(x))
    architectures.randomise(model, seed=1)
    return Network(without_biases(model))


@pytest.mark.parametrize("rule", RULES)
def test_without_biases_nothing_is_lost(rule: Rule) -> None:
    found = rule(every_kind(), networks.images(3, 8, 3), np.array([0, 2, 3]))
    assert found.maps.any(axis=(1, 2)).all()
    np.testing.assert_allclose(found.numbers["conservation_error"], 0, atol=1e-5)


@pytest.mark.usefixtures("uncompiled")
def test_every_architecture(architecture: architectures.Architecture) -> None:
    """Without biases: alpha 1 keeps the logit and its sign, no epsilon is gradient × input."""
    model = without_biases(architectures.build(architecture.name))
    network = Network(model)
    images, targets = architecture.images(), architecture.targets()
    logits = model(images, training=False).numpy()[np.arange(3), targets]
    found = lrp_alpha_beta(network, images, targets, 1.0)
    np.testing.assert_allclose(found.maps.sum(axis=(1, 2)), logits, rtol=1e-4)
    assert (found.maps * np.sign(logits)[:, None, None] >= 0).all()
    np.testing.assert_allclose(found.numbers["conservation_error"], 0, atol=1e-4)

    gradients = network.score_gradients(images, targets).astype(np.float64)
    normalise = network.model.get_layer("normalise")
    expected = (gradients * np.asarray(normalise(images)) / normalise.scale).sum(axis=-1)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(
        lrp_epsilon(network, images, targets, NO_EPSILON).maps,
        expected,
        rtol=1e-2,  # float32's: without epsilon some outputs to divide by are almost zero
        atol=1e-3 * np.abs(expected).max(),
    )


@pytest.mark.parametrize("rule", RULES)
def test_the_mean_colour_gets_no_relevance(rule: Rule) -> None:
    """A pixel's relevance is that of its normalised value, and biases keep the rest."""
    inputs = keras.Input((4, 4, 1))
    x = layers.Rescaling(1 / 0.2, -0.3 / 0.2)(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    architectures.randomise(model, seed=1)
    image = np.full((1, 4, 4, 1), 0.3, np.float32)
    image[0, 1, 2] = 0.5
    found = rule(Network(model), image, np.array([0])).maps[0]
    assert found[1, 2] != 0
    found[1, 2] = 0
    np.testing.assert_allclose(found, 0, atol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_everything_lies_in_the_patch_that_decides(rule: Rule) -> None:
    weights = np.zeros((8, 8, 1, 2), np.float32)
    weights[2:4, 5:7, 0, 0] = [[1, -2], [3, 0.5]]
    maps = rule(Network(networks.linear(weights)), networks.images(3, 8, 1), np.zeros(3, int)).maps
    assert (maps[:, 2:4, 5:7] != 0).any(axis=(1, 2)).all()
    maps[:, 2:4, 5:7] = 0
    assert not maps.any()


@cache
def averaged() -> Network:
    return Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2)), channels=3))


@pytest.mark.parametrize("rule", RULES)
def test_a_network_that_looks_at_nothing(rule: Rule) -> None:
    network = Network(networks.averaged(np.zeros((3, 2), np.float32)))
    black, grey = np.zeros((1, 6, 6, 1), np.float32), np.full((1, 6, 6, 1), 0.5, np.float32)
    found = rule(network, np.concatenate([black, grey]), np.array([0, 1]))
    np.testing.assert_array_equal(found.maps, np.zeros((2, 6, 6), np.float32))
    assert np.isnan(found.numbers["conservation_error"]).all()  # of a logit that is 0


@pytest.mark.parametrize("rule", RULES)
def test_black_and_no_images(rule: Rule) -> None:
    black = rule(two_layers(), 0 * PIXELS, np.array([0]))
    np.testing.assert_array_equal(black.maps, np.zeros((1, 1, 2)))
    np.testing.assert_allclose(black.numbers["conservation_error"], 1)  # all of it is the biases'
    empty = rule(averaged(), np.zeros((0, 6, 6, 3), np.float32), np.zeros(0, np.int64))
    assert empty.maps.shape == (0, 6, 6)
    assert empty.numbers["conservation_error"].shape == (0,)


@pytest.mark.parametrize("rule", RULES)
def test_other_weights_are_followed(rule: Rule) -> None:
    """What is compiled reads the weights when it is called, the bounds of alpha-beta too."""
    one, other = (architectures.build("baseline_cnn", seed=seed) for seed in (0, 1))
    images, targets = networks.images(2, 32, 3), np.array([1, 4])
    network = Network(one)
    before = rule(network, images, targets).maps
    network.load(other)
    after = rule(network, images, targets).maps
    assert np.abs(after - before).max() > 0.1 * np.abs(before).max()
    np.testing.assert_allclose(after, rule(Network(other), images, targets).maps, rtol=1e-6)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (lambda: layers.UnitNormalization(name="odd"), "layers of the kind UnitNormalization"),
        (
            lambda: layers.LayerNormalization(axis=(1, 2, 3), name="odd"),
            "a layer normalisation of more than the channels of each place",
        ),
        (lambda: layers.Activation("sigmoid", name="odd"), "the activation sigmoid"),
        (lambda: layers.Conv2D(2, 1, activation="softplus", name="odd"), "the activation softplus"),
        (
            lambda: layers.BatchNormalization(axis=1, name="odd"),
            "a normalisation of rows or columns",
        ),
    ],
)
def test_a_layer_without_a_rule(layer: Callable[[], keras.layers.Layer], reason: str) -> None:
    inputs = keras.Input((4, 4, 2))
    x = layers.Flatten()(layer()(inputs))
    network = Network(keras.Model(inputs, layers.Dense(2, name="logits")(x)))
    for rule in RULES:
        with pytest.raises(UnsupportedNetwork) as raised:
            rule(network, networks.images(1, 4, 2), np.array([0]))
        assert str(raised.value) == (
            f"layer-wise relevance propagation has no rule for {reason} ('odd')"
        )
