"""Averages of the weights that a network has in the course of its training.

Means of several (Izmailov et al. 2018, https://arxiv.org/abs/1803.05407), or a moving average over
all steps. Batch normalisation's mean and variance belong to other weights then, and are taken again
from training images (section 3.2 of the paper).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np


class MovingAverage(keras.layers.Layer):
    """Hand on a network's logits, and average its weights over the steps of its training.

    In each step it takes the weights that the step begins with; `finish` takes those of the last.
    Its averages are weights that are not trained, so that a checkpoint has them.
    """

    def __init__(self, model: keras.Model, momentum: float, **options) -> None:
        """`momentum`: of the average, that of its earlier value; `model`: whose weights."""
        super().__init__(**options)
        self.momentum = momentum
        current = tuple(model.trainable_weights)
        # As a function: of an attribute Keras would think that they are this layer's too.
        self._current = lambda: current
        self.averages = [
            self.add_weight(
                shape=each.shape, initializer="zeros", name=f"average{place}", trainable=False
            )
            for place, each in enumerate(current)
        ]
        for average, each in zip(self.averages, current, strict=True):
            average.assign(each)

    def call(self, inputs, training=False):
        """Give the logits as they are."""
        if training:
            self.step()
        return inputs

    def step(self) -> None:
        """Take the present weights into the averages."""
        for average, each in zip(self.averages, self._current(), strict=True):
            average.assign(self.momentum * average + (1 - self.momentum) * each)

    def finish(self) -> None:
        """Take the last step's weights too, and give the network its averages."""
        self.step()
        for average, each in zip(self.averages, self._current(), strict=True):
            each.assign(average)


def with_moving_average(model: keras.Model, momentum: float) -> tuple[keras.Model, MovingAverage]:
    """Return a network to be trained, whose weights are the model's own, and its average."""
    average = MovingAverage(model, momentum, name="moving_average")
    return keras.Model(model.inputs[0], average(model.output), name=model.name), average


def mean_weights(each: Iterable[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """Return the mean of several networks' weights, in their order, float32."""
    return [
        np.asarray(np.mean(same, axis=0, dtype=np.float64), np.float32)
        for same in zip(*each, strict=True)
    ]


def take_batch_statistics(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Set every batch normalisation's mean and variance to their means over some batches.

    All else infers: what acts in training alone, such as dropout, does nothing.

    Args:
        model: a flat functional network.
        batches: float32 (n, height, width, channels) in [0, 1], each; the same number, or nearly.
    """
    layers = [each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    if not layers:
        return
    try:
        for number, images in enumerate(batches):
            for layer in layers:
                layer.momentum = number / (number + 1)
            _run(model, images)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


def _run(model: keras.Model, images: np.ndarray) -> None:
    """Compute a network's outputs, its normalisations as in training, all else as in inference."""

    def called(layer: Any) -> Callable[..., Any]:
        if isinstance(layer, keras.layers.BatchNormalization):
            return lambda *inputs, **options: layer(*inputs, **options | {"training": True})
        return layer

    model._run_through_graph(keras.ops.convert_to_tensor(images), called)
