"""Temperature scaling: the temperature that is known, and logits that are divided by it."""

import keras
import numpy as np
import pytest

from heatproof.derived.joined import joined
from heatproof.derived.temperature import HIGHEST, LOWEST, cross_entropy, fitted_temperature, scaled
from tests.training.test_loop import network

IMAGES = np.random.default_rng(0).random((6, 8, 8, 1), dtype=np.float32)


def test_of_two_logits_the_temperature_has_a_closed_form():
    """Of images with logits (a, 0), a share p of which is right, a / T = log(p / (1 - p))."""
    a, right, images = 5.0, 80, 100
    logits = np.tile(np.float32([a, 0.0]), (images, 1))
    labels = np.repeat([0, 1], [right, images - right])
    assert fitted_temperature(logits, labels) == pytest.approx(a / np.log(0.8 / 0.2), rel=1e-4)


def test_logits_that_are_calibrated_keep_a_temperature_of_one_times_what_they_are_multiplied_by():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 5)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (random.random((4000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    found = fitted_temperature((3 * logits).astype(np.float32), labels)
    assert found == pytest.approx(3.0, rel=0.05)
    least = cross_entropy(3 * logits, labels, found)
    assert all(cross_entropy(3 * logits, labels, found * by) > least for by in (0.99, 1.01))


def test_where_all_or_none_are_right_it_stops_at_its_bounds():
    logits = np.tile(np.float32([2.0, 0.0]), (10, 1))
    right, wrong = np.zeros(10, np.int64), np.ones(10, np.int64)
    assert LOWEST <= fitted_temperature(logits, right) < 0.1
    assert cross_entropy(logits, right, fitted_temperature(logits, right)) < 1e-12
    assert fitted_temperature(logits, wrong) == pytest.approx(HIGHEST, rel=0.01)


def test_logits_are_divided_in_the_last_dense_layer():
    model = network()
    found = scaled(model, 2.5)
    assert [layer.name for layer in found.layers[1:]] == [layer.name for layer in model.layers[1:]]
    np.testing.assert_allclose(
        found.predict_on_batch(IMAGES), model.predict_on_batch(IMAGES) / 2.5, rtol=1e-5
    )


def test_a_network_that_ends_in_something_else_gets_a_layer_more():
    model = joined([network(), network()], "probabilities", "two")
    found = scaled(model, 2.5)
    np.testing.assert_allclose(
        found.predict_on_batch(IMAGES), model.predict_on_batch(IMAGES) / 2.5, rtol=1e-5
    )
    assert isinstance(found.layers[-1], keras.layers.Rescaling)
