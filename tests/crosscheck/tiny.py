"""A subject so small that a library explains it in no time."""

import keras
import numpy as np
from keras import layers

from heatproof.attribution import registry
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import resolved
from heatproof.crosscheck.subject import Subject
from heatproof.features.options import MaximisationOptions

SIDE = 8
FEW = {
    "samples": 12, "segments": 6, "background": 4, "evaluations": 30, "batch_size": 8,
    "stability_images": 0,
}  # fmt: skip


def network(activation: str = "relu") -> keras.Model:
    """Return conv, conv, dense of random weights, on grey images of 8×8."""
    inputs = keras.Input((SIDE, SIDE, 1))
    x = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    x = layers.Activation(activation, name="first_act")(x)
    x = layers.Conv2D(5, 3, strides=2, padding="same", name="second")(x)
    x = layers.Activation(activation, name="second_act")(x)
    model = keras.Model(inputs, layers.Dense(3, name="logits")(layers.Flatten()(x)))
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.5, w.shape) for w in model.get_weights()])
    return model


def subject(activation: str = "relu") -> Subject:
    """Return two images of it, with every method at few samples."""
    random = np.random.default_rng(1)
    images = random.random((2, SIDE, SIDE, 1)).astype(np.float32)
    training = random.integers(0, 256, (6, SIDE, SIDE, 1), np.uint8)
    folded = Network(network(activation))
    options = {}
    for name, method in registry.methods().items():
        given = resolved(method.options(), (SIDE, SIDE))
        options[name] = given.model_copy(
            update={key: FEW[key] for key in FEW if key in type(given).model_fields}
        )
    return Subject(
        folded,
        images,
        folded.logits(images).argmax(axis=1),
        Context(training, seed=3),
        options,
        MaximisationOptions(
            layers=1, steps=40, step_size=0.1, total_variation=0.2, jitter=1, noise=0.1
        ),
    )
