"""Networks of Keras' own layers only, for those who have not this project's code."""

import keras
import numpy as np


def to_builtin_layer(layer: keras.Layer) -> keras.Layer:
    """Return a copy of a layer, of Keras' own kind where its kind was made from that here.

    Ours have the same weights and configuration, and give the same numbers up to rounding.
    """
    kind = next(kind for kind in type(layer).__mro__ if kind.__module__.startswith("keras."))
    return kind.from_config(layer.get_config())


def plain(model: keras.Model) -> keras.Model:
    """Return a copy of a network that consists of Keras' own layers, with the same weights.

    Some of the study's differ from Keras' in speed only, but are saved under this project's name,
    which a reader elsewhere does not have.
    """
    copy = keras.models.clone_model(model, clone_function=to_builtin_layer)
    copy.set_weights(model.get_weights())
    # Keras refuses to export a network that was never called.
    copy(np.zeros((1, *model.input_shape[1:]), np.float32))
    return copy
