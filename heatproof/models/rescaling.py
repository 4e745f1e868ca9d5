"""Rescaling as Keras' own, where TensorFlow on a CPU is slow at it.

Of images in colour, the last axis has three values, and spreading three factors over it takes
TensorFlow four times as long as multiplying row by row of an image: 0.30 ms of an image of 224×224
pixels instead of 0.06, where mobilenet_v2 takes 3 ms for all of it (of a gradient, half as much
again).
"""

import keras


class Rescaling(keras.layers.Rescaling):
    """Keras' layer of this name, with the same numbers and configuration, and the same bits."""

    def call(self, inputs):
        """Rescale (n, height, width, channels); see keras.layers.Rescaling."""
        rows = len(inputs.shape) == 4 and None not in inputs.shape[1:]
        if not rows or keras.backend.backend() != "tensorflow":
            return super().call(inputs)
        import tensorflow as tf

        height, width, channels = inputs.shape[1:]
        scale, offset = (
            tf.tile(tf.broadcast_to(tf.cast(number, self.compute_dtype), (channels,)), (width,))
            for number in (self.scale, self.offset)
        )
        row_by_row = tf.reshape(tf.cast(inputs, self.compute_dtype), (-1, height, width * channels))
        return tf.reshape(row_by_row * scale + offset, (-1, height, width, channels))
