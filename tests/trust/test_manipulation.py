"""Maps that are moved on purpose, of networks whose second derivatives are known."""

from functools import partial

import keras
import numpy as np
import pytest

from heatproof.attribution.core.network import Network
from heatproof.attribution.core.smooth import smooth_forward
from heatproof.attribution.gradients.saliency import saliency, tensor_map
from heatproof.trust.manipulation import Subject, likeness, random_signs, search, within, worst
from heatproof.trust.measures.manipulation import ManipulationOptions

HESSIAN = np.array([1.0, 2.0])  # of the first class's logit, diagonal
IMAGE = np.full((1, 1, 2, 1), 0.5, np.float32)  # its saliency map is |H x|: 0.5 and 1


def test_an_epsilon_that_is_there_twice_counts_once() -> None:
    assert ManipulationOptions(epsilons=[0.02, 0.01, 0.02]).epsilons == [0.01, 0.02]


def quadratic() -> Network:
    """Return a network of one logit ½ xᵀ H x, and another that is 0."""
    x = image = keras.Input((1, 2, 1))
    x = keras.layers.Flatten()(x)
    x = keras.layers.Multiply()([x, x])
    logits = keras.layers.Dense(2, use_bias=False, name="logits")(x)
    model = keras.Model(image, logits)
    model.set_weights([np.stack([HESSIAN / 2, [0, 0]], axis=1)])
    return Network(model)


def linear() -> Network:
    image = keras.Input((4, 4, 2))
    logits = keras.layers.Dense(3, name="logits")(keras.layers.Flatten()(image))
    model = keras.Model(image, logits)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=(32, 3)), np.array([9.0, 0, 0])])
    return Network(model)


def subject(network: Network, images: np.ndarray) -> Subject:
    targets = np.zeros(len(images), np.int64)
    return Subject(
        network, lambda given: saliency(network, given, targets[: len(given)]).maps, images, targets
    )


def searched(network: Network, images: np.ndarray, epsilon: float, tolerance: float = 1.0):
    smooth = partial(tensor_map, network, smooth_forward(network.model, 10.0))
    each = np.full(len(images), epsilon)
    return search(subject(network, images), smooth, each, 20, tolerance, seed=2, key="saliency")


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).random((3, 4, 4, 2), np.float32)


def test_a_linear_networks_map_cannot_be_moved_at_all(images: np.ndarray) -> None:
    network = linear()
    moved = searched(network, images, 0.3)
    np.testing.assert_array_equal(moved.maps, saliency(network, images, np.zeros(3, int)).maps)
    np.testing.assert_array_equal(moved.images, images)
    np.testing.assert_allclose(moved.similarity, 1, rtol=1e-12)


@pytest.mark.parametrize(("epsilon", "order_left"), [(0.1, 1.0), (0.2, -1.0)])
def test_a_quadratic_networks_map_moves_as_on_paper(epsilon: float, order_left: float) -> None:
    # |H (x + d)| is 0.5 + d1 and 1 + 2 d2: the order turns round where d1 - 2 d2 > 0.5, which
    # needs a change of more than 1/6.
    moved = searched(quadratic(), IMAGE, epsilon)
    assert moved.similarity[0] == pytest.approx(order_left)
    assert np.abs(moved.images - IMAGE).max() <= epsilon + 1e-6
    np.testing.assert_allclose(moved.maps[0, 0], HESSIAN * moved.images[0, 0, :, 0], rtol=1e-6)
    first, second = (moved.images - IMAGE)[0, 0, :, 0]
    assert (first - 2 * second > 0.5) == (order_left < 0)


def test_only_images_with_the_same_prediction_count() -> None:
    # Of the two logits x1²/2 + x2² and 0 the probability moves with every step.
    moved = searched(quadratic(), IMAGE, 0.2, tolerance=1e-9)
    np.testing.assert_array_equal(moved.images, IMAGE)
    assert moved.similarity[0] == pytest.approx(1)
    before, same = subject(quadratic(), IMAGE).probability(IMAGE)
    assert same[0] and before[0] == pytest.approx(1 / (1 + np.exp(-0.375)))
    moved = searched(quadratic(), IMAGE, 0.2, tolerance=0.05)
    assert moved.similarity[0] == pytest.approx(-1)
    assert abs(moved.probability[0] - before[0]) <= 0.05


def test_the_worst_of_what_is_tried_is_kept() -> None:
    turned = np.array([[[0.9], [0.2]]], np.float32)[None]  # |H x| is 0.9 and 0.4
    flat = np.array([[[0.8], [0.4]]], np.float32)[None]  # 0.8 and 0.8: no order is left
    tried = [IMAGE, flat, turned, IMAGE]
    found = worst(subject(quadratic(), IMAGE), tried, tolerance=1.0, count=4)
    np.testing.assert_array_equal(found.images, turned)
    assert found.similarity[0] == pytest.approx(-1)
    only = worst(subject(quadratic(), IMAGE), tried[:2], tolerance=1.0, count=2)
    np.testing.assert_array_equal(only.images, flat)
    assert only.similarity[0] == 0
    constant = np.ones((1, 2, 2))
    assert np.isnan(likeness(constant, np.arange(4.0).reshape(1, 2, 2)))[0]


def test_noise_is_of_epsilon_everywhere_and_of_the_image_alone(images: np.ndarray) -> None:
    inside = images.clip(0.2, 0.8)
    epsilon = np.array([0.1, 0.1, 0.2])
    first, second = random_signs(inside, epsilon, 2, seed=4)
    np.testing.assert_allclose(np.abs(first - inside).max(axis=(1, 2, 3)), epsilon, rtol=1e-5)
    np.testing.assert_allclose(np.abs(first - inside).min(axis=(1, 2, 3)), epsilon, rtol=1e-5)
    assert (first != second).any() and 0.3 < (first > inside).mean() < 0.7
    alone, _ = random_signs(inside[1:2], epsilon[1:2], 2, seed=4)
    np.testing.assert_array_equal(alone[0], first[1])
    far = within(inside + 9, inside, epsilon)
    np.testing.assert_allclose(far, np.minimum(inside + epsilon[:, None, None, None], 1), rtol=1e-6)


def test_rectifiers_become_smooth_wherever_they_stand() -> None:
    x = image = keras.Input((2, 2, 1))
    x = keras.layers.Conv2D(2, 1, activation="relu6", name="conv")(x)
    x = keras.layers.ReLU(max_value=1.0, name="bounded")(x)
    logits = keras.layers.Dense(2, name="logits")(keras.layers.Flatten()(x))
    model = keras.Model(image, logits)
    values = np.array([[[[-1.0], [0.0]], [[3.0], [9.0]]]], np.float32)
    model.get_layer("conv").set_weights([np.ones((1, 1, 1, 2)), np.zeros(2)])

    def soft(x: np.ndarray, most: float, beta: float) -> np.ndarray:
        each = [np.logaddexp(0, beta * (x - start)) / beta for start in (0, most)]
        return each[0] - each[1]

    for beta in (2.0, 200.0):
        outputs = smooth_forward(model, beta)(values)
        conv = soft(values, 6, beta)
        np.testing.assert_allclose(outputs["conv"][..., :1], conv, atol=1e-5)
        np.testing.assert_allclose(outputs["bounded"][..., :1], soft(conv, 1, beta), atol=1e-5)
    np.testing.assert_allclose(outputs["logits"], model(values), atol=0.05)  # as sharp as ReLU
    assert model.get_layer("conv").activation is keras.activations.relu6
