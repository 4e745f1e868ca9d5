"""What each layer of a cell's network keeps of images, beside the same network untrained.

Arrays of the result; a layer is counted from 0, in the order of the metrics:

- `image_index` int64 (n,), test images; `original`, `same_class` (another image of the class) and
  `other_class` uint8 (n, height, width, channels);
- `inverted/<layer>` and `untrained/<layer>` uint8 like them: what was found again;
- `content` uint8 (k, height, width, channels), `style` uint8 (m, ...); `styled/<variant>` and
  `styled_untrained/<variant>` uint8 (k * m, ...), every content with each style in turn;
- `class_names` (classes,), `label` int64 (n,).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.explained_cell import Findings
from heatproof.attribution.core.method import LAYERS, unserved
from heatproof.attribution.core.network import Network
from heatproof.config.params import Params
from heatproof.inversion import style
from heatproof.inversion.depth import has_places, output_of, spread_layers
from heatproof.inversion.descent import GREY
from heatproof.inversion.feature_inversion import distance, invert, pixel_distance
from heatproof.inversion.options import InversionOptions
from heatproof.models.build import trained_network
from heatproof.run import tracking
from heatproof.run.progress import Progress
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset

if TYPE_CHECKING:
    import keras

STAGE, FAMILY = "explain_inversion", "inversion"
FIRST, ALL = "first layer", "all layers"  # whose style is taken


def explain_inversion(study: Params, cell: str) -> None:
    """Seek images again from what a cell's layers say of them; write arrays and metrics.

    Raises:
        UserError: the cell is not listed under `inversions`, or an earlier stage's file is missing
            or does not fit.
    """
    entry, options = study.inversion_cell(cell), study.explain_inversion
    data = artifacts.read_dataset(entry.dataset)
    shape = data.test_images.shape[1:]
    model = trained_network(study.run(cell), shape, len(data.class_names))
    used = {"seed": study.seed, "threads": study.threads, STAGE: options}
    with tracking.run(STAGE, cell, used) as run:
        network = Network(model)
        if reason := unserved(LAYERS, network.opaque):
            print(f"{cell}: no inversion: {reason}", flush=True)
            names = np.array(data.class_names, np.str_)
            found = Findings({"class_names": names}, {"unsupported": reason}, {})
        else:
            found = find(network, data, options, study.seed)
            print(f"{cell}: {len(found.metrics['layers'])} layers inverted", flush=True)
        artifacts.write_findings(cell, FAMILY, found.arrays)
        artifacts.write_metrics(STAGE, cell, found.metrics)
        run.log_results(found.metrics, paths.metrics(STAGE, cell))


def find(network: Network, data: Dataset, options: InversionOptions, seed: int) -> Findings:
    """Look into a network; arrays as the module says.

    metrics: `images`; `layers`, of each `name`, `values` (numbers that it gives) and, medians over
    the images, `error` (of the image found), `same_class`, `other_class` (of other images, by the
    same measure), `pixels` (root mean square difference of the image found), and `untrained_error`,
    `untrained_pixels`; `pixels_same_class`, `pixels_other_class`, `pixels_grey`, of what knows
    nothing of the image; `numbers`, of an image; `style`, see `_style`.
    """
    index = first_of_each_class(data.test_labels, options.images)
    images = data.test_images[index].astype(np.float32) / 255
    same, other = (
        data.test_images[rows].astype(np.float32) / 255 for rows in _others(data.test_labels, index)
    )
    untrained = Network(untrained_copy(network.trained, seed))
    names = spread_layers(network.model, options.layers)
    network.progress = Progress(network.model.name, len(names))
    arrays = {
        "image_index": index,
        "label": data.test_labels[index],
        "original": data.test_images[index],
        "same_class": _stored(same),
        "other_class": _stored(other),
        "class_names": np.array(data.class_names, np.str_),
    }
    layers = []
    for depth, name in enumerate(names):
        with network.progress.part(name):
            found = invert(network, name, images, options, seed)
            control = invert(untrained, name, images, options, seed)
        arrays[f"inverted/{depth}"] = _stored(found.images)
        arrays[f"untrained/{depth}"] = _stored(control.images)
        layers.append(
            {
                "name": name,
                "values": int(np.prod(output_of(network.model, name).shape[1:])),
                "error": _median(found.error),
                "same_class": _median(distance(network, name, images, same)),
                "other_class": _median(distance(network, name, images, other)),
                "pixels": _median(pixel_distance(found.images, images)),
                "untrained_error": _median(control.error),
                "untrained_pixels": _median(pixel_distance(control.images, images)),
            }
        )
    metrics: dict[str, Any] = {
        "images": len(index),
        "numbers": int(np.prod(images.shape[1:])),
        "pixels_same_class": _median(pixel_distance(same, images)),
        "pixels_grey": _median(pixel_distance(np.full_like(images, GREY), images)),
        "pixels_other_class": _median(pixel_distance(other, images)),
        "layers": layers,
        "style": {},
    }
    placed = [name for name in names if has_places(network.model, name)]
    if placed and options.style.contents and len(images) > options.style.contents:
        made, metrics["style"] = _style((network, untrained), data, images, placed, options, seed)
        arrays |= made
    return Findings(arrays, metrics, {})


def _style(
    networks: tuple[Network, Network],
    data: Dataset,
    images: np.ndarray,
    layers: Sequence[str],
    options: InversionOptions,
    seed: int,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Make pictures of content and style, and measure what Gram matrices hold.

    Returns:
        arrays, and metrics: `content_layer`; `variants`, of each `name`, `layers`, and of both
        networks `content` and `style`, the losses before and after, medians; `layers`, of each with
        places `name`, of both networks `nearest` (share of images whose nearest Gram matrix is of
        their class) and `apart` (distance to the same image taken apart, as a share of that to one
        of another class); `pixels_nearest`, of pixels; `chance`.
    """
    number = options.style.contents
    content, strange = images[:number], images[number]
    styles = np.stack([strange, style.stripes(strange.shape)])
    pairs = np.repeat(content, len(styles), axis=0), np.tile(styles, (number, 1, 1, 1))
    middle = layers[len(layers) // 2]
    arrays, variants = {"content": _stored(content), "style": _stored(styles)}, []
    for name, used in {FIRST: layers[:1], ALL: layers}.items():
        if variants and len(used) == 1:
            continue
        said: dict[str, Any] = {"name": name, "layers": list(used)}
        for network, prefix, key in zip(
            networks, ("styled", "styled_untrained"), ("trained", "untrained"), strict=True
        ):
            made = style.synthesise(network, *pairs, (middle, used), options)
            arrays[f"{prefix}/{len(variants)}"] = _stored(made)
            losses = {
                f"style_{when}": np.mean(
                    [style.style_distance(network, each, pairs[1], x) for each in used], axis=0
                )
                for when, x in (("before", pairs[0]), ("after", made))
            }
            losses["content_after"] = distance(network, middle, pairs[0], made)
            said[key] = {loss: _median(values) for loss, values in losses.items()}
        variants.append(said)
    chosen = data.test_images[: options.style.images].astype(np.float32) / 255
    labels = data.test_labels[: options.style.images]
    metrics: dict[str, Any] = {
        "content_layer": middle,
        "variants": variants,
        "layers": [_held(networks, name, chosen, labels, images, seed) for name in layers],
        "images": len(chosen),
        "pixels_nearest": style.nearest_agrees(chosen.reshape(len(chosen), -1) - 0.5, labels),
        "chance": float((labels[:, None] == labels).mean()),
    }
    return arrays, metrics


def _held(
    networks: tuple[Network, Network],
    layer: str,
    chosen: np.ndarray,
    labels: np.ndarray,
    images: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Measure what a layer's Gram matrices say of the class, and of where things are."""
    apart, others = style.taken_apart(images, seed), np.roll(images, 1, axis=0)
    said: dict[str, Any] = {"name": layer}
    for network, key in zip(networks, ("trained", "untrained"), strict=True):
        near = style.style_distance(network, layer, images, apart)
        far = style.style_distance(network, layer, images, others)
        said[key] = {
            "nearest": style.nearest_agrees(style.gram_matrices(network, layer, chosen), labels),
            "apart": _median(near / np.maximum(far, 1e-12)),
        }
    return said


def first_of_each_class(labels: np.ndarray, count: int) -> np.ndarray:
    """Return the first test image of each of the first `count` classes that come, int64."""
    _, first = np.unique(labels, return_index=True)
    return np.sort(first)[:count].astype(np.int64)


def _others(labels: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each image the next of its class, and the next of another; itself if none."""
    same, other = [], []
    for row in index:
        after = np.roll(np.arange(len(labels)), -int(row) - 1)[:-1]
        alike = labels[after] == labels[row]
        same.append(after[alike][0] if alike.any() else row)
        other.append(after[~alike][0] if not alike.all() else row)
    return np.array(same, np.int64), np.array(other, np.int64)


def untrained_copy(model: "keras.Model", seed: int) -> "keras.Model":
    """Return the same layers with weights as before any training, drawn from the seed."""
    import keras

    keras.utils.set_random_seed(seed)
    return keras.models.clone_model(model)


def _stored(images: np.ndarray) -> np.ndarray:
    return np.rint(255 * images).astype(np.uint8)


def _median(values: np.ndarray) -> float:
    return float(np.median(values))
