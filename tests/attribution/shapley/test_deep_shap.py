"""DeepSHAP: its rules by hand, its sum on every architecture, and the `shap` package's."""

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.applications.convnext import LayerScale

from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.libraries import shap_package
from heatproof.attribution.shapley.deep_shap import deep_shap
from tests.attribution import architectures, networks


def neuron(activation: str, bias: float) -> keras.Model:
    """Return a network of one unit: activation(2 * x0 - x1 + bias), the logit thrice that."""
    inputs = keras.Input((1, 2, 1))
    x = layers.Dense(1, name="dense")(layers.Flatten()(inputs))
    x = layers.Activation(activation, name="dense_act")(x)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(x))
    weights = [np.array([[2.0], [-1.0]]), np.array([bias]), np.full((1, 1), 3.0), np.zeros(1)]
    model.set_weights(weights)
    return model


def pixels(*values: tuple[float, float]) -> np.ndarray:
    return np.array(values, np.float32).reshape(-1, 1, 2, 1)


@pytest.mark.parametrize(
    ("activation", "bias", "slope"),
    [
        ("relu", 0.5, 1.0),  # from 0.5 to 2.0, never cut
        ("relu", -1.0, 1 / 3),  # from -1.0 to 0.5
        ("relu", -2.0, 0.0),  # from -2.0 to -0.5
        ("relu6", -1.0, 1 / 3),
        ("relu6", 5.0, 2 / 3),  # from 5.0 to 6.5
        ("relu6", 7.0, 0.0),
        ("tanh", 0.0, np.tanh(1.5) / 1.5),
    ],
)
def test_the_rescale_rule(activation: str, bias: float, slope: float) -> None:
    image, background = pixels((1.0, 0.5)), pixels((0.0, 0.0))
    found = deep_shap(Network(neuron(activation, bias)), image, np.array([0]), background)
    np.testing.assert_allclose(found.maps[0, 0], 3 * slope * np.array([2, -0.5]), atol=1e-6)


@pytest.mark.parametrize(("bias", "slope"), [(1.0, 1.0), (-1.0, 0.0)])
def test_a_unit_that_does_not_change_hands_back_its_slope(bias: float, slope: float) -> None:
    """Both pixels change, and what they change cancels."""
    image, background = pixels((0.5, 1.0)), pixels((0.25, 0.5))
    found = deep_shap(Network(neuron("relu", bias)), image, np.array([0]), background)
    np.testing.assert_allclose(found.maps[0, 0], 3 * slope * np.array([0.5, -0.5]), atol=1e-6)


def test_the_mean_over_the_background() -> None:
    network, image = Network(neuron("relu", -1.0)), pixels((1.0, 0.5))
    background = pixels((0.0, 0.0), (0.9, 0.1), (0.5, 1.0))
    together = deep_shap(network, image, np.array([0]), background).maps
    alone = [deep_shap(network, image, np.array([0]), background[i : i + 1]).maps for i in range(3)]
    np.testing.assert_allclose(together, np.mean(alone, axis=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("image", "other", "expected"),
    [
        ((0.3, 0.1), (0.0, 0.0), (0.3, 0.0)),  # the greater maximum is the image's first pixel
        ((0.3, 0.1), (0.2, 0.5), (0.0, -0.2)),  # ... the other's second
        ((0.1, 0.7), (0.6, 0.2), (0.0, 0.1)),
        ((0.4, 0.1), (0.1, 0.4), (0.0, 0.0)),
        ((0.4, 0.4), (0.1, 0.4), (0.0, 0.0)),
    ],
)
def test_the_rule_of_max_pooling(
    image: tuple[float, float], other: tuple[float, float], expected: tuple[float, float]
) -> None:
    inputs = keras.Input((1, 2, 1))
    x = layers.MaxPooling2D((1, 2), name="pool")(inputs)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(layers.Flatten()(x)))
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    found = deep_shap(Network(model), pixels(image), np.array([0]), pixels(other))
    np.testing.assert_allclose(found.maps[0, 0], expected, atol=1e-6)


@pytest.mark.parametrize("name", ["mobilenet_v2", "efficient_cnn"])
def test_it_sums_to_the_difference(name: str) -> None:
    architecture = architectures.shared(name)
    images, targets = architecture.images(2), architecture.targets(2)
    background = architecture.images(6)[2:]
    found = deep_shap(architecture.network, images, targets, background)
    logits = architecture.network.logits(np.concatenate([images, background]))
    difference = (logits[:2] - logits[2:].mean(axis=0))[[0, 1], targets]
    np.testing.assert_allclose(found.maps.sum(axis=(1, 2)), difference, rtol=1e-4, atol=1e-5)
    assert found.numbers["additivity_gap"].max() < 1e-4
    assert np.abs(found.maps).max() > 1e-3


@pytest.mark.parametrize("name", ["simple_cnn", "resnet18"])
def test_it_agrees_with_shap(name: str) -> None:
    """On the networks that shap serves: it has no rule for ReLU6 and depthwise convolution."""
    architecture = architectures.shared(name)
    model = architecture.model
    if name == "resnet18":  # half of its blocks: of every kind one
        model = architectures.build(name, widths=[4, 6], blocks_per_width=1)
    network = Network(model)
    images, background = architecture.images(2), architecture.images(6)[2:]
    targets = np.array([2, 7])
    expected = shap_package.deep_shap(network, images, targets, background).maps
    found = deep_shap(network, images, targets, background).maps
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * scale)


def logit_of(x: keras.KerasTensor, inputs: keras.KerasTensor, weights: np.ndarray) -> Network:
    logits = layers.Dense(1, use_bias=False, name="logits")
    model = keras.Model(inputs, logits(layers.Flatten()(x)))
    logits.set_weights([weights.reshape(-1, 1)])
    return Network(model)


@pytest.mark.parametrize("first", [True, False])
def test_each_factor_of_a_product_gets_its_shapley_value(first: bool) -> None:
    """Pixels a and b, of which b is both pixels' gate: a b and b b, with weights 1 and 2."""
    inputs = keras.Input((1, 2, 1))
    gate = layers.Cropping2D(((0, 0), (1, 0)))(inputs)
    x = layers.Multiply()([gate, inputs] if first else [inputs, gate])
    network = logit_of(x, inputs, np.array([1.0, 2.0]))
    found = deep_shap(network, pixels((0.5, 1.0)), np.array([0]), pixels((0.25, 0.5)))
    # a b: the change of a times the mean of b, and the other way round; 2 b b: all is b's.
    expected = [0.25 * 0.75, 0.5 * 0.375 + 2 * (1.0 - 0.25)]
    np.testing.assert_allclose(found.maps[0, 0], expected, rtol=1e-6)


def test_gates_agree_with_shap() -> None:
    inputs = keras.Input((4, 4, 2))
    x = layers.Conv2D(3, 3, name="conv")(inputs)
    x = layers.Multiply()([x, layers.Activation("sigmoid")(layers.Conv2D(3, 1)(x))])
    model = keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x)))
    architectures.randomise(model, seed=3)
    images = networks.images(4, 4, 2)
    rows = Network(model), images[:2], np.array([1, 1]), images[2:]
    expected, found = shap_package.deep_shap(*rows).maps, deep_shap(*rows).maps
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_layer_normalisation_by_its_parts() -> None:
    """Of two channels: c and -c with c half their difference, of which y = ±c / sqrt(c² + 2)."""
    inputs = keras.Input((1, 1, 2))
    norm = layers.LayerNormalization(epsilon=2.0, center=False, name="norm")
    network = logit_of(norm(inputs), inputs, np.array([1.0, 0.0]))
    image, other = (np.array(each, np.float32).reshape(1, 1, 1, 2) for each in ([5, 1], [3, 1]))
    found = deep_shap(network, image, np.array([0]), other).maps[0, 0, 0]
    assert found == pytest.approx(2 / np.sqrt(6) - 1 / np.sqrt(3), rel=1e-5)
    # Both channels change; what both have in common is none of it.
    beside = deep_shap(network, image, np.array([0]), other + 7).maps[0, 0, 0]
    assert beside == pytest.approx(found, rel=1e-5)


def test_sums_of_curves_gates_and_normalisations() -> None:
    """Every layer with a rule, and gates of one cell: the sum is the difference of logits."""
    inputs = keras.Input((6, 6, 3))
    x = layers.Normalization(mean=[0.4, 0.5, 0.6], variance=[0.1, 0.2, 0.3])(inputs)
    x = layers.Conv2D(4, 3, groups=1)(layers.ZeroPadding2D(1)(x))
    x = layers.Activation("silu")(layers.LayerNormalization()(x))
    gate = layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(x))
    gate = layers.Dense(4)(layers.Activation("gelu")(layers.PReLU()(gate)))
    gate = layers.Activation("sigmoid")(layers.Activation("hard_silu")(gate))
    gated = layers.Multiply()([gate, x])
    x = layers.Concatenate()([LayerScale(0.5, 4)(gated), layers.Conv2D(4, 1, groups=2)(x)])
    x = layers.Subtract()([layers.AveragePooling2D(2)(x), layers.MaxPooling2D(2)(x)])
    model = keras.Model(inputs, layers.Dense(3, name="logits")(layers.Flatten()(x)))
    architectures.randomise(model, seed=4)
    images = networks.images(5, 6, 3)
    found = deep_shap(Network(model), images[:2], np.array([0, 2]), images[2:])
    assert found.numbers["additivity_gap"].max() < 1e-4
    assert (np.ptp(found.maps, axis=(1, 2)) > 1e-3).all()


def test_a_layer_without_a_rule() -> None:
    inputs = keras.Input((2, 2, 1))
    x = layers.Flatten()(inputs)
    x = layers.Multiply(name="three")([x, x, layers.Dense(4, name="dense")(x)])
    network = Network(keras.Model(inputs, layers.Dense(2, name="logits")(x)))
    images = networks.images(2, 2, 1)
    with pytest.raises(UnsupportedNetwork, match=r"no rule for the layer 'three' \(Multiply"):
        deep_shap(network, images, np.array([0, 1]), images)


def test_an_activation_inside_a_convolution_is_not_taken_for_linear() -> None:
    inputs = keras.Input((2, 2, 1))
    x = layers.Conv2D(2, 1, activation="relu", name="conv")(inputs)
    network = Network(keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(x))))
    images = networks.images(2, 2, 1)
    with pytest.raises(UnsupportedNetwork, match=r"'conv' \(Conv2D, activation relu\)"):
        deep_shap(network, images, np.array([0, 1]), images)


def test_a_softmax_by_hand() -> None:
    """Shares of (0, ln 3) are 1/4 and 3/4, of (0, 0) both 1/2; the first value changes nothing."""
    inputs = keras.Input((1, 2, 1))
    x = layers.Softmax(name="shares")(layers.Flatten(name="flat")(inputs))
    model = keras.Model(inputs, layers.Dense(2, use_bias=False, name="logits")(x))
    model.set_weights([np.array([[1, 0], [0, 3]])])
    image = np.array([0, np.log(3)], np.float32).reshape(1, 1, 2, 1)
    found = deep_shap(Network(model), image.repeat(2, axis=0), np.array([0, 1]), 0 * image)
    np.testing.assert_allclose(found.maps[:, 0], [[0, -1 / 4], [0, 3 / 4]], atol=1e-6)
