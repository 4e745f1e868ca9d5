"""Several networks as one flat graph, that gives the mean of their logits or probabilities.

The mean of probabilities is what deep ensembles give (Lakshminarayanan et al. 2017,
https://arxiv.org/abs/1612.01474); as logits, its logarithm.
"""

from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np

from heatproof.models.graphs import copied
from heatproof.models.log_mean import LogMeanProbabilities

Mean = Literal["logits", "probabilities"]


def joined(members: Sequence[keras.Model], mean: Mean, name: str) -> keras.Model:
    """Join networks of the same images and classes.

    Args:
        members: flat functional networks that give logits, two at least.
        mean: of what.
        name: of the joined network.

    Returns:
        A flat graph with copies of all members, whose layers are called `member1_…` and so on. The
        mean of logits is a dense layer with fixed weights, 1/m where a logit is of the same class:
        whatever method has a rule for a dense layer has one for the ensemble.
    """
    image = keras.Input(members[0].input_shape[1:], name="image")
    outputs = [
        _renamed(member, f"member{number}_", image).outputs[0]
        for number, member in enumerate(members, start=1)
    ]
    if mean == "probabilities":
        logits = LogMeanProbabilities(name="logits")(outputs)
    else:
        together = keras.layers.Concatenate(name="member_logits")(outputs)
        classes = members[0].output_shape[-1]
        average = keras.layers.Dense(classes, use_bias=False, name="logits")
        logits = average(together)
        kernel = np.tile(np.eye(classes, dtype=np.float32), (len(members), 1)) / len(members)
        average.set_weights([kernel])
    return copied(keras.Model(image, logits, name=name))


def _renamed(model: keras.Model, prefix: str, image: keras.KerasTensor) -> keras.Model:
    """Copy a network with its weights, reading `image`, its layers' names behind a prefix."""

    def renamed(layer: keras.Layer) -> keras.Layer:
        return type(layer).from_config(layer.get_config() | {"name": f"{prefix}{layer.name}"})

    copy = keras.models.clone_model(model, input_tensors=image, clone_function=renamed)
    copy.set_weights(model.get_weights())
    return copy
