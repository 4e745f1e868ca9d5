"""GELU by its approximation, as a layer: Keras has one for the exact function alone."""

import math

import keras


class TanhGelu(keras.layers.Layer):
    """x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 (Hendrycks & Gimpel 2016, arXiv:1606.08415)."""

    def call(self, inputs):
        """Activate each value; see `keras.ops.gelu` with `approximate`."""
        if keras.backend.backend() != "tensorflow":
            return keras.ops.gelu(inputs, approximate=True)
        import tensorflow as tf

        # In one step, since of its parts three read the input: their gradients would be added in
        # any order.
        @tf.custom_gradient
        def function(x):
            slope = math.sqrt(2 / math.pi)
            bent = tf.tanh(slope * (x + 0.044715 * x**3))

            def gradient(upstream):
                inner = slope * (1 + 3 * 0.044715 * x**2)
                return upstream * (0.5 * (1 + bent) + 0.5 * x * (1 - bent**2) * inner)

            return 0.5 * x * (1 + bent), gradient

        return function(inputs)

    def compute_output_shape(self, input_shape):
        """Give the same shape."""
        return input_shape
