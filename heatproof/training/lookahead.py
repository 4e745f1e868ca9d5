"""Lookahead: training goes on from an average of the weights (https://arxiv.org/abs/1907.08610)."""

from typing import Any

import keras
from keras import ops

# The share of itself that the average keeps in the end, per step; at first it keeps nothing, then
# ever more, with the third power of the steps done (Jordan 2024, https://arxiv.org/abs/2404.00498).
KEPT = 0.95
POWER = 3


class Lookahead(keras.callbacks.Callback):
    """Average the weights after each so many steps, and at each epoch's end, and go on from there.

    The moving statistics of batch normalisation are averaged too, the optimiser's momenta are not.
    An epoch ends with the average in the network, so that a resumed training needs nothing else.
    """

    def __init__(self, steps: int, epochs: int, epoch_steps: int) -> None:
        """Prepare for `epochs` epochs of `epoch_steps` steps, to average after each `steps`."""
        super().__init__()
        self.steps, self.epoch_steps, self.all_steps = steps, epoch_steps, epochs * epoch_steps
        self.done = 0
        self.average: list[Any] = []

    def on_epoch_begin(self, epoch, logs=None) -> None:
        self.done = epoch * self.epoch_steps
        self.average = [ops.copy(each) for each in self._weights()]

    def on_train_batch_end(self, batch, logs=None) -> None:
        done = batch + 1
        if done % self.steps and done != self.epoch_steps:
            return
        since = (done - 1) % self.steps + 1
        kept = KEPT**since * ((self.done + done) / self.all_steps) ** POWER
        for place, variable in enumerate(self._weights()):
            average = kept * self.average[place] + (1 - kept) * ops.convert_to_tensor(variable)
            variable.assign(average)
            self.average[place] = average

    def _weights(self) -> list[keras.Variable]:
        """Return what is averaged: all but the states of random generators."""
        return [each for each in self.model.variables if "float" in each.dtype]
