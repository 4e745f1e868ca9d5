"""What is explained: the target class' logit."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


def target_logit(targets: np.ndarray) -> Callable[[Any], Any]:
    """Return a tf-keras-vis score: logits (n, classes) -> the logit of each row's target, (n,).

    Args:
        targets: int64 (n,), class indices.
    """
    import tensorflow as tf

    # A product rather than an index: its gradient is deterministic on every device.
    return lambda logits: tf.reduce_sum(logits * tf.one_hot(targets, logits.shape[-1]), axis=-1)


def require_logits(model: "keras.Model") -> None:
    """Refuse a network whose output is not logits.

    A softmax couples the classes, and where the network is sure its gradient vanishes.

    Raises:
        ValueError: the last layer is, or ends in, an activation.
    """
    last = model.layers[-1]
    activation = getattr(last, "activation", None)
    if type(last).__name__ == "Softmax" or getattr(activation, "__name__", "linear") != "linear":
        raise ValueError(f"{model.name}: '{last.name}' gives no logits but activated values")
