"""Convolution as Keras' own, but where TensorFlow's kernels on a CPU are slow, or wrong.

Slow is what few pixels come out of. A 3×3 window of padding `same` that gives a map of 2×2 lies
beside its input with many of its taps: of 36 products of a pixel and a tap, 20 or 11 are with
nothing (strides 1 and 2). Here each tap is one product of matrices, of the pixels that it does
meet, and nothing is copied for it but them. Forward and both gradients of 64 images, on two cores
with AVX-512: 512 channels on 2×2 in 7 ms instead of 28, and 256 to 512 from 4×4 with stride 2 in 8
instead of 21.

Wrong is the kernel's gradient of a 1×1 convolution that leaves out pixels, of few channels: oneDNN
writes beyond its memory (https://github.com/uxlfoundation/oneDNN/issues/6035; TensorFlow 2.21 has
it). On a CPU with AVX2 the gradient is wrong, with AVX-512 the process mostly ends. Here such a
convolution is of the pixels that it meets.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import keras

SIDE = 2  # of the maps that come out
TAPS = 3  # of the kernel, along each side
BLOCK = 16  # channels that oneDNN takes at once with AVX-512, with AVX2 half as many


class Conv2D(keras.layers.Conv2D):
    """Keras' layer of this name, with the same weights, numbers and configuration."""

    def call(self, inputs):
        """Convolve (n, height, width, channels); see keras.layers.Conv2D."""
        if keras.backend.backend() != "tensorflow" or not serves(self, inputs):
            return super().call(inputs)
        outputs = convolved(inputs, self.kernel, self.strides[0])
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)

    def convolution_op(self, inputs, kernel):
        """Convolve with a kernel, without bias or activation, as `call` does where Keras does."""
        if keras.backend.backend() != "tensorflow" or not overflows(self, inputs):
            return super().convolution_op(inputs, kernel)
        rows, columns = self.strides
        met = inputs[:, ::rows, ::columns]
        return keras.ops.conv(met, kernel, padding="valid", data_format="channels_last")


def overflows(layer: keras.layers.Conv2D, images: Any) -> bool:
    """Return whether oneDNN would write beyond its memory for the gradient of the kernel."""
    return (
        tuple(layer.kernel_size) == (1, 1)
        and tuple(layer.strides) != (1, 1)
        and layer.data_format == "channels_last"
        and images.shape[-1] < BLOCK
    )


def serves(layer: keras.layers.Conv2D, images: Any) -> bool:
    """Return whether `convolved` does what a layer does with the kernel, given such images."""
    return (
        tuple(layer.kernel_size) == (TAPS, TAPS)
        and tuple(layer.strides) in ((1, 1), (2, 2))
        and tuple(images.shape[1:3]) == (SIDE * layer.strides[0],) * 2
        and tuple(layer.dilation_rate) == (1, 1)
        and layer.padding == "same"
        and layer.data_format == "channels_last"
        and layer.groups == 1
    )


def convolved(images: Any, kernel: Any, stride: int = 1) -> Any:
    """Convolve small maps with a 3×3 kernel, padding `same`, in TensorFlow.

    Its gradients are written out for two reasons: that of a slice is a whole map of zeros around
    it, and sums of several gradients are no AddN here, which would be added in the order in which
    its terms happen to come (`runtime.configure`).

    Args:
        images: (n, 2 * stride, 2 * stride, channels).
        kernel: (3, 3, channels, filters).
        stride: 1 or 2.

    Returns:
        (n, 2, 2, filters).
    """
    import tensorflow as tf

    meetings, size = _meetings(stride), SIDE * stride

    @tf.custom_gradient
    def function(images: Any, kernel: Any) -> Any:
        channels, filters = kernel.shape[2:]
        # A row of a first axis is handed on as it is; of more axes it would be copied.
        listed = tf.reshape(kernel, (TAPS * TAPS, channels, filters))
        taps = [listed[number] for number in range(TAPS * TAPS)]
        met = [_pixels(images, each.inputs) for each in meetings]
        products = [tf.matmul(pixels, tap) for pixels, tap in zip(met, taps, strict=True)]
        outputs = _summed(products, [each.outputs for each in meetings], SIDE)

        def gradients(upstream: Any) -> tuple[Any, Any]:
            given = [_pixels(upstream, each.outputs) for each in meetings]
            products = [
                tf.matmul(pixels, tap, transpose_b=True)
                for pixels, tap in zip(given, taps, strict=True)
            ]
            to_images = _summed(products, [each.inputs for each in meetings], size)
            to_taps = [
                tf.matmul(pixels, each, transpose_a=True)
                for pixels, each in zip(met, given, strict=True)
            ]
            return to_images, tf.reshape(tf.stack(to_taps), (TAPS, TAPS, channels, filters))

        return outputs, gradients

    # Of a variable, a function with a gradient of its own would have to hand one back by name.
    return function(images, tf.convert_to_tensor(kernel))


@dataclass(frozen=True)
class _Meeting:
    """Where one tap of the kernel meets the map: pixels of the input, and those they count for.

    Rows and columns of each, as ranges of the same lengths.
    """

    inputs: tuple[range, range]
    outputs: tuple[range, range]


@cache
def _meetings(stride: int) -> list[_Meeting]:
    """Return where each tap meets the map, row by row of the kernel."""
    size = SIDE * stride
    before = (TAPS - stride) // 2  # of the rows that padding adds, TensorFlow puts more behind
    along = []
    for tap in range(TAPS):
        outputs = [o for o in range(SIDE) if 0 <= o * stride + tap - before < size]
        first = outputs[0] * stride + tap - before
        along.append(
            (
                range(first, first + len(outputs) * stride, stride),
                range(outputs[0], outputs[-1] + 1),
            )
        )
    return [
        _Meeting((row[0], column[0]), (row[1], column[1])) for row, column in product(along, along)
    ]


def _pixels(maps: Any, places: tuple[range, range]) -> Any:
    """Return the pixels at some rows and columns of (n, height, width, c), one below the other."""
    import tensorflow as tf

    rows, columns = (slice(each.start, each.stop, each.step) for each in places)
    if [len(each) for each in places] != list(maps.shape[1:3]):
        maps = maps[:, rows, columns]
    return tf.reshape(maps, (-1, maps.shape[-1]))


def _summed(parts: list[Any], places: list[tuple[range, range]], size: int) -> Any:
    """Add up what belongs to each pixel of maps: the inverse of `_pixels`.

    Args:
        parts: of each of `places`, (n * its pixels, c).
        places: rows and columns.
        size: the maps' height and width.

    Returns:
        (n, size, size, c).
    """
    import tensorflow as tf

    terms: dict[tuple[int, int], list[Any]] = {
        place: [] for place in product(range(size), range(size))
    }
    for part, (rows, columns) in zip(parts, places, strict=True):
        pixels = tf.reshape(part, (-1, len(rows) * len(columns), part.shape[-1]))
        for number, place in enumerate(product(rows, columns)):
            terms[place].append(pixels[:, number])
    sums = [tf.reduce_sum(tf.stack(each), axis=0) if len(each) > 1 else each[0]
            for each in terms.values()]  # fmt: skip
    return tf.reshape(tf.stack(sums, axis=1), (-1, size, size, parts[0].shape[-1]))
