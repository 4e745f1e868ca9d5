"""What every method asks of a network: logits, gradients, and batches of any number."""

import time
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.network import BATCH_BYTES, LARGEST_BATCH, Network, target_scores
from tests.attribution import architectures, networks


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 4)), channels=3))


def test_image_shape_and_classes_are_those_of_the_model(network: Network) -> None:
    assert network.image_shape == (6, 6, 3)
    assert network.classes == 4
    assert network.logits(networks.images(5, 6, 3)).shape == (5, 4)


def test_gradients_of_a_linear_network() -> None:
    weights = np.random.default_rng(0).normal(size=(5, 7, 2, 4)).astype(np.float32)
    images = np.random.default_rng(1).random((3, 5, 7, 2)).astype(np.float32)
    found = Network(networks.linear(weights)).score_gradients(images, np.array([3, 0, 3]))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, weights[..., [3, 0, 3]].transpose(3, 0, 1, 2))


def test_gradients_of_every_architecture(every_architecture: architectures.Architecture) -> None:
    """Of the network itself, batch normalisations and all, against finite differences."""
    image, target = every_architecture.images(1), every_architecture.targets(1)
    gradient = every_architecture.network.score_gradients(image, target)[0]
    # Along the gradient, where the difference is largest; small, so that few units switch.
    step = 1e-3 * gradient / np.linalg.norm(gradient)
    both = every_architecture.model(np.concatenate([image + step, image - step]), training=False)
    change = (both[0] - both[1])[target[0]].numpy() / 2e-3
    assert change == pytest.approx(np.linalg.norm(gradient), rel=0.05)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_batches_of_any_size_give_the_same(network: Network, size: int) -> None:
    """Each row once, in its place, and none beside the others in the batch."""
    images, targets = networks.images(5, 6, 3), np.array([0, 3, 1, 2, 0])
    lengths = []

    def function(batch: Any, batch_targets: Any) -> tuple[Any, Any]:
        lengths.append(len(batch))
        logits = network.model(batch, training=False)
        return logits, target_scores(logits, batch_targets)

    logits, scores = network.in_batches(function, images, targets, size=size)
    assert max(lengths) <= size
    assert sum(lengths) == 5
    np.testing.assert_allclose(logits, network.model(images).numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(scores, logits[np.arange(5), targets])


def test_no_rows(network: Network) -> None:
    empty = networks.images(5, 6, 3)[:0]
    logits = network.logits(empty)
    assert (logits.shape, logits.dtype) == ((0, 4), np.float32)
    gradients = network.score_gradients(empty, np.zeros(0, np.int64))
    assert (gradients.shape, gradients.dtype) == ((0, 6, 6, 3), np.float32)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_an_error(value: float) -> None:
    """In any row of any of the arrays. A ReLU would hide a NaN, so there is none."""
    network = Network(networks.linear(np.ones((2, 2, 1, 2), np.float32)))
    images = networks.images(3, 2, 1)
    images[1, 1, 1, 0] = value
    with pytest.raises(FloatingPointError, match="not finite"):
        network.logits(images)
    with pytest.raises(FloatingPointError, match="not finite"):
        network.in_batches(lambda batch: (batch[:, 0, 0], batch), images, size=1)
    network.model.get_layer("logits").bias.assign([0.0, value])
    with pytest.raises(FloatingPointError, match="not finite"):
        network.logits(images[:1])


def test_a_batch_is_as_large_as_memory_allows() -> None:
    assert Network(networks.linear(np.ones((2, 2, 1, 2)))).batch_size == LARGEST_BATCH
    inputs = keras.Input((1024, 1024, 3))
    x = layers.Conv2D(64, 1)(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    assert Network(keras.Model(inputs, layers.Dense(2)(x))).batch_size == 1
    inputs = keras.Input((128, 128, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 1)(inputs))
    values = 128 * 128 * (3 + 16) + 16 + 2
    assert Network(keras.Model(inputs, layers.Dense(2)(x))).batch_size == BATCH_BYTES // (
        4 * values
    )


@pytest.mark.parametrize(("filters", "expected"), [(240, 6), (500, 3)])
def test_of_large_images_a_few_are_passed_at_once_where_they_fit(
    filters: int, expected: int
) -> None:
    """47 MiB an image, of which 5 are within 256 MiB and 6 within 384; and 96 MiB."""
    inputs = keras.Input((224, 224, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(filters, 1)(inputs))
    assert Network(keras.Model(inputs, layers.Dense(2)(x))).batch_size == expected


def test_methods_share_what_they_need_of_the_same_images(network: Network) -> None:
    images, targets, computed = np.zeros((2, 1, 2, 1)), np.zeros(2, np.int64), []

    def compute() -> int:
        computed.append(1)
        time.sleep(0.01)
        return len(computed)

    def asked(key: str, *arrays: np.ndarray) -> int:
        return network.shared(key, compute, *arrays)

    assert [asked("a", images, targets), asked("a", images, targets)] == [1, 2], "nobody shares"
    with network.sharing():
        assert [asked("a", images, targets), asked("a", images, targets)] == [3, 3]
        assert network.saved_seconds >= 0.01
        assert [asked("b", images, targets), asked("a", images.copy(), targets)] == [4, 5]
        assert asked("a", images, targets) == 3
    assert asked("a", images, targets) == 6


def test_other_weights_without_tracing_again() -> None:
    """What is compiled stays, and computes with the weights that are there when it is called."""
    one, other = (architectures.build("cifar_cnn", seed=seed) for seed in (0, 1))
    images, targets = networks.images(3, 32, 3), np.array([1, 4, 7])
    network, traces = Network(one), []

    def function(batch: Any, batch_targets: Any) -> Any:
        traces.append(1)
        return network.gradients_of(batch, batch_targets)

    compiled = network.compiled("counted", function)
    before = network.in_batches(compiled, images[:1], targets[:1])
    network.load(other)
    after = network.in_batches(network.compiled("counted", function), images, targets, size=2)
    assert len(traces) == 1
    assert np.abs(after[0] - before[0]).max() > 0.1 * np.abs(before).max()
    np.testing.assert_allclose(
        after, network.score_gradients(images, targets), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        network.logits(images), other(images, training=False).numpy(), rtol=1e-5, atol=1e-5
    )
    network.load(one)
    np.testing.assert_array_equal(network.in_batches(compiled, images[:1], targets[:1]), before)


def test_the_network_explained_is_left_alone() -> None:
    model = architectures.build("cifar_cnn")
    before = [np.array(weight) for weight in model.get_weights()]
    Network(model).load(architectures.build("cifar_cnn", seed=1))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_network_trained_in_half_precision_is_explained_in_full(policy: str) -> None:
    exact = architectures.build("baseline_cnn")
    keras.mixed_precision.set_global_policy(policy)
    try:
        half = architectures.build("baseline_cnn")
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert half.get_layer("conv1").compute_dtype == policy.removeprefix("mixed_")
    network = Network(half)
    assert {layer.compute_dtype for layer in network.model.layers} == {"float32"}
    images, targets = networks.images(2, 32, 3), np.array([1, 5])
    reference = Network(exact)
    np.testing.assert_array_equal(network.logits(images), reference.logits(images))
    gradients = network.score_gradients(images, targets)
    assert gradients.dtype == np.float32
    np.testing.assert_array_equal(gradients, reference.score_gradients(images, targets))


@pytest.mark.parametrize("softmax", ["activation", "layer", "activation layer"])
def test_probabilities_are_not_explained(softmax: str) -> None:
    inputs = keras.Input((4, 4, 1))
    x = layers.Flatten()(layers.Conv2D(1, 3, padding="same")(inputs))
    if softmax == "activation":
        x = layers.Dense(2, activation="softmax", name="last")(x)
    elif softmax == "layer":
        x = layers.Softmax(name="last")(layers.Dense(2)(x))
    else:
        x = layers.Activation("sigmoid", name="last")(layers.Dense(2)(x))
    with pytest.raises(ValueError, match="'last' gives no logits"):
        Network(keras.Model(inputs, x))
