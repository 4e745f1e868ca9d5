"""Concepts that nobody named, of a class's images: crops, parts, importances, stability."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import activated_maps
from heatproof.attribution.core.network import Network
from heatproof.concepts import factorisation
from heatproof.concepts.concept_maps import in_pixels
from heatproof.concepts.layers import activations, places
from heatproof.concepts.options import FactorisationOptions
from heatproof.datasets.pixels import UnitImages

SHOWN_CROPS = 5  # of each concept, those that have the most of it
SHOWN_IMAGES = 3  # on which concepts are drawn, the first
_FITTED = 3000  # places, at most, that parts are fitted to
_AT_A_TIME = 64  # masks, whose values at all places are in memory
_SMALL = 40  # pixels a side: crops up to here stay where they are


@dataclass(frozen=True)
class Unnamed:
    """Concepts of one class, the most important first.

    arrays: `parts` float32 (concepts, units); `crops` uint8 (concepts, crops, height, width,
    channels), what has most of each; `importance` float32 (images, concepts), total Sobol indices;
    `stability` float32 (concepts,); `images` int64 (m,) and `maps` float32 (m, concepts, height,
    width), how much of each concept is where, in units of activation.
    metrics: `layer`, `images`, `crops`, `explained` (images); `fitted_to`, `crops` (their means) or
    `places`, see `averages`; `error`, what the parts leave of the
    activations that they were fitted to, as a share, and `image_error`, of the explained images';
    `clipped` (the share of the activations below zero, which count as zero); `logit`, the mean of
    the explained images, and `logit_of_parts`, when the network goes on from the parts alone;
    `importance`, means over the images, and `stability`.
    """

    arrays: dict[str, np.ndarray]
    metrics: dict[str, Any]


def layer_of(network: Network) -> str | None:
    """Return the last layer of feature maps that alone leads from image to logits, if any."""
    return next(
        (name for name in reversed(activated_maps(network.model))
         if graph.separates(network.model, name)), None
    )  # fmt: skip


def of_class(
    network: Network,
    layer: str,
    images: np.ndarray,
    target: int,
    ground: np.ndarray,
    options: FactorisationOptions,
    seed: int,
) -> Unnamed | None:
    """Factorise what a layer says of a class's images; None where it says nothing.

    Args:
        network: the network.
        layer: see `layer_of`.
        images: uint8 (n, height, width, channels), predicted as the class.
        target: the class's index.
        ground: uint8 (channels,), what is around a crop of a small image.
        options: see there.
        seed: of the factorisation and of the masks.
    """
    crops = cropped(images, options.crop, ground)
    values = places(network, UnitImages(images), layer)
    of_crops = np.maximum(activations(network, UnitImages(crops), [layer])[layer], 0)
    averaged = averages(network, layer)
    fitted = _rows(of_crops if averaged else np.maximum(values, 0))
    if not len(fitted):
        return None
    found, again = (
        factorisation.factorised(fitted, options.concepts, each) for each in (seed, seed + 1)
    )
    stability = factorisation.stability(found.weights, again.weights)
    explained = images[: options.explained]
    at_places = np.maximum(values[: len(explained)], 0)
    weights = _at_places(at_places, found.parts)
    importance, logits = _importances(network, layer, weights, found.parts, target, options, seed)
    real = network.logits(explained.astype(np.float32) / 255)[:, target]
    order = np.argsort(-importance.mean(axis=0), kind="stable")
    amounts = factorisation.weights_of(of_crops, found.parts)
    most = np.argsort(-amounts, axis=0, kind="stable")[:SHOWN_CROPS].T[order]
    left = np.linalg.norm(at_places - weights @ found.parts) / (np.linalg.norm(at_places) or 1)
    metrics = {
        "layer": layer,
        "images": len(images),
        "crops": len(crops),
        "explained": len(explained),
        "fitted_to": "crops" if averaged else "places",
        "error": found.error,
        "clipped": float((values < 0).mean()),
        "image_error": float(left),
        "logit": float(real.mean()),
        "logit_of_parts": float(logits.mean()),
        "importance": importance.mean(axis=0)[order].tolist(),
        "stability": stability[order].tolist(),
    }
    arrays = {
        "parts": found.parts[order].astype(np.float32),
        "crops": crops[most],
        "importance": importance[:, order].astype(np.float32),
        "stability": stability[order].astype(np.float32),
        "maps": _maps(network, layer, weights[:SHOWN_IMAGES][..., order]),
    }
    return Unnamed(arrays, metrics)


def _at_places(values: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return how much of each part is at each place, float64 (n, rows, columns, concepts)."""
    weights = factorisation.weights_of(values.reshape(-1, values.shape[-1]), parts)
    return weights.reshape(*values.shape[:-1], len(parts))


def _maps(network: Network, layer: str, weights: np.ndarray) -> np.ndarray:
    """Bring what is at places to pixels, float32 (n, concepts, height, width)."""
    each = [
        in_pixels(network.model, layer, of_concept) for of_concept in np.moveaxis(weights, -1, 0)
    ]
    return np.stack(each, axis=1)


def averages(network: Network, layer: str) -> bool:
    """Say whether the network does nothing with a layer's places but average over all of them.

    Then parts are fitted to the means of crops, as in the paper. Else they are fitted to places:
    parts of means leave most of what is there unexplained (75 to 80 % in baseline_cnn on digits,
    whose logits then go to nothing).
    """
    output = network.model.get_layer(layer).output
    readers = [
        type(each).__name__
        for each in network.model.operations
        if any(tensor is output for tensor in graph.inputs_of(each))
    ]
    return bool(readers) and set(readers) == {"GlobalAveragePooling2D"}


def _rows(values: np.ndarray) -> np.ndarray:
    """Return values as rows, some evenly spread ones of many, and none that is all zero.

    Args:
        values: float (…, units).
    """
    flat = values.reshape(-1, values.shape[-1])
    flat = flat[flat.any(axis=1)]
    return flat[:: max(1, -(-len(flat) // _FITTED))]


def cropped(images: np.ndarray, share: float, ground: np.ndarray) -> np.ndarray:
    """Return crops of images, each as large as they are, half a crop's side apart.

    A crop of a large image is enlarged, as in the paper. That would change what a network for small
    images sees: there it stays where it is, on plain ground.

    Args:
        images: uint8 (n, height, width, channels).
        share: the side of a crop, of the image's.
        ground: uint8 (channels,).

    Returns:
        uint8 (n * crops, height, width, channels), those of an image together.
    """
    height, width = images.shape[1:3]
    side = [max(2, round(share * length)) for length in (height, width)]
    starts = [_starts(length, each) for length, each in zip((height, width), side, strict=True)]
    made = []
    for image in images:
        for top in starts[0]:
            for left in starts[1]:
                inside = slice(top, top + side[0]), slice(left, left + side[1])
                if max(height, width) > _SMALL:
                    made.append(_enlarged(image[inside], height, width))
                else:
                    crop = np.broadcast_to(ground, image.shape).astype(np.uint8)
                    crop[inside] = image[inside]
                    made.append(crop)
    return np.stack(made)


def _starts(length: int, side: int) -> list[int]:
    """Return where crops begin, half a side apart, the last one at the end."""
    count = 1 + -(-2 * (length - side) // side)
    return sorted({round(place) for place in np.linspace(0, length - side, count)})


def _enlarged(crop: np.ndarray, height: int, width: int) -> np.ndarray:
    grey = crop.shape[-1] == 1
    picture = Image.fromarray(crop[..., 0] if grey else crop)
    large = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    return large.reshape(height, width, -1)


def _importances(
    network: Network,
    layer: str,
    weights: np.ndarray,
    parts: np.ndarray,
    target: int,
    options: FactorisationOptions,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return each image's total Sobol indices of the target's logit, and that logit unmasked.

    Returns:
        float64 (n, concepts), and float (n,): the logit when the network goes on from the parts.
    """

    def function(batch: object) -> object:
        return graph.from_layer(network.model, layer, batch)

    compiled = network.compiled(("from layer", layer), function)

    def logit(of_image: np.ndarray, masks: np.ndarray) -> np.ndarray:
        found = []
        for start in range(0, len(masks), _AT_A_TIME):
            # (masks, rows, columns, concepts) @ (concepts, units)
            values = (of_image * masks[start : start + _AT_A_TIME, None, None]) @ parts
            found.append(network.in_batches(compiled, values.astype(np.float32))[:, target])
        return np.concatenate(found)

    count = len(parts)
    indices = [
        factorisation.importances(
            lambda masks, each=each: logit(each, masks), count, options.masks, seed
        )
        for each in weights
    ]
    whole = [logit(each, np.ones((1, count)))[0] for each in weights]
    return np.array(indices), np.array(whole)
