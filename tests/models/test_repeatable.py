"""No more than two gradients meet at a tensor: `runtime.configure(training=True)` rests on it."""

from typing import Any

import keras
import numpy as np
import pytest

from tests.models import networks
from tests.sums import long_sums


def meeting(model: keras.Model, known: str = "Conv2DBackpropFilter") -> list[str]:
    """Return the sums of three gradients or more in the graph that trains a network.

    known: an operation that is certainly in it.
    """
    import tensorflow as tf

    loss = keras.losses.CategoricalCrossentropy(from_logits=True)

    @tf.function
    def gradients(images: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            total = sum([loss(targets, model(images, training=True)), *model.losses])
        return tape.gradient(total, model.trainable_variables)

    images = np.zeros((4, *model.input_shape[1:]), np.float32)
    targets = np.eye(model.output_shape[-1], dtype=np.float32)[:4]
    graph = gradients.get_concrete_function(images, targets).graph.as_graph_def()
    return long_sums([graph], known)


@pytest.mark.parametrize("name", networks.QUICK)
def test_no_network_adds_three_gradients(name: str) -> None:
    shape = networks.GRAY if name in ("simple_cnn", "mnist_cnn") else networks.COLOUR
    assert meeting(networks.shared(name, shape)) == []


def test_a_network_that_does_is_found() -> None:
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, padding="same")(inputs)
    branches = [keras.layers.Conv2D(2, 3, padding="same")(x) for _ in range(3)]
    outputs = keras.layers.GlobalAveragePooling2D()(keras.layers.Concatenate()(branches))
    assert meeting(keras.Model(inputs, outputs))
