"""What holds for every method of the registry: a new one is tested here without a line."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution import registry
from heatproof.attribution.core.method import (
    Attribution,
    Context,
    Explainer,
    Method,
    UnsupportedNetwork,
)
from heatproof.attribution.core.network import Network
from tests.attribution import networks
from tests.attribution.attending import attending
from tests.attribution.smaller import smaller

SIDE, CHANNELS, CLASSES = 8, 3, 3
TRAINING = np.random.default_rng(7).integers(0, 256, (5, SIDE, SIDE, CHANNELS), np.uint8)
IMAGES = networks.images(5, SIDE, CHANNELS)
IMAGES[3] = IMAGES[0]  # one image, two targets
TARGETS = np.array([0, 1, 1, 2, 0])


@pytest.fixture(params=registry.methods())
def method(request: pytest.FixtureRequest) -> Method:
    return registry.methods()[request.param]


def set_up(method: Method, seed: int = 3) -> Explainer:
    return method.with_options(smaller(method.options()), Context(TRAINING, seed))


@cache
def network(attends: bool) -> Network:
    """Return a network of which two sets of weights are explained, compiled once for all tests."""
    return Network(built(attends, seed=0))


def of(method: Method) -> Network:
    return network(method.needs == "attention")


def uncompiled(model: keras.Model) -> Network:
    """Return a network of which nothing is compiled: for few images that would take longest."""
    made = Network(model)
    made.compiled = lambda key, function, autograph=False: function
    return made


@cache
def other_network(attends: bool) -> Network:
    return uncompiled(built(attends, seed=1))


@cache
def odd_network() -> Network:
    """Return a network with layers that nobody has a rule for."""
    inputs = keras.Input((SIDE, SIDE, CHANNELS))
    x = layers.Conv2D(2, 3, activation="selu", name="odd")(inputs)
    x = layers.Dense(2, name="logits")(layers.Flatten()(layers.LayerNormalization(name="odd_2")(x)))
    return uncompiled(keras.Model(inputs, x))


@cache
def built(attends: bool, seed: int, scale: float = 1.0) -> keras.Model:
    """Return a network of convolutions, or for methods of attention one of these: change none."""
    if attends:
        return attending(pooled=True, blocks=1, seed=seed, scale=scale)
    inputs = keras.Input((SIDE, SIDE, CHANNELS))
    x = layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    x = layers.Activation("relu", name="conv_relu")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    model = keras.Model(inputs, layers.Dense(CLASSES, name="logits")(layers.Flatten()(x)))
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    logits = model.get_layer("logits")
    logits.set_weights([scale * logits.get_weights()[0], random.normal(size=CLASSES)])
    return model


@cache
def explained(name: str) -> Attribution:
    method = registry.methods()[name]
    of(method).load(built(of(method).attends, seed=0))
    return set_up(method)(of(method), IMAGES, TARGETS)


def assert_alike(maps: np.ndarray, expected: np.ndarray) -> None:
    scale = np.abs(expected).max()
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-5 * scale)


def test_maps_and_numbers(method: Method) -> None:
    """Maps are of the images' size, raw, signed where the record says so, with its numbers."""
    result = explained(method.name)
    assert result.maps.dtype == np.float32 and result.maps.shape == (5, SIDE, SIDE)
    assert np.isfinite(result.maps).all() and result.maps.any(axis=(1, 2)).sum() >= 2
    assert (result.maps.min() < 0) == method.signed
    assert set(result.numbers) == set(method.numbers)
    assert all(values.shape == (5,) for values in result.numbers.values())


def test_an_image_alone_is_explained_as_beside_others(method: Method) -> None:
    together = explained(method.name)
    for row in (slice(1, 2), slice(3, 4)):
        alone = set_up(method)(of(method), IMAGES[row], TARGETS[row])
        assert_alike(alone.maps, together.maps[row])
        for name in set(alone.numbers) - {"stability"}:  # LIME's, of the first images only
            np.testing.assert_allclose(
                alone.numbers[name], together.numbers[name][row], rtol=1e-3, atol=1e-4
            )


def test_the_seed_alone_decides(method: Method) -> None:
    before = explained(method.name).maps
    np.testing.assert_array_equal(set_up(method)(of(method), IMAGES, TARGETS).maps, before)
    other = set_up(method, seed=4)(of(method), IMAGES, TARGETS).maps
    draws = {
        *("smoothgrad", "vargrad", "rise", "rise_centred", "sobol", "hsic", "lime"),
        *("expected_gradients", "gradient_shap"),
    }
    assert np.array_equal(other, before) != (method.name in draws)


def test_other_weights_are_read_without_compiling_again(method: Method) -> None:
    before = explained(method.name).maps
    of(method).load(built(of(method).attends, seed=1))
    after = set_up(method)(of(method), IMAGES, TARGETS).maps
    of(method).load(built(of(method).attends, seed=0))
    assert np.abs(after - before).max() > 1e-3 * np.abs(before).max()
    assert_alike(after, set_up(method)(other_network(of(method).attends), IMAGES, TARGETS).maps)


def test_no_images(method: Method) -> None:
    result = set_up(method)(of(method), IMAGES[:0], TARGETS[:0])
    assert result.maps.shape == (0, SIDE, SIDE) and result.maps.dtype == np.float32
    assert all(values.shape == (0,) for values in result.numbers.values())


def test_a_network_that_looks_at_nothing(method: Method) -> None:
    """Logits that are biases alone; black and grey images among those explained."""
    images = IMAGES.copy()
    images[0], images[1] = 0, 0.5
    of(method).load(built(of(method).attends, seed=0, scale=0.0))
    maps = set_up(method)(of(method), images, TARGETS).maps
    of(method).load(built(of(method).attends, seed=0))
    if method.name in ("raw_attention", "attention_rollout"):  # which never ask for the logits
        np.testing.assert_allclose(maps.reshape(5, -1).sum(axis=1), SIDE**2 / 4, rtol=1e-5)
        return
    if method.name == "score_cam":  # a softmax of equal scores weighs all feature maps alike
        assert maps.min() >= 0 and maps.max() > 0
        return
    if method.name == "rise":  # its equation has an offset: what the masks cover, in every image
        maps = maps[2:] / maps[2:].mean(axis=(1, 2), keepdims=True) - maps[4] / maps[4].mean()
    np.testing.assert_allclose(maps, np.zeros_like(maps), atol=1e-6 * (method.name == "rise"))


def test_a_network_that_is_not_supported_is_refused_with_the_layer(method: Method) -> None:
    """A layer that nobody has a rule for: maps all the same, or a reason that names it."""
    odd = odd_network()
    try:
        assert set_up(method)(odd, IMAGES[:1], TARGETS[:1]).maps.shape == (1, SIDE, SIDE)
    except UnsupportedNetwork as reason:
        named = "'odd'" in str(reason) or "'odd_2'" in str(reason)
        assert named or not method.suits(odd)


def test_options_have_defaults_and_are_those_of_recomputing(method: Method) -> None:
    options = method.options()
    assert type(method.recomputing(options)) is method.options
    if method.recomputed_alike:
        context = Context(TRAINING, 3)
        maps = method.with_options(method.recomputing(smaller(options)), context)(
            of(method), IMAGES, TARGETS
        ).maps
        assert_alike(maps, explained(method.name).maps)
