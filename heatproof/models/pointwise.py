"""1×1 convolution as one product of matrices, on small maps, where TensorFlow trains.

That is what it is: each pixel's channels times the kernel. TensorFlow's convolution takes longer as
long as the maps are small: mobilenet_v2, most of whose layers these are, trains a fifth faster on
two cores with AVX-512. On maps of 16×16 they take as long, and efficient_cnn, which has larger maps
and few such layers, would gain nothing.
"""

import keras

from heatproof.models import convolution

SIDE = 8  # of the largest maps that are multiplied


class Conv2D(convolution.Conv2D):
    """Keras' layer of this name, with the same weights, numbers and configuration."""

    def call(self, inputs):
        """Convolve (n, height, width, channels); see keras.layers.Conv2D."""
        if keras.backend.backend() != "tensorflow" or not self._multiplies(inputs):
            return super().call(inputs)
        import tensorflow as tf

        channels, filters = self.kernel.shape[2:]
        kernel = tf.reshape(tf.convert_to_tensor(self.kernel), (channels, filters))
        outputs = tf.matmul(tf.reshape(inputs, (-1, channels)), kernel)
        return self.activation(tf.reshape(outputs, (-1, *inputs.shape[1:3], filters)))

    def _multiplies(self, inputs) -> bool:
        """Return whether a product of matrices is the same, and faster.

        Not with a bias, as a layer has into which a batch normalisation was folded: TensorFlow
        convolves, adds it and activates in one go. Not in half precision, whose products end the
        process on a CPU that lacks them (AVX2 alone).
        """
        return (
            inputs.dtype == "float32"
            and tuple(self.kernel_size) == (1, 1)
            and tuple(self.strides) == (1, 1)
            and max(inputs.shape[1:3]) <= SIDE
            and self.data_format == "channels_last"
            and self.groups == 1
            and not self.use_bias
        )
