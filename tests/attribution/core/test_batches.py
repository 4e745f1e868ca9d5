"""Batches passed side by side: in their order, two at once, and to the bit as one by one."""

import threading
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.core import network as network_module
from heatproof.attribution.core.batches import side_by_side, traced_for_any_batch
from heatproof.attribution.core.network import Network
from tests.attribution import networks

PATIENCE = 30.0  # seconds, for what should not take any


def test_two_are_computed_at_once_and_come_in_their_order() -> None:
    both = threading.Barrier(2)

    def function(number: int) -> int:
        both.wait(PATIENCE)  # raises if no other is there
        return number**2

    assert list(side_by_side(function, range(6), at_once=2)) == [0, 1, 4, 9, 16, 25]


def test_what_serves_one_thread_is_called_by_the_one_that_asks() -> None:
    def function(number: int) -> tuple[int, threading.Thread]:
        return number, threading.current_thread()

    here = threading.current_thread()
    assert list(side_by_side(function, range(3), at_once=1)) == [(i, here) for i in range(3)]


def test_a_failure_is_raised_and_the_rest_is_not_begun() -> None:
    begun = []

    def function(number: int) -> None:
        begun.append(number)
        raise ValueError(f"number {number}")

    with pytest.raises(ValueError, match="number 0"):
        list(side_by_side(function, range(1000), at_once=2))
    assert len(begun) < 1000


def test_a_function_is_traced_once_though_two_threads_are_the_first_to_call_it() -> None:
    traced, both = [], threading.Barrier(2)

    def function(batch: Any) -> Any:
        traced.append(batch.shape)
        return 2 * batch

    compiled = traced_for_any_batch(function, autograph=False)

    def called(length: int) -> Any:
        both.wait(PATIENCE)
        return compiled(tf.ones((length, 3))).numpy()

    found = list(side_by_side(called, [1, 4], at_once=2))
    assert [len(each) for each in found] == [1, 4]
    assert len(traced) == 1


def test_batches_side_by_side_give_the_bits_that_they_give_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where more than two gradients meet, whose sum depends on their order."""
    keras.utils.set_random_seed(0)
    image = keras.Input((24, 24, 3))
    branches = [layers.Conv2D(4, size, padding="same")(image) for size in (1, 3, 5, 7)]
    pooled = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.Concatenate()(branches)))
    network = Network(keras.Model(image, layers.Dense(5)(pooled)))
    images, targets = networks.images(64, 24, 3), np.arange(64) % 5
    compiled = network.compiled("gradients", network.gradients_of)
    found = []
    for at_once in (1, 2, 2, 2):
        monkeypatch.setattr(network_module, "AT_ONCE", at_once)
        found.append(network.in_batches(compiled, images, targets, size=4))
    for each in found[1:]:
        np.testing.assert_array_equal(each, found[0])
