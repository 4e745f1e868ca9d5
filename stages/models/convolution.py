"""Convolution as Keras' own, but on maps of 2×2 pixels, where TensorFlow's kernels do badly.

There a 3×3 window of padding `same` always covers the whole map, with some of its taps beside it.
The kernel's taps for one output pixel are then one matrix over all inputs, and the convolution is
four products of matrices, which take a quarter of the time (the last three convolutions of
resnet18: 64 images, forward and both gradients, 46 against 15 ms each, on two cores with AVX-512).
"""

from typing import Any

import keras

SIDE = 2  # of the maps
TAPS = 3  # of the kernel, along each side
PLACES = [(row, column) for row in range(SIDE) for column in range(SIDE)]


class Conv2D(keras.layers.Conv2D):
    """Keras' layer of this name, with the same weights, numbers and configuration."""

    def call(self, inputs):
        """Convolve (n, height, width, channels); see keras.layers.Conv2D."""
        if keras.backend.backend() != "tensorflow" or not serves(self, inputs):
            return super().call(inputs)
        outputs = convolved(inputs, self.kernel)
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)


def serves(layer: keras.layers.Conv2D, images: Any) -> bool:
    """Return whether `convolved` does what a layer does with the kernel, given such images."""
    return (
        tuple(images.shape[1:3]) == (SIDE, SIDE)
        and tuple(layer.kernel_size) == (TAPS, TAPS)
        and tuple(layer.strides) == tuple(layer.dilation_rate) == (1, 1)
        and layer.padding == "same"
        and layer.data_format == "channels_last"
        and layer.groups == 1
    )


def convolved(images: Any, kernel: Any) -> Any:
    """Convolve maps of 2×2 pixels with a 3×3 kernel, padding `same`, stride 1, in TensorFlow.

    Its gradients are written out for two reasons: that of a slice is a whole kernel of zeros around
    it, and sums of four gradients are no AddN here, which would be added in the order in which its
    terms happen to come (`runtime.configure`).

    Args:
        images: (n, 2, 2, channels).
        kernel: (3, 3, channels, filters).

    Returns:
        (n, 2, 2, filters).
    """
    import tensorflow as tf

    @tf.custom_gradient
    def function(images: Any, kernel: Any) -> Any:
        channels, filters = kernel.shape[2:]
        flat = tf.reshape(images, (-1, len(PLACES) * channels))
        # Seen from output pixel (0, 0), the map begins at the kernel's tap (1, 1).
        seen = [
            tf.reshape(
                kernel[1 - row : 1 - row + SIDE, 1 - column : 1 - column + SIDE],
                (len(PLACES) * channels, filters),
            )
            for row, column in PLACES
        ]
        outputs = tf.concat([tf.matmul(flat, each) for each in seen], axis=1)

        def gradients(upstream: Any) -> tuple[Any, Any]:
            parts = tf.split(tf.reshape(upstream, (-1, len(PLACES) * filters)), len(PLACES), axis=1)
            to_images = tf.reduce_sum(
                tf.stack(
                    [
                        tf.matmul(part, each, transpose_b=True)
                        for part, each in zip(parts, seen, strict=True)
                    ]
                ),
                axis=0,
            )
            of_pixel = {
                place: tf.reshape(
                    tf.matmul(flat, part, transpose_a=True), (SIDE, SIDE, channels, filters)
                )
                for place, part in zip(PLACES, parts, strict=True)
            }
            taps = [
                _total([of_pixel[output][pixel] for output, pixel in _pairs(down, right)])
                for down in (-1, 0, 1)
                for right in (-1, 0, 1)
            ]
            to_kernel = tf.reshape(tf.stack(taps), (TAPS, TAPS, channels, filters))
            return tf.reshape(to_images, tf.shape(images)), to_kernel

        return tf.reshape(outputs, (-1, SIDE, SIDE, filters)), gradients

    # Of a variable, a function with a gradient of its own would have to hand one back by name.
    return function(images, tf.convert_to_tensor(kernel))


def _pairs(down: int, right: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """List the output pixels, each with the pixel so far below and right of it, where one is."""
    moved = [(place, (place[0] + down, place[1] + right)) for place in PLACES]
    return [(output, pixel) for output, pixel in moved if pixel in PLACES]


def _total(terms: list[Any]) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(tf.stack(terms), axis=0) if len(terms) > 1 else terms[0]
