"""Magnitude pruning: masks that can be counted by hand, and kept through training."""

import keras
import numpy as np

from heatproof.derived.masks import held, kernels, magnitude_masks, prune, shares_left
from tests.training.test_loop import network, planned, run


def test_of_each_layer_the_smallest_go_or_of_all_together():
    weights = [np.array([[1.0, -2.0], [3.0, -4.0]]), np.array([0.1, 0.2, 5.0, 0.3])]
    of_each = magnitude_masks(weights, 0.5, "layer")
    assert [each.tolist() for each in of_each] == [
        [[False, False], [True, True]], [False, False, True, True],
    ]  # fmt: skip
    of_all = magnitude_masks(weights, 0.5, "global")
    assert [each.tolist() for each in of_all] == [
        [[False, True], [True, True]], [False, False, True, False],
    ]  # fmt: skip


def test_what_was_taken_out_stays_out_however_large_it_is_now():
    earlier = [np.array([False, True, True, True])]
    (mask,) = magnitude_masks([np.array([9.0, 0.0, 1.0, 2.0])], 0.5, "layer", earlier)
    assert mask.tolist() == [False, False, True, True]


def linear(kernel: list[list[float]]) -> keras.Model:
    images = keras.Input((2, 1, 1))
    outputs = keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(images))
    model = keras.Model(images, outputs, name="linear")
    model.set_weights([np.array(kernel, np.float32)])
    return model


def test_a_pruned_linear_network_gives_what_is_computed_by_hand():
    model = linear([[3.0, -0.5], [0.25, 2.0]])
    masks = prune(model, 0.5, "global", rounds=1, start=None, train=lambda number: None)
    image = np.array([10.0, 100.0], np.float32).reshape(1, 2, 1, 1)
    # left: 3 of the first pixel to the first logit, 2 of the second to the second
    assert model.predict_on_batch(image).tolist() == [[30.0, 200.0]]
    assert list(shares_left(model, masks).values()) == [0.5]


def test_every_round_takes_the_same_share_of_what_is_left_and_goes_back_to_the_start():
    model = linear([[8.0, 7.0], [6.0, 5.0]])
    start = [np.array([[0.1, 0.2], [0.3, 0.4]], np.float32)]
    seen = []

    def train(number):
        seen.append(model.get_weights()[0].copy())
        # The order of magnitudes is now another: the second weight is the smallest that is left.
        model.set_weights([seen[-1] * np.array([[9.0, 1.0], [9.0, 9.0]], np.float32)])

    prune(model, 0.75, "layer", rounds=2, start=start, train=train)
    np.testing.assert_array_equal(seen[0], np.float32([[0.1, 0.2], [0.0, 0.0]]))
    np.testing.assert_array_equal(seen[1], np.float32([[0.1, 0.0], [0.0, 0.0]]))


def test_masked_weights_are_zero_after_every_step_of_training_and_free_afterwards():
    model = network()
    before = [np.array(each) for each in kernels(model)]
    masks = magnitude_masks(before, 0.7, "layer")
    with held(model, masks):
        run(model, planned(epochs=2))
    after = [np.array(each) for each in kernels(model)]
    for mask, one, other in zip(masks, before, after, strict=True):
        assert (other[~mask] == 0).all()
        assert np.mean(other[mask] != one[mask]) > 0.5  # all but those of a silent filter
    run(model, planned(epochs=1))
    for mask, each in zip(masks, map(np.array, kernels(model)), strict=True):
        assert np.mean(each != 0) > mask.mean()


def test_biases_and_normalisations_are_not_pruned():
    assert [each.path.rpartition("/")[2] for each in kernels(network())] == ["kernel"] * 2
