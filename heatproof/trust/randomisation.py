"""Does an explanation depend on what was learned? Weights made random, layer by layer.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps" (https://arxiv.org/abs/1810.03292): section
3.1, cascading randomisation from the top down and independent randomisation of single layers;
section 3.2, labels made random, for which `similarities` compares the two networks' maps. A map
that stays the same when the network has forgotten everything says nothing of what it had learned:
lower is better.

The efficient variant (Hedström et al. 2024) is in `entropy`; the smooth one is here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatproof.statistics.correlation import magnitude_correlation
from heatproof.trust.random_weights import copied, reset, weighted_layers
from heatproof.trust.structural import structural_similarity

if TYPE_CHECKING:
    import keras

# Method -> float (rows, height, width). A dear method may explain fewer images than there are; its
# rows are then the first ones.
Maps = dict[str, np.ndarray]
# Method -> number -> float64 (rows,), one value an image.
Values = dict[str, dict[str, np.ndarray]]

Explain = Callable[["keras.Model"], Maps]
# A network -> (images float32 (n, height, width, channels) -> maps of them under that network). Of
# two networks the second is asked for when nothing more is asked of the first.
ExplainImages = Callable[["keras.Model"], Callable[[np.ndarray], Maps]]

STEPS = 4


@dataclass(frozen=True)
class Step:
    """One network with random weights beside the trained one.

    layers: the names of the random layers, from the logits down. similarity: of each method's maps
    with the original ones, see `similarities`. maps: what the changed network's maps are.
    """

    layers: tuple[str, ...]
    similarity: Values
    maps: Maps


def cascade(
    model: "keras.Model",
    originals: Maps,
    explain: Explain,
    seed: int,
    steps: int | None = STEPS,
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
    found = []
    for depth in _forgetting(changed, seed):
        if depth in depths:
            maps = explain(changed)
            found.append(Step(tuple(names[:depth]), similarities(originals, maps), maps))
    return found


def independent(
    model: "keras.Model",
    originals: Maps,
    explain: Explain,
    seed: int,
    steps: int | None = STEPS,
) -> list[Step]:
    """Randomise one layer at a time, the others as they were trained, and compare the maps.

    Works on a copy. A layer gets the same random weights as in `cascade` with the same seed.

    Args:
        model: a trained functional network.
        originals: method -> float (n, height, width), its maps of n images.
        explain: as for `cascade`.
        seed: of the random weights.
        steps: at most how many layers, spread evenly over the depth, the logits' and the lowest
            among them; None is every layer.

    Returns:
        a step of one layer each, from the logits down.
    """
    changed = copied(model)
    layers = weighted_layers(changed)
    wanted = min(steps or len(layers), len(layers))
    chosen = dict.fromkeys(np.linspace(0, len(layers) - 1, wanted).round().astype(int).tolist())
    found = []
    for place in chosen:
        layer = layers[place]
        trained = layer.get_weights()
        reset(layer, [seed, place + 1])
        maps = explain(changed)
        found.append(Step((layer.name,), similarities(originals, maps), maps))
        layer.set_weights(trained)
    return found


def smooth(
    model: "keras.Model",
    images: np.ndarray,
    explain: ExplainImages,
    samples: int,
    noise: float,
    seed: int,
) -> Values:
    """Compare maps averaged over noisy copies of the image, all layers random (smooth MPRT).

    Hedström et al. 2024, "Sanity Checks Revisited" (https://arxiv.org/abs/2401.06465): averaging
    takes the noise out of the maps, which would make two of them unlike for the wrong reason. The
    maps are averaged with their signs; their magnitudes are taken when they are compared.

    Args:
        model: a trained functional network; a copy is randomised, as at the end of `cascade`.
        images: float32 (n, height, width, channels) in [0, 1].
        explain: makes the explaining function of each of the two networks.
        samples: noisy copies of each image, at least 1.
        noise: the noise's standard deviation, as a share of the range of pixels. It is drawn from
            the seed alone, the same for every image and both networks.
        seed: of the noise and of the random weights.
    """
    changed = copied(model)
    for _ in _forgetting(changed, seed):
        pass
    before, after = (
        averaged(explain(network), images, samples, noise, seed) for network in (model, changed)
    )
    return similarities(before, after)


def averaged(
    explain: Callable[[np.ndarray], Maps],
    images: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> Maps:
    """Return each method's mean map, float64 (rows, height, width), over noisy copies.

    The arguments are those of `smooth`. Noisy pixels may leave [0, 1], as in SmoothGrad.
    """
    random = np.random.default_rng(seed)
    sums: Maps = {}
    for _ in range(samples):
        draw = noise * random.standard_normal(images.shape[1:], np.float32)
        for method, maps in explain(images + draw).items():
            sums[method] = sums.get(method, 0.0) + maps.astype(np.float64)
    return {method: total / samples for method, total in sums.items()}


def similarities(originals: Maps, maps: Maps) -> Values:
    """Compare each method's maps under another network with its original ones.

    Args:
        originals: method -> float (n, height, width).
        maps: method -> float (rows, height, width), rows at most n: of the first images. The other
            network may be random, or trained on random labels.

    Returns:
        method -> `spearman` and `ssim`, float64 (rows,), of the maps' magnitudes; NaN where they
        are not defined, see `magnitude_correlation` and `structural`.
    """
    found = {}
    for method, changed in maps.items():
        original = originals[method][: len(changed)]
        found[method] = {
            "spearman": magnitude_correlation(original, changed),
            "ssim": structural_similarity(original, changed),
        }
    return found


def random_maps(count: int, size: tuple[int, int], seed: int) -> dict[str, np.ndarray]:
    """Compare maps of noise with other maps of noise: what no dependence at all looks like.

    Returns:
        `spearman` and `ssim`, float64 (count,).
    """
    noise = np.random.default_rng(seed).random((2, count, *size))
    return similarities({"": noise[0]}, {"": noise[1]})[""]


def _forgetting(changed: "keras.Model", seed: int) -> Iterator[int]:
    """Reset one layer after the other from the logits down; yield how many are reset."""
    for depth, layer in enumerate(weighted_layers(changed), start=1):
        reset(layer, [seed, depth])
        yield depth
