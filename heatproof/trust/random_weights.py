"""Networks with some of their weights random again: copies, and layers reset in their own way.

The two ways of Adebayo et al. 2018, "Sanity Checks for Saliency Maps"
(https://arxiv.org/abs/1810.03292), section 3.1: cascading randomisation from the top down, and
independent randomisation of single layers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatproof.models.graphs import copied
from heatproof.trust.similarity import Maps, Similarities, similarities

if TYPE_CHECKING:
    import keras

ExplainNetwork = Callable[["keras.Model"], Maps]


@dataclass(frozen=True)
class Step:
    """One network with random weights beside the trained one.

    layers: the names of the random layers, from the logits down. similarity: of each method's maps
    with the original ones, see `similarities`. maps: those of the network whose layers are all
    random; of others none are kept, which in large images are hundreds of MB.
    """

    layers: tuple[str, ...]
    similarity: Similarities
    maps: Maps


def cascade(
    model: "keras.Model",
    originals: Maps,
    explain: ExplainNetwork,
    seed: int,
    steps: int | None,
) -> list[Step]:
    """Randomise more and more layers from the logits down, and compare the maps at each step.

    Works on a copy; `model` stays as it is.

    Args:
        model: a trained functional network.
        originals: method -> float (n, height, width), its maps of n images.
        explain: gives the same methods' maps of the same images, or of the first of them, for
            another network.
        seed: of the random weights.
        steps: at how many depths, evenly spread, the maps are compared; None is at every layer.

    Returns:
        a step for each depth; in the last, all layers are random.
    """
    changed = copied(model)
    names = [layer.name for layer in weighted_layers(changed)]
    wanted = min(steps or len(names), len(names))
    depths = {round(len(names) * (step + 1) / wanted) for step in range(wanted)}
    taken = []
    for depth in randomise_top_down(changed, seed):
        if depth in depths:
            maps = explain(changed)
            kept = maps if depth == len(names) else {}
            taken.append(Step(tuple(names[:depth]), similarities(originals, maps), kept))
    return taken


def independent(
    model: "keras.Model",
    originals: Maps,
    explain: ExplainNetwork,
    seed: int,
    steps: int,
) -> list[Step]:
    """Randomise one layer at a time, the others as they were trained, and compare the maps.

    As `cascade`, with a step for each layer, from the logits down: at most `steps` of them, spread
    evenly over the depth, the logits' and the lowest among them. A layer gets the same random
    weights as there with the same seed.
    """
    changed = copied(model)
    layers = weighted_layers(changed)
    wanted = min(steps, len(layers))
    chosen = dict.fromkeys(np.linspace(0, len(layers) - 1, wanted).round().astype(int).tolist())
    taken = []
    for place in chosen:
        layer = layers[place]
        trained = layer.get_weights()
        reset(layer, [seed, place + 1])
        maps = explain(changed)
        taken.append(Step((layer.name,), similarities(originals, maps), {}))
        layer.set_weights(trained)
    return taken


def randomise_top_down(changed: "keras.Model", seed: int) -> Iterator[int]:
    """Reset one layer after the other from the logits down; yield how many are reset."""
    for depth, layer in enumerate(weighted_layers(changed), start=1):
        reset(layer, [seed, depth])
        yield depth


def weighted_layers(model: "keras.Model") -> list["keras.layers.Layer"]:
    """Return the layers that have weights, from the logits down."""
    return [layer for layer in reversed(model.layers) if layer.weights]


def reset(layer: "keras.layers.Layer", seed: list[int]) -> None:
    """Draw a layer's weights again, each from the initialiser it was built with.

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
    # What is within a layer of attention gets its initialisers from it, where they are private.
    for name in (f"{weight}_initializer", f"{weight.removesuffix('_kernel')}_initializer"):
        for kept in (name, f"_{name}"):
            if hasattr(layer, kept):
                return getattr(layer, kept)
    if weight == "kernel" and hasattr(layer, "depthwise_initializer"):
        return layer.depthwise_initializer
    if hasattr(layer, "init_values"):  # layer scale, which keeps the number that it starts with
        from keras import initializers

        return initializers.Constant(layer.init_values)
    raise TypeError(f"{layer.name}: no initialiser found for the weight '{weight}'")
