"""Networks as LiteRT programs (.tflite)."""

import warnings
from collections.abc import Callable
from typing import Any

import keras

from heatproof.models.builtin_layers import plain
from heatproof.run import runtime


class NotConverted(Exception):
    """LiteRT has not all of a network's operations as they were asked for; it says which."""


def converted(model: keras.Model, prepare: Callable[[Any], None] = lambda converter: None) -> bytes:
    """Return the program of a network, without what its converter tells of itself on stderr.

    Args:
        model: flat, of Keras' own layers and those of `heatproof.models`.
        prepare: sets TensorFlow's converter; as it is, a program is of 32-bit floats.

    Raises:
        NotConverted: with the first line of the reason.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    network = plain(model)
    shape = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="image")
    function = tf.function(lambda image: network(image, training=False), jit_compile=False)
    frozen = convert_variables_to_constants_v2(function.get_concrete_function(shape))
    with runtime.suppress_native_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of statistics that it takes itself
        # Of a Keras model it would print what it saves on its way.
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
        prepare(converter)
        try:
            return converter.convert()
        except Exception as error:  # its exceptions have no class of their own
            reason = error  # raised below: what was held back would be shown before it
    first = next(iter(str(reason).strip().splitlines()), type(reason).__name__)[:200]
    raise NotConverted(first) from reason
