"""Layer-wise relevance propagation, worked out on paper: layer by layer, rule by rule."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.network import Network
from heatproof.attribution.propagation.lrp import lrp_alpha_beta, lrp_epsilon
from heatproof.attribution.propagation.lrp_layers import summands
from tests.attribution import architectures, networks
from tests.attribution.lrp_rules import (
    PIXELS,
    Rule,
    by_alpha_1,
    by_alpha_2,
    by_epsilon,
    two_layers,
)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_linear_network_is_gradient_times_input(channels: int) -> None:
    weights = np.random.default_rng(0).normal(size=(5, 7, channels, 4)).astype(np.float32)
    network = Network(networks.linear(weights))
    images = np.random.default_rng(1).random((4, 5, 7, channels)).astype(np.float32)
    targets = np.array([2, 0, 3, 2])
    found = by_epsilon(network, images, targets)
    assert found.maps.dtype == np.float32
    expected = (weights[..., targets].transpose(3, 0, 1, 2) * images).sum(axis=-1)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.numbers["conservation_error"], 0, atol=1e-4)


def test_two_layers_by_hand_with_the_epsilon_rule() -> None:
    """The hidden units get 8 and -3, the output's bias 1; the first one's bias 2 of its 8."""
    found = by_epsilon(two_layers(), PIXELS, np.array([0]))
    expected = [8 * 1 / 4 + -3 * -1 / 3, 8 * 2 / 4 + -3 * 4 / 3]
    np.testing.assert_allclose(found.maps[0, 0], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.numbers["conservation_error"], (1 + 2) / 6, rtol=1e-5)


def test_two_layers_by_hand_with_the_alpha_beta_rule() -> None:
    """Alpha 2: the positive 8 + 1 get twice the logit, of which the bias keeps 1 / 9."""
    found = by_alpha_2(two_layers(), PIXELS, np.array([0]))
    first, second = 2 * 6 * 8 / 9, -6
    # The first unit has positive contributions only, so they get it all and not twice it.
    expected = [first * 1 / 4 - second, first * 2 / 4 + 2 * second]
    np.testing.assert_allclose(found.maps[0, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(found.numbers["conservation_error"], 4 / 6, rtol=1e-5)


def test_epsilon_is_a_share_of_the_outputs_scale() -> None:
    """Logits 3 and -4: epsilon takes 0.1 * sqrt((9 + 16) / 2) from either, away from zero."""
    weights = np.array([[1, -1], [1, -1.5]], np.float32).reshape(1, 2, 1, 2)
    network, epsilon = Network(networks.linear(weights)), 0.1 * np.sqrt(12.5)
    images, targets = np.concatenate([PIXELS, PIXELS]), np.array([0, 1])
    found = lrp_epsilon(network, images, targets, 0.1)
    expected = [[3 / (3 + epsilon), 6 / (3 + epsilon)], [-4 / (4 + epsilon), -12 / (4 + epsilon)]]
    np.testing.assert_allclose(found.maps[:, 0], expected, rtol=1e-5)
    # In each image by itself: another, brighter one beside it changes nothing.
    beside = lrp_epsilon(network, np.concatenate([PIXELS, 9 * PIXELS]), targets, 0.1)
    np.testing.assert_allclose(beside.maps[0], found.maps[0], rtol=1e-6)


def test_the_strongest_pixel_of_a_window_gets_it_all() -> None:
    inputs = keras.Input((4, 4, 1))
    x = layers.Flatten()(layers.MaxPooling2D(2)(inputs))
    model = keras.Model(inputs, layers.Dense(1, use_bias=False, name="logits")(x))
    model.set_weights([np.array([[1], [2], [-3], [0.5]])])
    image = networks.images(1, 4, 1)
    windows = image.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)
    strongest = windows == windows.max(axis=1, keepdims=True)
    expected = np.where(strongest, windows * [[1], [2], [-3], [0.5]], 0)
    expected = expected.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)
    found = by_epsilon(Network(model), image, np.array([0]))
    np.testing.assert_allclose(found.maps[0], expected, rtol=1e-4, atol=1e-6)


def residual_block() -> Network:
    """Pixels (1, 2) make the neurons (3 - 2) + 1 and (-1 + 2) + 2, and these the logit 4 - 3.

    In brackets what the convolution's place brings, behind a batch normalisation that doubles it;
    the other summand is the pixel itself.
    """
    inputs = keras.Input((1, 2, 1))
    entered = layers.Flatten()(inputs)
    x = layers.Dense(2, use_bias=False, name="gathers")(entered)
    x = layers.BatchNormalization(epsilon=0.5, name="norm")(x)
    x = layers.ReLU()(layers.Add()([x, entered]))
    model = keras.Model(inputs, layers.Dense(1, use_bias=False, name="logits")(x))
    model.get_layer("gathers").set_weights([np.array([[3, -1], [-1, 1]]) / 2])
    model.get_layer("norm").set_weights(list(np.array([[2, 2], [0, 0], [0, 0], [0.5, 0.5]])))
    model.get_layer("logits").set_weights([np.array([[2], [-1]])])
    return Network(model)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (by_epsilon, [9 * 1, -4 * 2]),  # gradient × input
        # The logit's positive 4 and negative 3 get 2 and -1. Of the first neuron's contributions
        # pixel 1 has all positive ones, 3 and 1, pixel 2 the negative one; of the second's pixel 2
        # has the positive ones, 2 and 2, and pixel 1 the negative one.
        (by_alpha_2, [2 * 2 - 1 * -1, -1 * 2 + 2 * -1]),
        (by_alpha_1, [1, 0]),
    ],
)
def test_a_residual_block_by_hand(rule: Rule, expected: list[float]) -> None:
    """A neuron is the sum of both branches: positive contributions of either go together."""
    found = rule(residual_block(), PIXELS, np.array([0]))
    np.testing.assert_allclose(found.maps[0, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(found.numbers["conservation_error"], 0, atol=1e-5)


def test_what_an_addition_alone_reads_is_a_summand() -> None:
    """No neurons of their own: one sum behind another and a layer that changes nothing."""
    inputs = keras.Input((4,))
    shared = layers.Dense(4, name="shared")(inputs)  # the last addition reads it too
    activated = layers.Dense(4, activation="relu", name="activated")(shared)
    first = layers.Add(name="first")([layers.Dense(4, name="gathers")(activated), shared])
    passed = layers.Dropout(0.5, name="passed")(first)
    x = layers.Add(name="second")([passed, activated, layers.ReLU()(shared), inputs])
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    assert summands(model) == {"gathers", "first", "passed"}


LAYERS = {
    "conv": lambda x: layers.Conv2D(3, 3, strides=2, padding="same")(x),
    "conv, valid": lambda x: layers.Conv2D(2, (2, 3), use_bias=False)(x),
    "conv, dilated": lambda x: layers.Conv2D(2, 2, dilation_rate=2, padding="same")(x),
    "conv, activated": lambda x: layers.Conv2D(4, 3, activation="relu")(x),
    "depthwise": lambda x: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(x),
    "depthwise, strided": lambda x: layers.DepthwiseConv2D(3, strides=2)(x),
    "dense": lambda x: layers.Dense(3)(layers.Flatten()(x)),
    "dense of places": lambda x: layers.Dense(3)(x),
    "average": lambda x: layers.AveragePooling2D(3, strides=2, padding="same")(x),
    "global average": lambda x: layers.GlobalAveragePooling2D()(x),
    "batch norm": lambda x: layers.BatchNormalization()(x),
    "padded": lambda x: layers.Conv2D(2, 3)(layers.ZeroPadding2D(((1, 0), (2, 1)))(x)),
}


def shared_out(matrix: np.ndarray, bias: np.ndarray, x: np.ndarray, relevance: np.ndarray, alpha):
    """Equations 58 (alpha None, no epsilon) and 60 for outputs x @ matrix + bias, term by term."""
    parts = x[:, None] * matrix
    if alpha is None:
        return (parts / (parts.sum(axis=0) + bias) * relevance).sum(axis=1)
    given = np.zeros_like(x)
    for column, offset, received in zip(parts.T, bias, relevance, strict=True):
        up, down = column.clip(min=0), column.clip(max=0)
        total_up, total_down = up.sum() + max(offset, 0), down.sum() + min(offset, 0)
        share_up = alpha if total_down < 0 else 1
        share_down = 1 - alpha if total_up > 0 else 1
        if total_up > 0:
            given += share_up * up / total_up * received
        if total_down < 0:
            given += share_down * down / total_down * received
    return given


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_against_the_equations(layer: str) -> None:
    """Each as the matrix that it is, on inputs of both signs."""
    inputs = keras.Input((5, 4, 2))
    middle = LAYERS[layer](layers.Rescaling(2.0, -1.0, name="normalise")(inputs))
    x = layers.ReLU()(middle)
    x = layers.Flatten()(x) if len(x.shape) == 4 else x
    model = keras.Model(inputs, layers.Dense(2, name="logits")(x))
    architectures.randomise(model, seed=3)
    images = np.random.default_rng(2).random((1, 5, 4, 2)).astype(np.float32)

    affine = keras.Model(model.get_layer("normalise").output, middle)
    pixels = 2.0 * images.reshape(-1).astype(np.float64) - 1
    basis = np.concatenate([np.zeros((1, len(pixels))), np.eye(len(pixels))])
    plain = keras.models.clone_model(affine)
    plain.set_weights(affine.get_weights())
    for part in plain.layers:
        if getattr(part, "activation", None) is not None:
            part.activation = keras.activations.linear
    outputs = plain(basis.reshape(-1, 5, 4, 2).astype(np.float32)).numpy()
    outputs = outputs.reshape(len(basis), -1).astype(np.float64)
    bias, matrix = outputs[0], outputs[1:] - outputs[0]
    kernel, last_bias = (np.array(w, np.float64) for w in model.get_layer("logits").get_weights())
    hidden = (pixels @ matrix + bias).clip(min=0)
    logit = (hidden @ kernel + last_bias)[1]

    network, targets = Network(model), np.array([1])
    for alpha, rule in ((None, by_epsilon), (1.0, by_alpha_1), (2.0, by_alpha_2)):
        relevance = shared_out(kernel[:, 1:], last_bias[1:], hidden, np.array([logit]), alpha)
        expected = shared_out(matrix, bias, pixels, relevance, alpha)
        expected = expected.reshape(5, 4, 2).sum(axis=-1)
        found = rule(network, images, targets).maps[0]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("alpha", [None, 1.0, 2.0])
def test_branches_that_are_added_share_by_what_they_bring(alpha: float | None) -> None:
    """One branch brings 3 and the other -1: as a dense layer with these contributions would."""
    inputs = keras.Input((1, 2, 1))
    left, right = layers.Conv2D(1, 1, name="left"), layers.Conv2D(1, 1, name="right")
    # Each branch sees one pixel: a window of one, and the other pixel cropped away.
    a = left(layers.Cropping2D(((0, 0), (0, 1)))(inputs))
    b = right(layers.Cropping2D(((0, 0), (1, 0)))(inputs))
    x = layers.Flatten()(layers.Add()([a, b]))
    model = keras.Model(inputs, layers.Dense(1, use_bias=False, name="logits")(x))
    for name, value in (("left", 3.0), ("right", -0.5)):
        model.get_layer(name).set_weights([np.full((1, 1, 1, 1), value), np.zeros(1)])
    model.get_layer("logits").set_weights([np.array([[2.0]])])
    network, targets = Network(model), np.array([0])
    if alpha is None:
        found, expected = by_epsilon(network, PIXELS, targets), [6, -2]
    else:
        found = lrp_alpha_beta(network, PIXELS, targets, alpha)
        expected = [4 * alpha, -4 * (alpha - 1)]
    np.testing.assert_allclose(found.maps[0, 0], expected, rtol=1e-5, atol=1e-6)


def assert_shared(x: keras.KerasTensor, inputs: keras.KerasTensor, expected: list[float]) -> None:
    """Two pixels' logit by the epsilon rule, weighted by 1 each: what they get of it."""
    logits = layers.Dense(1, use_bias=False, name="logits")
    model = keras.Model(inputs, logits(layers.Flatten()(x)))
    logits.set_weights([np.ones((x.shape[2] * x.shape[3], 1))])
    found = by_epsilon(Network(model), PIXELS, np.array([0]))
    np.testing.assert_allclose(found.maps[0, 0], expected, rtol=1e-5, atol=1e-6)


SIGMOID_1_5 = 1 / (1 + np.exp(-1.5))


@pytest.mark.parametrize("first", [True, False])
def test_a_gate_gets_nothing_and_its_signal_all(first: bool) -> None:
    """The gate of both pixels is made of their mean, 1.5; what makes it needs no rule."""
    inputs = keras.Input((1, 2, 1))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(inputs)
    gate = layers.Rescaling(1.5)(layers.UnitNormalization(axis=(1, 2))(gate))
    gate = layers.Activation("sigmoid")(gate)
    x = layers.Multiply()([gate, inputs] if first else [inputs, gate])
    assert_shared(x, inputs, [SIGMOID_1_5, 2 * SIGMOID_1_5])


def test_swish_written_out_is_swish() -> None:
    inputs = keras.Input((1, 2, 1))
    half = layers.ReLU(6.0)(layers.Rescaling(1.0, 3.0)(layers.Identity()(inputs)))
    written = layers.Multiply()([inputs, layers.Rescaling(1 / 6)(half)])
    assert_shared(written, inputs, [1 * 4 / 6, 2 * 5 / 6])
    assert_shared(layers.Activation("hard_silu")(inputs), inputs, [1 * 4 / 6, 2 * 5 / 6])


def test_factors_that_are_no_gates_get_as_much_each() -> None:
    """Each pixel times itself, and times the first one: 1, 4; 1, 2."""
    inputs = keras.Input((1, 2, 1))
    assert_shared(layers.Multiply()([inputs, inputs]), inputs, [1, 4])
    one = layers.Cropping2D(((0, 0), (0, 1)))(inputs)
    assert_shared(layers.Multiply()([inputs, one]), inputs, [0.5 + 0.5 + 1, 1])


def test_layer_normalisation_by_hand() -> None:
    """Channels 1, 2 and 6 of mean 3: the deviation is a constant, centring a dense layer."""
    inputs = keras.Input((1, 1, 3))
    norm = layers.LayerNormalization(epsilon=2.0, name="norm")
    weights = layers.Dense(1, use_bias=False, name="logits")
    model = keras.Model(inputs, weights(layers.Flatten()(norm(inputs))))
    gamma, last = np.array([2.0, 1.0, 0.5]), np.array([1.0, -1.0, 3.0])
    norm.set_weights([gamma, np.zeros(3)])
    weights.set_weights([last[:, None]])
    deviation = np.sqrt((4 + 1 + 9) / 3 + 2)
    scaled = last * gamma / deviation
    expected = np.array([1, 2, 6]) * (scaled - scaled.mean())
    image = np.array([1, 2, 6], np.float32).reshape(1, 1, 1, 3)
    found = by_epsilon(Network(model), image, np.array([0]))
    np.testing.assert_allclose(found.maps[0, 0, 0], expected.sum(), rtol=1e-5)
    np.testing.assert_allclose(found.numbers["conservation_error"], 0, atol=1e-5)
    # What is added to the channels takes its own share of the logit, and none of theirs.
    added = np.array([0.5, -1.0, 2.0])
    norm.set_weights([gamma, added])
    found = by_epsilon(Network(model), image, np.array([0]))
    np.testing.assert_allclose(found.maps[0, 0, 0], expected.sum(), rtol=1e-5)
    share = last @ added / (expected.sum() + last @ added)
    np.testing.assert_allclose(found.numbers["conservation_error"], share, rtol=1e-5)
    # Alpha 1: each channel's positive contributions alone, of its own weight 2/3 gamma.
    norm.set_weights([gamma, np.zeros(3)])
    found = by_alpha_1(Network(model), image, np.array([0]))
    logit = ((np.array([1, 2, 6]) - 3) * scaled).sum()
    np.testing.assert_allclose(found.maps[0, 0, 0], logit, rtol=1e-5)


def test_branches_get_what_they_add_or_take_away() -> None:
    """3x - x: as much for the second branch, with the other sign."""
    inputs = keras.Input((1, 2, 1))
    assert_shared(layers.Subtract()([layers.Rescaling(3.0)(inputs), inputs]), inputs, [2, 4])
    assert_shared(layers.Average()([layers.Rescaling(3.0)(inputs), inputs]), inputs, [2, 4])


def test_an_offset_takes_relevance_but_at_the_image() -> None:
    inputs = keras.Input((1, 2, 1))
    x = layers.Normalization(mean=[1.0], variance=[0.25])(layers.Rescaling(2.0)(inputs))
    assert_shared(x, inputs, [2, 6])  # (2 - 1) / 0.5 and (4 - 1) / 0.5
    assert_shared(layers.Rescaling(1.0, 1.0)(layers.ReLU()(inputs)), inputs, [1, 2])
