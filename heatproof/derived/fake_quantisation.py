"""Weights rounded to integers of few bits times a scale, and computed with as floats."""

import math

import keras
import numpy as np

from heatproof.models.graphs import copied

SHORTEST = 2  # axes of a kernel; biases and normalisations are few numbers, and stay as they are


def rounded(kernel: np.ndarray, bits: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Round a kernel to integers times a scale, symmetric around zero.

    As LiteRT quantises weights (its specification of 8-bit quantisation): the largest magnitude of
    a channel becomes 2^(bits - 1) - 1, zero stays zero, and halves go to the even number.

    Args:
        kernel: float, any shape.
        bits: of an integer, its sign among them.
        axis: along which each index has a scale of its own.

    Returns:
        int8 like `kernel`, in [1 - 2^(bits - 1), 2^(bits - 1) - 1]; float32 of one axis: their
        product is about the kernel. The scale of a channel of zeros is 1.
    """
    largest = 2 ** (bits - 1) - 1
    others = tuple(each for each in range(kernel.ndim) if each != axis % kernel.ndim)
    magnitude = np.abs(kernel).max(axis=others)
    scale = np.where(magnitude > 0, magnitude / largest, 1).astype(np.float32)
    shape = [1] * kernel.ndim
    shape[axis] = -1
    whole = np.clip(np.rint(kernel / scale.reshape(shape)), -largest, largest)
    return whole.astype(np.int8), scale


def quantised(model: keras.Model, bits: int) -> tuple[keras.Model, int]:
    """Copy a network, each kernel rounded (`rounded`), one scale for each output channel.

    Returns:
        The copy, and the bytes that it takes when kernels are stored as integers of so many
        bits with their scales, and all other weights as 32-bit floats.
    """
    copy = copied(model)
    numbers, stored = [], 0
    for values in model.get_weights():
        if values.ndim < SHORTEST:
            numbers.append(values)
            stored += values.nbytes
            continue
        whole, scale = rounded(values, bits, axis=-1)
        numbers.append(whole.astype(np.float32) * scale)
        stored += math.ceil(whole.size * bits / 8) + scale.nbytes
    copy.set_weights(numbers)
    return copy, stored
