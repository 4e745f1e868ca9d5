"""Dead filters, planted."""

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.activation_layers import LOGITS, rectified
from heatproof.attribution.core.network import Network
from heatproof.features.dead_filters import count, survey
from tests.attribution import architectures, networks


@pytest.mark.parametrize("name", ["simple_cnn", "efficient_cnn", "resnet18"])
def test_a_planted_dead_filter_is_found_in_its_layer_and_channel(name: str) -> None:
    architecture, model = architectures.shared(name), architectures.build(name)
    images = (255 * architecture.images(6)).astype(np.uint8)
    relus = rectified(model)
    before = survey(architecture.network, relus, images)
    layer = relus[len(relus) // 2]
    channel = int(before[layer].active_images.argmax())
    assert before[layer].active_images[channel] == 6
    # Whatever comes into the layer that gives the channel, this much less comes out.
    source = model.get_layer(layer).input
    home = next(step for step in model.layers if step.output is source)
    while isinstance(home, keras.layers.Add):
        home = next(step for step in model.layers if step.output is home.input[1])
    weights = home.get_weights()
    weights[1][channel] -= 1000
    home.set_weights(weights)
    after = survey(Network(model), relus, images)
    assert after[layer].active_images[channel] == after[layer].active_places[channel] == 0
    assert after[layer].largest[channel] < -900
    counts = [count(found[layer], near_dead_share=0.01) for found in (before, after)]
    assert counts[1]["dead"] == counts[0]["dead"] + 1
    others = np.arange(counts[0]["channels"]) != channel
    np.testing.assert_array_equal(
        after[layer].active_images[others], before[layer].active_images[others]
    )
    # What lies before it is as it was.
    for earlier in relus[: relus.index(layer)]:
        np.testing.assert_array_equal(after[earlier].active_images, before[earlier].active_images)


def brightness(thresholds: list[float], kind: str = "relu") -> Network:
    """Return a network of 1x1 filters, each active where a pixel is brighter than its threshold."""
    inputs = keras.Input((4, 4, 1))
    x = layers.Conv2D(len(thresholds), 1, name="conv")(inputs)
    x = layers.Activation(kind, name="conv_relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Activation("relu", name="dense_relu")(layers.Dense(2, name="dense")(x))
    model = keras.Model(inputs, layers.Dense(3, name="logits")(x))
    model.get_layer("conv").set_weights(
        [np.ones((1, 1, 1, len(thresholds))), -np.array(thresholds)]
    )
    model.get_layer("dense").set_weights([np.ones((len(thresholds), 2)), np.array([0.0, -9.0])])
    return Network(model)


@pytest.mark.parametrize("kind", ["relu", "relu6"])
@pytest.mark.parametrize("size", [7, 200, 512])
def test_counts_are_exact_in_batches_of_any_size(
    kind: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of 200 images has one bright pixel, in its corner; one has a dim one."""
    monkeypatch.setattr(Network, "batch_size", size)
    images = np.zeros((200, 4, 4, 1), np.uint8)
    images[137, 3, 0] = 204
    images[51, 1, 1] = 102
    network = brightness([0.9, 0.6, 0.3, -0.1], kind)
    found = survey(network, ["conv_relu", "dense_relu", LOGITS], images)
    activity = found["conv_relu"]
    assert activity.images == 200
    assert activity.active_images.tolist() == [0, 1, 2, 200]
    np.testing.assert_allclose(activity.active_places, [0, 1 / 3200, 2 / 3200, 1], rtol=1e-12)
    np.testing.assert_allclose(activity.largest, [-0.1, 0.2, 0.5, 0.9], atol=1e-6)
    assert activity.largest.dtype == np.float32
    assert activity.largest_image.tolist() == [137] * 4
    counted = count(activity, near_dead_share=0.01)
    assert counted == {
        "channels": 4, "dead": 1, "near_dead": 1, "median_active_images": 0.0075,
    }  # fmt: skip
    assert count(activity, near_dead_share=0.005)["near_dead"] == 0
    assert count(activity, near_dead_share=0.011)["near_dead"] == 2
    # Dense units are counted too: the second is below zero whatever comes.
    assert found["dense_relu"].active_images.tolist() == [200, 0]
    assert found["dense_relu"].active_places.tolist() == [1, 0]
    logits = network.logits(images.astype(np.float32) / 255)
    np.testing.assert_allclose(found[LOGITS].largest, logits.max(axis=0), rtol=1e-5, atol=1e-6)


def test_of_equal_images_the_first_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Network, "batch_size", 2)
    found = survey(brightness([0.5]), ["conv_relu"], np.full((6, 4, 4, 1), 9, np.uint8))
    assert found["conv_relu"].largest_image.tolist() == [0]


def test_only_black_images() -> None:
    """What is silent on black is dead then; what fires on it is not."""
    found = survey(brightness([0.5, -0.5, 0.0]), ["conv_relu"], np.zeros((9, 4, 4, 1), np.uint8))
    assert found["conv_relu"].active_images.tolist() == [0, 9, 0]
    assert found["conv_relu"].active_places.tolist() == [0, 1, 0]
    counted = count(found["conv_relu"], near_dead_share=0.01)
    assert (counted["dead"], counted["near_dead"]) == (2, 0)


def test_no_images() -> None:
    """Nothing is known, so nothing is dead."""
    network = brightness([0.5, -0.5])
    found = survey(network, ["conv_relu", LOGITS], np.zeros((0, 4, 4, 1), np.uint8))
    assert found["conv_relu"].active_images.tolist() == [0, 0]
    counted = count(found["conv_relu"], near_dead_share=0.01)
    assert (counted["channels"], counted["dead"], counted["near_dead"]) == (2, 0, 0)
    assert np.isnan(counted["median_active_images"])
    assert np.isnan(found[LOGITS].largest).all()
    assert found[LOGITS].largest_image.tolist() == [-1, -1, -1]


def test_a_network_without_relu() -> None:
    network = Network(networks.linear(np.ones((3, 3, 1, 2))))
    assert rectified(network.model) == []
    assert survey(network, [], np.zeros((4, 3, 3, 1), np.uint8)) == {}


def test_other_weights_are_those_that_count() -> None:
    network = brightness([0.5])
    images = np.full((3, 4, 4, 1), 100, np.uint8)
    assert survey(network, ["conv_relu"], images)["conv_relu"].active_images.tolist() == [0]
    network.load(brightness([0.1]).trained)
    assert survey(network, ["conv_relu"], images)["conv_relu"].active_images.tolist() == [3]


def test_values_that_are_not_finite_are_no_result() -> None:
    network = brightness([np.nan, 0.5])
    with pytest.raises(FloatingPointError, match="conv_relu: a value is not finite"):
        survey(network, ["conv_relu"], np.zeros((2, 4, 4, 1), np.uint8))
