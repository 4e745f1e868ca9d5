"""Every method on the networks of keras.applications: their layers, and what has to hold there."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from heatproof.attribution import registry
from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import LOGITS, activated_maps
from heatproof.attribution.core.method import Context, Method
from heatproof.attribution.core.network import Network
from heatproof.attribution.propagation.lrp_layers import preparing_layers
from heatproof.features.activation_maximisation import maximise
from heatproof.features.dead_filters import survey
from heatproof.features.options import MaximisationOptions
from tests.attribution import backbones
from tests.attribution.backbones import Backbone
from tests.attribution.lrp_rules import RULES, by_epsilon
from tests.attribution.smaller import smaller

pytestmark = pytest.mark.usefixtures("uncompiled")

# One of each kind that goes through a network in its own way; relevance has a test of its own.
KINDS = ("gradcam", "saliency", "guided_backprop", "deep_shap")


@pytest.fixture(params=backbones.SHORT)
def backbone(request: pytest.FixtureRequest) -> Backbone:
    return backbones.short(request.param)


def explained(backbone: Backbone, method: Method) -> np.ndarray:
    """Return the maps of two images' likeliest classes; check that shares add up."""
    images = backbone.images()
    context = Context((255 * backbone.images(3)).astype(np.uint8), seed=3)
    targets = backbone.network.logits(images).argmax(axis=1)
    result = method.with_options(smaller(method.options()), context)(
        backbone.network, images, targets
    )
    assert result.maps.shape == images.shape[:3] and np.isfinite(result.maps).all()
    if method.name == "deep_shap":
        assert result.numbers["additivity_gap"].max() < 1e-3
    return result.maps


def test_it_is_flat_and_folded(backbone: Backbone) -> None:
    images = backbone.images()
    expected = np.asarray(backbone.given(images, training=False))
    logits = backbone.network.logits(images)
    assert np.ptp(expected) > 0.5
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
    kinds = [type(layer).__name__ for layer in backbone.network.model.layers]
    assert "LayerScale" not in kinds
    # What reads a concatenation that others read too keeps its normalisation.
    assert ("BatchNormalization" in kinds) == ("Concatenate" in kinds)
    assert all(getattr(layer, "groups", 1) == 1 for layer in backbone.network.model.layers)


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Leave out XLA, too, which compiles DeepSHAP's rules."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
def test_every_kind_of_method(backbone: Backbone) -> None:
    for name in KINDS:
        maps = explained(backbone, registry.methods()[name])
        # Where all that is there speaks against the class, a class activation map is zero.
        assert maps.any(axis=(1, 2)).all() or name == "gradcam", name


def without_biases(model: keras.Model) -> Network:
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers:
        for weight in layer.weights:
            if weight.name in ("bias", "beta", "moving_mean"):
                weight.assign(tf.zeros(weight.shape))
    return Network(copy)


def test_relevance_without_biases(backbone: Backbone) -> None:
    """Nothing is lost; without epsilon it is gradient × input, gates and deviations constant."""
    network, images = without_biases(backbone.model), backbone.images()
    targets = network.logits(images).argmax(axis=1)
    for rule in RULES:
        found = rule(network, images, targets)
        np.testing.assert_allclose(found.numbers["conservation_error"], 0, atol=1e-3)
    expected = gradient_times_prepared(network.model, images, targets)
    found = by_epsilon(network, images, targets).maps
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-2, atol=2e-3 * scale)


def gradient_times_prepared(
    model: keras.Model, images: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Return gradient × value of the image as the network's own first layers prepare it."""
    prepared: list[Any] = []
    last = [layer.name for layer in model.layers if layer.name in preparing_layers(model)][-1]

    def rule_for(layer: keras.Layer) -> Any:
        def rule(x: Any, *gates: Any) -> Any:
            given = layer([x, *gates] if gates else x)
            if layer.name == last:
                prepared.append(given)
                tape.watch(given)
                return given
            if gates:  # one for each channel of the map
                return x * tf.stop_gradient(gates[0])
            if isinstance(layer, keras.layers.LayerNormalization):
                centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
                return centred * tf.stop_gradient(given / centred)
            return x * tf.stop_gradient(tf.math.divide_no_nan(given, x))

        activates = getattr(getattr(layer, "activation", None), "__name__", "linear") != "linear"
        normalises = isinstance(layer, keras.layers.LayerNormalization | keras.layers.Multiply)
        return rule if layer.name == last or activates or normalises else None

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        logits = list(graph.run(model, tf.constant(images), rule_for).values())[-1]
        score = tf.reduce_sum(tf.gather(logits, targets, batch_dims=1))
    return tf.reduce_sum(tape.gradient(score, prepared[0]) * prepared[0], axis=-1).numpy()


@pytest.mark.parametrize("name", ["EfficientNetV2B0", "ConvNeXtTiny"])
def test_features_of_swish_and_gelu(name: str) -> None:
    """A filter and a class have an image that they prefer; each filter's activity is counted."""
    backbone = backbones.short(name)
    network, names = backbone.network, activated_maps(backbone.network.model)
    assert len(names) >= 3
    activity = survey(network, names, (255 * backbone.images()).astype(np.uint8))
    assert all(len(known.largest) and known.active_share.max() == 1 for known in activity.values())
    options = MaximisationOptions(
        layers=1, steps=2, step_size=0.1, total_variation=0.2, jitter=2, noise=0.2
    )
    for layer in (names[0], LOGITS):
        images = maximise(network, layer, np.arange(2), options, seed=3).images
        assert np.abs(images[0] - images[1]).max() > 0.01


@pytest.mark.thorough
@pytest.mark.parametrize("name", backbones.WHOLE)
def test_whole_networks(name: str) -> None:
    backbone = backbones.whole(name, 64)
    test_it_is_flat_and_folded(backbone)
    for method in (m for m in registry.methods().values() if m.needs != "attention"):
        assert explained(backbone, method).any() or method.family == "cam", method.name
