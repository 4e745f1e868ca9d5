"""Does an explanation depend on what was learned? Weights made random, from the top down.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps" (https://arxiv.org/abs/1810.03292), section
3.1, cascading randomisation. A map that stays the same when the network has forgotten everything
says nothing of what it had learned.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.trust.correlation import spearman

if TYPE_CHECKING:
    import keras

Explain = Callable[["keras.Model"], dict[str, np.ndarray]]

STEPS = 4


def cascade(
    model: "keras.Model", originals: dict[str, np.ndarray], explain: Explain, seed: int
) -> dict[int, dict[str, np.ndarray]]:
    """Randomise more and more layers from the logits down, and compare the maps at each step.

    Works on a copy; `model` stays as it is.

    Args:
        model: a trained functional network.
        originals: method -> float (n, height, width), its maps of n images.
        explain: gives the same methods' maps of the same images for another network.
        seed: of the random weights.

    Returns:
        number of layers randomised (four steps, the last is all of them) -> method -> float64 (n,),
        Spearman's rank correlation with the original map; NaN where either map is constant.
    """
    changed = copied(model)
    layers = weighted_layers(changed)
    steps = {round(len(layers) * (step + 1) / STEPS) for step in range(STEPS)}
    results = {}
    for count, layer in enumerate(layers, start=1):
        reset(layer, [seed, count])
        if count in steps:
            maps = explain(changed)
            results[count] = {
                method: spearman(original, maps[method]) for method, original in originals.items()
            }
    return results


def random_maps(count: int, size: tuple[int, int], seed: int) -> np.ndarray:
    """Compare maps of noise with other maps of noise: what no dependence at all looks like.

    Returns:
        float64 (count,), their rank correlations.
    """
    noise = np.random.default_rng(seed).random((2, count, *size))
    return spearman(noise[0], noise[1])


def copied(model: "keras.Model") -> "keras.Model":
    """Return another network with the same layers, names and weights, sharing none of them."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def weighted_layers(model: "keras.Model") -> list["keras.layers.Layer"]:
    """Return the layers that have weights, from the logits down."""
    return [layer for layer in reversed(model.layers) if layer.weights]


def reset(layer: "keras.layers.Layer", seed: list[int]) -> None:
    """Draw a layer's weights anew, each from the initialiser it was built with.

    Batch normalisation goes back to its start too, its moving statistics included.

    Args:
        layer: any layer whose weights are named after their initialisers, as Keras' own are.
        seed: non-negative numbers; each weight of the layer gets a seed derived from them.

    Raises:
        TypeError: a weight whose initialiser is not found. Leaving it would make every method
            look less dependent on the weights than it is.
    """
    states = np.random.SeedSequence(seed).generate_state(len(layer.weights))
    for weight, state in zip(layer.weights, states, strict=True):
        initialiser = _initialiser(layer, weight.name)
        config = initialiser.get_config()
        if "seed" in config:
            config["seed"] = int(state)
        weight.assign(type(initialiser).from_config(config)(weight.shape, weight.dtype))


def _initialiser(layer: "keras.layers.Layer", weight: str) -> "keras.Initializer":
    # A depthwise kernel is called `kernel` in one layer and `depthwise_kernel` in another.
    for name in (f"{weight}_initializer", f"{weight.removesuffix('_kernel')}_initializer"):
        if hasattr(layer, name):
            return getattr(layer, name)
    if weight == "kernel" and hasattr(layer, "depthwise_initializer"):
        return layer.depthwise_initializer
    raise TypeError(f"{layer.name}: no initialiser found for the weight '{weight}'")
