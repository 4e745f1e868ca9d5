"""Networks of Keras' own layers only, for those who have not this project's code."""

import keras


def to_builtin_layer(layer: keras.Layer) -> keras.Layer:
    """Return a copy of a layer, of Keras' own kind where its kind was made from that here.

    Ours have the same weights and configuration, and give the same numbers up to rounding.
    """
    kind = next(kind for kind in type(layer).__mro__ if kind.__module__.startswith("keras."))
    return kind.from_config(layer.get_config())
