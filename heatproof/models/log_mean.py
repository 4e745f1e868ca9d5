"""The mean of several networks' probabilities, as logits."""

import math

import keras
from keras import ops


class LogMeanProbabilities(keras.layers.Layer):
    """Logits of several networks, (n, classes) each, to the logarithm of their mean softmax."""

    def call(self, inputs):
        """Give float32 (n, classes), whose softmax is the mean of all softmaxes."""
        each = ops.stack([ops.log_softmax(logits, axis=-1) for logits in inputs], axis=0)
        return ops.logsumexp(each, axis=0) - math.log(len(inputs))

    def compute_output_shape(self, input_shape):
        """Give (n, classes)."""
        return input_shape[0]
