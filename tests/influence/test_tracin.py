"""Influence by the last layer, where it is known: on paper, and by TensorFlow's own gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.core.network import Network
from heatproof.influence import checks
from heatproof.influence.last_layer import Compared, compare, errors, last_dense, not_possible
from heatproof.influence.tracin import (
    cosines,
    gradient_lengths,
    influence,
    relative,
    self_influence,
    strongest,
)
from tests.attribution import networks

SIDE, CLASSES, TRAINING, TESTS = 4, 3, 7, 4


def by_hand(
    features: np.ndarray, explained: np.ndarray, logits: np.ndarray, given: np.ndarray, bias: int
) -> Compared:
    squared = [np.square(each).sum(axis=1) for each in (features, explained)]
    return Compared(features @ explained.T, *squared, logits, given, bias)


def loss_gradients(model: keras.Model, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return d loss / d weights of the last layer by TensorFlow, float64 (n, weights)."""
    last = last_dense(model)
    assert last is not None
    rows = []
    for image, target in zip(images, classes, strict=True):
        with tf.GradientTape() as tape:
            logits = model(image[None].astype(np.float32) / 255, training=False)
            loss = keras.losses.sparse_categorical_crossentropy(
                tf.constant([target]), logits, from_logits=True
            )
        gradients = tape.gradient(loss, [each.value for each in last.trainable_variables])
        rows.append(np.concatenate([np.ravel(each) for each in gradients]))
    return np.array(rows, np.float64)


def convolutional(random: np.random.Generator) -> keras.Model:
    """Return a network with batch normalisation before its last layer, which folding would move."""
    inputs = keras.Input((SIDE, SIDE, 1))
    x = layers.Conv2D(2, 3, activation="relu")(inputs)
    x = layers.BatchNormalization()(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(CLASSES, name="logits")(layers.Dropout(0.5)(x)))
    # Not surer than TensorFlow's single precision can tell from certain.
    model.set_weights(
        [random.uniform(0.5, 1, each.shape) for each in model.get_weights()[:-2]]
        + [random.normal(size=each.shape) / 5 for each in model.get_weights()[-2:]]
    )
    return model


@pytest.mark.parametrize("kind", ["linear", "without bias", "convolutional"])
def test_it_is_the_inner_product_of_tensorflows_gradients(kind: str) -> None:
    random = np.random.default_rng(1)
    weights = random.normal(size=(SIDE, SIDE, 1, CLASSES)) / 3
    model = {
        "linear": lambda: networks.linear(weights),
        "without bias": lambda: networks.polynomial(weights),
        "convolutional": lambda: convolutional(random),
    }[kind]()
    images = random.integers(0, 256, (TRAINING + 2, SIDE, SIDE, 1)).astype(np.uint8)
    tests = random.integers(0, 256, (TESTS, SIDE, SIDE, 1)).astype(np.uint8)
    rows, labels = np.array([8, 0, 1, 2, 5, 4, 3]), random.integers(0, CLASSES, TRAINING)
    predicted = random.integers(0, CLASSES, TESTS)
    network = Network(model)
    assert not_possible(network) == ""
    found = compare(network, (images, rows), (tests, np.arange(TESTS)))
    assert found.bias == (kind != "without bias")
    both = errors(found.logits, labels), errors(found.explained_logits, predicted)
    gradients = loss_gradients(model, images[rows], labels)
    expected = gradients @ loss_gradients(model, tests, predicted).T
    np.testing.assert_allclose(influence(found, *both), expected, rtol=2e-5, atol=1e-6)
    own = self_influence(found, both[0])
    np.testing.assert_allclose(own, (gradients**2).sum(axis=1), rtol=2e-5, atol=1e-6)


def test_on_paper() -> None:
    """Two classes at even odds: errors are halves, and features (1, 0) with a bias give 2."""
    features, even = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 3.0]]), np.zeros((3, 2))
    found = by_hand(features, features[:1], even, even[:1], 1)
    both = errors(even, np.array([0, 1, 0])), errors(even[:1], np.array([0]))
    scores = influence(found, *both)
    np.testing.assert_allclose(scores[:, 0], [1.0, -1.0, 0.5])
    np.testing.assert_allclose(self_influence(found, both[0]), [1.0, 1.0, 5.0])
    np.testing.assert_allclose(gradient_lengths(found, both[1]), [1.0])
    lengths = relative(scores, self_influence(found, both[0]))
    np.testing.assert_allclose(lengths[:, 0], [1.0, -1.0, 0.5 / np.sqrt(5)])
    np.testing.assert_allclose(cosines(found)[:, 0], [1.0, 1.0, 0.0])
    np.testing.assert_array_equal(strongest(scores, 2), [[0, 2]])
    np.testing.assert_array_equal(strongest(-scores, 5), [[1, 2, 0]])
    np.testing.assert_array_equal(strongest(np.ones((3, 1)), 2), [[0, 1]])
    nothing = by_hand(0 * features, features[:1], even, even[:1], 0)
    np.testing.assert_array_equal(cosines(nothing), 0)
    np.testing.assert_array_equal(relative(np.ones((3, 1)), np.zeros(3)), 0)


def test_of_a_network_that_is_sure_the_error_is_not_lost() -> None:
    """1 - p is exp(-50), which is nothing beside 1 in double precision."""
    sure = errors(np.array([[50.0, 0.0]], np.float32), np.array([0]))
    np.testing.assert_allclose(sure, [[-np.exp(-50), np.exp(-50)]], rtol=1e-12)


def test_self_influence_finds_planted_wrong_labels() -> None:
    """Three clouds of points, a tenth of the labels wrong, fitted by gradient descent."""
    random, each = np.random.default_rng(5), 60
    true = np.repeat(np.arange(3), each)
    centres = np.array([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
    features = centres[true] + random.normal(scale=0.9, size=(len(true), 2))
    wrong = np.zeros(len(true), bool)
    wrong[random.choice(len(true), len(true) // 10, replace=False)] = True
    labels = np.where(wrong, (true + random.integers(1, 3, len(true))) % 3, true)
    weights, offset = np.zeros((2, 3)), np.zeros(3)
    for _ in range(200):
        gradient = errors(features @ weights + offset, labels) / len(true)
        weights, offset = weights - features.T @ gradient, offset - gradient.sum(axis=0)
    logits = features @ weights + offset
    found = by_hand(features, features[:1], logits, logits[:1], 1)
    own = self_influence(found, errors(logits, labels))

    def auc(scores: np.ndarray) -> float:
        return float((scores[wrong][:, None] > scores[~wrong]).mean())

    assert auc(own) > 0.9
    assert abs(auc(own[random.permutation(len(own))]) - 0.5) < 0.2, "which order gives by chance"
    assert auc(found.squared) < 0.8, "it is the error that tells, not the size of the features"


def test_ranks_of_likeness_by_hand() -> None:
    alike = np.array([[0.9], [0.5], [0.5], [0.1], [1.0]])
    labels = np.array([0, 0, 0, 0, 1])
    for row, rank in enumerate([1.0, 0.5, 0.5, 0.0]):
        assert checks.rank_in_label(alike, labels, np.array([[row]])) == pytest.approx(rank)
    assert checks.rank_in_label(alike, labels, np.array([[4]])) == 0.5  # nobody else has the label
    assert checks.rank_in_label(alike, labels, np.array([[0, 3]])) == 0.5
    assert checks.concentration(np.array([0.0] * 99 + [1.0])) == 1
    assert checks.concentration(np.ones(200)) == pytest.approx(0.01)
    assert checks.concentration(np.zeros(3)) == 0


def test_the_check_tells_outliers_from_pictures_that_are_alike() -> None:
    """Twenty orthogonal features, a training image of each class for each; then one outlier."""
    units, labels = 20, np.tile([0, 1], 20)
    features = np.repeat(np.eye(units), 2, axis=0)
    predicted, logits = np.zeros(units, np.int64), np.zeros((2 * units, 2))

    def measured(logits: np.ndarray) -> dict:
        given = np.tile([0.0, 0.0], (units, 1))
        found = by_hand(features, np.eye(units), logits, given, 1)
        both = errors(logits, labels), errors(given, predicted)
        return checks.checked(found, labels, predicted, both, 1, seed=0)

    fair = measured(logits)
    assert fair["label_chance"] == 0.5 and fair["images"] == units
    # All have the same errors, and features of the same length: sizes say nothing.
    half = pytest.approx(0.5)
    assert fair["proponents"] == {"label": 1.0, "resemblance": 1.0, "size": half, "distinct": 1.0}
    assert fair["shuffled"]["resemblance"] < 0.8
    logits[0] = [-9.0, 9.0]  # a training image of class 0 that was not fitted
    logits[1:] = np.where(labels[1:, None] == [0, 1], 2.0, -2.0)
    outlier = measured(logits)
    assert outlier["proponents"]["distinct"] == 1 / units
    assert outlier["proponents"]["resemblance"] < 0.6 and outlier["proponents"]["size"] == 1
    assert outlier["relative"]["distinct"] == 1.0 and outlier["relative"]["resemblance"] == 1.0
    assert outlier["shuffled"]["label"] == 1.0, "the label is in the error, whatever the features"


def test_a_last_layer_that_is_not_dense_is_refused_with_the_reason() -> None:
    inputs = keras.Input((SIDE, SIDE, 1))
    x = layers.Conv2D(CLASSES, 1, name="scores")(inputs)
    model = keras.Model(inputs, layers.GlobalAveragePooling2D(name="mean")(x))
    reason = not_possible(Network(model))
    assert "mean (GlobalAveragePooling2D)" in reason and "no product" in reason
