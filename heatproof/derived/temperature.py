"""Temperature scaling: logits divided by one number, so that confidences become what they claim.

Guo et al. 2017, https://arxiv.org/abs/1706.04599, section 4.2. The predicted class stays.
"""

import keras
import numpy as np

from heatproof.models.graphs import copied, last_layer

LOWEST, HIGHEST = 0.01, 100.0


def fitted_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature at which the labels' cross-entropy is least.

    Args:
        logits: float32 (n, classes), of validation images.
        labels: int64 (n,).

    Returns:
        In [LOWEST, HIGHEST]: where all images are right the cross-entropy falls towards a
        temperature of 0, where all are wrong towards an infinite one.
    """
    from scipy.optimize import minimize_scalar

    # Of 1 / T it is convex, and so it has one minimum in log T too.
    found = minimize_scalar(
        lambda log_temperature: cross_entropy(logits, labels, float(np.exp(log_temperature))),
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def cross_entropy(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Return the mean of -log softmax(logits / T) at the labels, in float64."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(scaled).sum(axis=1))
    return float(np.mean(log_sums - scaled[np.arange(len(labels)), labels]))


def scaled(model: keras.Model, temperature: float) -> keras.Model:
    """Copy a network with its logits divided by a temperature.

    The last dense layer's weights are, so that no method meets another graph; a network that ends
    in something else gets a layer more.

    Args:
        model: flat functional, images to logits.
        temperature: above 0.
    """
    copy = copied(model)
    last = last_layer(copy)
    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.linear:
        last.set_weights([each / temperature for each in last.get_weights()])
        return copy
    outputs = keras.layers.Rescaling(1 / temperature, name="temperature")(copy.outputs[0])
    return keras.Model(copy.inputs[0], outputs, name=model.name)
