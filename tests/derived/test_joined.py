"""Ensembles as one graph: the closed form of their means, and gradients through all members."""

import keras
import numpy as np
import pytest

from heatproof.attribution import registry
from heatproof.attribution.core.feature_maps import LAST
from heatproof.attribution.core.network import Network
from heatproof.derived.joined import joined
from heatproof.models.cost import flops, parameters
from tests.training.test_loop import network

IMAGES = np.random.default_rng(0).random((6, 8, 8, 1), dtype=np.float32)


@pytest.fixture(scope="module")
def members() -> list[keras.Model]:
    made = [network() for _ in range(3)]
    for number, member in enumerate(made):
        member.set_weights([each + 0.1 * number for each in member.get_weights()])
    return made


def logits_of(members: list[keras.Model]) -> np.ndarray:
    return np.stack([member.predict_on_batch(IMAGES) for member in members])


def test_the_mean_of_logits_is_their_mean(members):
    found = joined(members, "logits", "three").predict_on_batch(IMAGES)
    np.testing.assert_allclose(found, logits_of(members).mean(axis=0), rtol=1e-5, atol=1e-6)


def test_the_softmax_of_the_joined_logits_is_the_mean_of_probabilities(members):
    found = joined(members, "probabilities", "three").predict_on_batch(IMAGES)
    each = np.exp(logits_of(members).astype(np.float64))
    expected = (each / each.sum(axis=-1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-5)


def test_of_one_network_many_times_both_means_say_the_same(members):
    same = [members[0]] * 2
    logits = members[0].predict_on_batch(IMAGES)
    for mean in ("logits", "probabilities"):
        found = joined(same, mean, "same").predict_on_batch(IMAGES)
        np.testing.assert_allclose(found - found[:, :1], logits - logits[:, :1], atol=1e-5)


@pytest.mark.parametrize("mean", ["logits", "probabilities"])
def test_it_is_one_flat_graph_that_holds_all_and_shares_nothing(members, mean):
    model = joined(members, mean, "three")
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert len(model.operations) == len(model.layers)
    assert model.layers[0].name == "image"
    assert {layer.name.split("_")[0] for layer in model.layers if layer.weights} >= {
        "member1", "member2", "member3",
    }  # fmt: skip
    assert parameters(model) >= sum(map(parameters, members))
    assert flops(model) >= 3 * flops(members[0])
    before = members[0].get_weights()
    model.set_weights([0 * each for each in model.get_weights()])
    np.testing.assert_array_equal(members[0].get_weights()[0], before[0])
    again = keras.models.model_from_json(
        model.to_json(), {type(layer).__name__: type(layer) for layer in model.layers}
    )
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert joined(members, mean, "three").to_json() == model.to_json()


@pytest.mark.parametrize("method", ["gradcam", "hirescam", "layercam", "ablation_cam"])
def test_its_class_activation_maps_are_the_mean_of_its_members(members, method):
    targets = np.arange(len(IMAGES)) % members[0].output_shape[-1]
    explain = registry.methods()[method].explain
    of_each = [explain(Network(each), IMAGES, targets, layer=LAST).maps for each in members]
    assert all(maps.any() for maps in of_each)
    found = explain(Network(joined(members, "logits", "three")), IMAGES, targets, layer=LAST)
    np.testing.assert_allclose(found.maps, np.mean(of_each, axis=0), rtol=1e-4, atol=1e-6)
    layers = str(found.layer).split(", ")
    assert [name.partition("_")[0] for name in layers] == ["member1", "member2", "member3"]


def test_its_gradient_is_the_mean_of_its_members_gradients(members):
    import tensorflow as tf

    def gradient(model):
        images = tf.constant(IMAGES)
        with tf.GradientTape() as tape:
            tape.watch(images)
            score = model(images, training=False)[:, 1]
        return tape.gradient(score, images).numpy()

    expected = np.mean([gradient(member) for member in members], axis=0)
    np.testing.assert_allclose(
        gradient(joined(members, "logits", "three")), expected, rtol=1e-4, atol=1e-6
    )
