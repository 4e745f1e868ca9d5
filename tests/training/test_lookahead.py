"""Lookahead: the average is the paper's, and an epoch ends in it."""

import keras
import numpy as np

from heatproof.training.lookahead import KEPT, Lookahead


def moved(steps: int, epochs: int, epoch_steps: int, first_epoch: int = 0) -> list[float]:
    """Return a weight after each step of a training that adds 1 to it in each."""
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    weight = model.weights[0]
    weight.assign([[0.0]])
    lookahead = Lookahead(steps, epochs, epoch_steps)
    lookahead.set_model(model)
    seen = []
    for epoch in range(first_epoch, epochs):
        lookahead.on_epoch_begin(epoch)
        for step in range(epoch_steps):
            weight.assign_add([[1.0]])
            lookahead.on_train_batch_end(step)
            seen.append(float(weight.numpy()[0, 0]))
    return seen


def test_the_average_keeps_more_of_itself_the_later_it_is() -> None:
    found = moved(steps=2, epochs=2, epoch_steps=4)
    average, expected = 0.0, []
    for done in (2, 4, 6, 8):
        kept = KEPT**2 * (done / 8) ** 3
        trained = average + 2
        expected += [average + 1, kept * average + (1 - kept) * trained]
        average = expected[-1]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_an_epoch_ends_in_the_average_of_fewer_steps_too() -> None:
    found = moved(steps=5, epochs=1, epoch_steps=7)
    at_five = 5 * (1 - KEPT**5 * (5 / 7) ** 3)
    np.testing.assert_allclose(found[4], at_five, rtol=1e-6)
    np.testing.assert_allclose(found[6], at_five + 2 * (1 - KEPT**2), rtol=1e-6)


def test_a_resumed_training_keeps_as_much() -> None:
    whole, resumed = moved(2, 3, 4), moved(2, 3, 4, first_epoch=2)
    np.testing.assert_allclose(np.diff(resumed), np.diff(whole[8:]), rtol=1e-5, atol=1e-5)


def test_what_is_averaged_leaves_out_random_generators() -> None:
    inputs = keras.Input((4,))
    x = keras.layers.BatchNormalization()(keras.layers.Dropout(0.5, seed=1)(inputs))
    lookahead = Lookahead(1, 1, 1)
    lookahead.set_model(keras.Model(inputs, x))
    names = {variable.name for variable in lookahead._weights()}
    assert names == {"gamma", "beta", "moving_mean", "moving_variance"}
