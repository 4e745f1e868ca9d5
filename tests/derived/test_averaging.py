"""Averages of weights: closed forms, and batch statistics as NumPy computes them."""

import keras
import numpy as np

from heatproof.derived.averaging import mean_weights, take_batch_statistics, with_moving_average
from tests.training.test_loop import network


def test_the_mean_of_weights_is_taken_weight_by_weight():
    one, other = (
        [np.float32([1.0, 2.0]), np.float32([[3.0]])],
        [np.float32([3.0, 6.0]), np.ones((1, 1))],
    )
    first, second = mean_weights([one, other])
    assert first.tolist() == [2.0, 4.0]
    assert second.tolist() == [[2.0]]
    assert {first.dtype, second.dtype} == {np.dtype(np.float32)}


def test_a_moving_average_is_the_recurrence_over_all_steps():
    image = keras.Input((1, 1, 1))
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Model(image, dense(keras.layers.Flatten()(image)))
    averaged, average = with_moving_average(model, 0.9)
    averaged.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", steps_per_execution=2)
    averaged.fit(np.ones((4, 1, 1, 1)), np.zeros((4, 1)), epochs=1, batch_size=1, verbose=0)
    # Each step takes 2 · 0.1 of the weight off.
    weights = [0.8**step for step in range(5)]
    expected = weights[0]
    for weight in weights:
        expected = 0.9 * expected + 0.1 * weight
    np.testing.assert_allclose(dense.get_weights()[0][0, 0], weights[-1], rtol=1e-5)
    average.finish()
    np.testing.assert_allclose(dense.get_weights()[0][0, 0], expected, rtol=1e-5)


def test_batch_statistics_are_those_of_the_batches_that_are_given():
    model = network()
    convolution, normalise = model.layers[1:3]
    normalise.set_weights([np.ones(4), np.zeros(4), np.full(4, 7.0), np.full(4, 9.0)])
    batches = np.random.default_rng(0).random((3, 16, 8, 8, 1), dtype=np.float32)
    take_batch_statistics(model, batches)
    outputs = [keras.ops.convert_to_numpy(convolution(each)) for each in batches]
    _, _, mean, variance = normalise.get_weights()
    np.testing.assert_allclose(
        mean, np.mean([o.mean(axis=(0, 1, 2)) for o in outputs], 0), rtol=1e-4
    )
    np.testing.assert_allclose(
        variance, np.mean([o.var(axis=(0, 1, 2)) for o in outputs], 0), rtol=1e-4
    )
    assert normalise.momentum == 0.9


def test_a_network_without_batch_normalisation_stays_as_it_is():
    image = keras.Input((1, 1, 1))
    model = keras.Model(image, keras.layers.Dense(1)(keras.layers.Flatten()(image)))
    before = model.get_weights()
    take_batch_statistics(model, [np.ones((2, 1, 1, 1), np.float32)])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
