"""A network of 8-bit integers: converted for LiteRT, with its twin of floats."""

import logging
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from heatproof.attribution.core.folding import folded
from heatproof.derived.fake_quantisation import SHORTEST, rounded
from heatproof.models import integer_program, litert
from heatproof.models.integer_program import IntegerProgram
from heatproof.run.errors import UserError
from heatproof.storage.images import Images

BITS = 8


def converted(model: keras.Model, images: Images) -> bytes:
    """Return a network as a .tflite file in which all arithmetic is of 8-bit integers.

    Weights have a scale for each output channel, activations one for each tensor, by the range that
    they have on `images` (https://ai.google.dev/edge/litert/models/quantization_spec).

    Args:
        model: flat, of Keras' own layers and those of `heatproof.models`.
        images: uint8 (n, height, width, channels), from which ranges are measured.

    Raises:
        UserError: it has operations that LiteRT does not have for integers.
    """
    import tensorflow as tf

    def calibration() -> Iterator[list[np.ndarray]]:
        for image in images:
            yield [image[None].astype(np.float32) / 255]

    def for_integers(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8

    try:
        return litert.converted(model, for_integers)
    except litert.NotConverted as reason:
        logging.getLogger(__name__).debug("conversion failed", exc_info=True)
        raise UserError(
            f"{model.name}: LiteRT cannot convert it to integers: {reason}; quantise its "
            "weights alone, with `activations: false`"
        ) from None


def twin(model: keras.Model, content: bytes) -> tuple[keras.Model, int, int]:
    """Return the graph of floats whose kernels are those of a program, which it predicts by.

    Batch normalisations are folded into kernels, as they are in the program. A kernel is taken from
    the program where it is found there, and rounded as its are (`rounded`) where it is not.

    Args:
        model: what was converted.
        content: the program, as `converted` gives it.

    Returns:
        The twin; how many of its kernels were found in the program, and how many there are.
    """
    network = folded(model)
    copy = keras.Model(network.inputs[0], network.outputs[0], name=model.name)
    kernels = IntegerProgram(content).kernels()
    numbers, found, count = [], 0, 0
    for values in copy.get_weights():
        if values.ndim < SHORTEST:
            numbers.append(values)
            continue
        count += 1
        whole, scale = rounded(values, BITS, axis=-1)
        own = whole.astype(np.float32) * scale
        same = next((each for each in _alike(values, kernels)), None)
        found += same is not None
        numbers.append(own if same is None else same)
    copy.set_weights(numbers)
    integer_program.attach(copy, content)
    return copy, found, count


def _alike(values: np.ndarray, kernels: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the kernels of a program that are a kernel of Keras' but for rounding, laid out so."""
    step = np.abs(values).max() / (2 ** (BITS - 1) - 1)
    for kernel in kernels:
        if kernel.size != values.size:
            continue
        # LiteRT has output channels first, those of a depthwise convolution last.
        layouts = [np.moveaxis(kernel, 0, -1), kernel]
        for laid_out in layouts:
            if laid_out.size == values.size and _fits(laid_out.shape, values.shape):
                arranged = laid_out.reshape(values.shape)
                if np.abs(arranged - values).max() <= 0.51 * step:
                    yield arranged


def _fits(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes are the same but for sides of 1."""
    return [side for side in one if side > 1] == [side for side in other if side > 1]
