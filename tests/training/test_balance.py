"""Weights, orders and accuracies in which every class counts the same."""

import keras
import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_class_weight

from heatproof.training.balance import (
    BalancedAccuracy,
    WeightedCrossentropy,
    balanced_order,
    class_weights,
)
from heatproof.training.batches import Batches

LABELS = np.repeat([0, 1, 3], [90, 8, 2])  # the third class has no images


def test_every_class_weighs_the_same() -> None:
    weights = class_weights(LABELS, 4)
    assert weights.dtype == np.float32 and weights[2] == 0
    present = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=LABELS)
    np.testing.assert_allclose(weights[[0, 1, 3]], present, rtol=1e-6)
    assert weights[LABELS].mean() == pytest.approx(1)


def test_every_class_comes_as_often_and_its_images_too() -> None:
    order = balanced_order(LABELS, np.random.default_rng(0))
    assert len(order) == 100
    assert sorted(np.bincount(LABELS[order], minlength=4)) == [0, 33, 33, 34]
    times = np.bincount(order, minlength=100)
    assert set(times[LABELS == 0]) == {0, 1}
    assert set(times[LABELS == 1]) <= {4, 5} and set(times[LABELS == 3]) <= {16, 17}
    others = balanced_order(LABELS, np.random.default_rng(1))
    assert not np.array_equal(order, others)
    assert (np.diff(LABELS[order]) != 0).mean() > 0.5, "shuffled"


def test_batches_serve_every_class_as_often_of_the_rows_asked_for() -> None:
    images = np.arange(100, dtype=np.uint8).reshape(-1, 1, 1, 1)
    rows = np.r_[0:60, 90:100]
    batches = Batches(images, LABELS, 4, 10, seed=1, rows=rows, balanced=True)
    assert set(batches.order) <= set(rows)
    assert sorted(np.bincount(LABELS[batches.order], minlength=4)) == [0, 23, 23, 24]
    first = batches.order
    batches.start_epoch(1)
    assert not np.array_equal(first, batches.order)


def test_the_loss_of_an_image_is_its_classs_weight_times_the_cross_entropy() -> None:
    weights = np.array([0.5, 3], np.float32)
    loss = WeightedCrossentropy(weights, from_logits=True, reduction="none")
    logits = np.array([[0, 0], [0, 0], [0, 0]], np.float32)
    labels = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)  # the last one mixed
    found = keras.ops.convert_to_numpy(loss(labels, logits))
    np.testing.assert_allclose(found, np.log(2) * np.array([0.5, 3, 1.75]), rtol=1e-6)
    mean = WeightedCrossentropy(weights, from_logits=True)(labels, logits)
    assert float(mean) == pytest.approx(found.mean(), rel=1e-6)


def test_the_balanced_accuracy_is_scikit_learns_over_all_batches() -> None:
    predicted = np.random.default_rng(0).permutation(LABELS)
    metric = BalancedAccuracy(4, "balanced_accuracy")
    for part in (slice(70), slice(70, None)):
        metric.update_state(np.eye(4)[LABELS[part]], np.eye(4)[predicted[part]])
    assert float(metric.result()) == pytest.approx(balanced_accuracy_score(LABELS, predicted))
    metric.reset_state()
    assert float(metric.result()) == 0
