"""Layer normalisation whose gradient is written out, where TensorFlow computes.

Keras 3 composes it of mean, variance and product, all of which read its input: three gradients meet
there, and TensorFlow adds them in the order in which they happen to come (`runtime.configure`), so
that trainings would not repeat bit for bit. Written out it is one gradient, of fewer operations.
"""

from typing import Any

import keras


class LayerNormalization(keras.layers.LayerNormalization):
    """Keras' layer of this name, with the same weights, numbers and configuration."""

    def call(self, inputs):
        """Normalise the last axis of (n, ..., channels); see keras.layers.LayerNormalization."""
        if not (keras.backend.backend() == "tensorflow" and serves(self, inputs)):
            return super().call(inputs)
        import tensorflow as tf

        channels = inputs.shape[-1]
        scale = tf.convert_to_tensor(self.gamma) if self.scale else tf.ones(channels, inputs.dtype)
        shift = tf.convert_to_tensor(self.beta) if self.center else tf.zeros(channels, inputs.dtype)
        return normalised(inputs, scale, shift, self.epsilon)


def serves(layer: keras.layers.LayerNormalization, inputs: Any) -> bool:
    """Return whether `normalised` does what a layer does, given such inputs."""
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    return (
        list(axes) in ([-1], [len(inputs.shape) - 1])
        and not layer.rms_scaling
        and inputs.shape[-1] is not None
        # Half precision is normalised in float32, by Keras.
        and inputs.dtype == layer.variable_dtype
        and layer.compute_dtype == layer.variable_dtype
    )


def normalised(inputs: Any, scale: Any, shift: Any, epsilon: float) -> Any:
    """Normalise each place over its channels (Ba et al. 2016, https://arxiv.org/abs/1607.06450).

    Args:
        inputs: a tensor (n, ..., channels).
        scale: (channels,), gamma.
        shift: (channels,), beta.
        epsilon: added to the variance.

    Returns:
        a tensor like `inputs`, in TensorFlow.
    """
    import tensorflow as tf

    @tf.custom_gradient
    def function(x: Any, scale: Any, shift: Any) -> Any:
        centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(centred * centred, axis=-1, keepdims=True)
        inverse = tf.math.rsqrt(variance + epsilon)
        unit = centred * inverse
        places = list(range(len(x.shape) - 1))

        def gradients(upstream: Any) -> tuple[Any, Any, Any]:
            given = upstream * scale
            mean = tf.reduce_mean(given, axis=-1, keepdims=True)
            along = tf.reduce_mean(given * unit, axis=-1, keepdims=True)
            return (
                inverse * (given - mean - unit * along),
                tf.reduce_sum(upstream * unit, axis=places),
                tf.reduce_sum(upstream, axis=places),
            )

        return unit * scale + shift, gradients

    return function(inputs, scale, shift)
