"""What a network's filters are and respond to.

Arrays of the result, for each layer named:

- `filters/<layer>` float32 (filters, height, width, channels) and `filter_factor/<layer>` float32
  (filters,): the first layer's kernels as trained, and what batch normalisation multiplies each by
  (see `filters`);
- `feature_map_image` int64 (m,), test images; `feature_map/<layer>` float32 (m, rows, columns, k):
  the first k channels' activated maps of each convolution on them, at the layer's own size, raw;
- `attention/<layer>` float32 (m, heads, rows, columns): of a network that attends, what its reader
  takes of each place by way of each head, on the same images (see `attention_heads`);
- `active_images/<layer>`, `active_places/<layer>` float32 (channels,): of each layer that ends in
  ReLU or ReLU6, on what share of the test images a channel is above zero somewhere, and at what
  share of all their positions; without test images NaN;
- `preferred/<layer>` float32 (k, height, width, channels) in [0, 1]: the image that each of the
  first k channels of some convolutions prefers, and the first k classes, as layer `logits`;
  `reached/<layer>` float32 (k,): the channel's highest value in it, before activation;
  `largest_real/<layer>` float32 (k,) and `largest_real_image/<layer>` int64 (k,): the highest on
  any of the test images looked at, and on which (NaN, -1 without any);
- `class_names` (classes,).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from heatproof.attribution.core.activation_layers import LOGITS, activated_maps, rectified
from heatproof.attribution.core.explained_cell import ExplainedCell, Findings
from heatproof.features.activation_maximisation import maximise
from heatproof.features.activations import feature_maps
from heatproof.features.attention_heads import heads
from heatproof.features.dead_filters import Activity, count, survey
from heatproof.features.feature_figure import figure
from heatproof.features.filters import first_filters, summary
from heatproof.features.options import FeaturesOptions
from heatproof.run.progress import Progress
from heatproof.storage.images import selected


def find(cell: ExplainedCell, options: FeaturesOptions) -> Findings:
    """Inspect the network: its first filters, feature maps, dead filters, preferred images."""
    result = Findings({"class_names": np.array(cell.rows.class_names, np.str_)}, {}, {})
    attends = cell.network.attends
    cell.network.progress = progress = Progress(cell.network.model.name, 4 + attends)
    with _timed(result.timing, progress, "filters"):
        _filters(cell, result)
    with _timed(result.timing, progress, "feature_maps"):
        _feature_maps(cell, options, result)
    if attends:
        with _timed(result.timing, progress, "attention"):
            _attention(cell, options, result)
    with _timed(result.timing, progress, "dead_filters"):
        climbed = _climbed(cell, options)
        activity = _activity(cell, options, list(climbed), result)
    with _timed(result.timing, progress, "maximisation"):
        _preferred(cell, options, climbed, activity, result)
    return replace(result, draw=lambda: figure(result.arrays))


def _filters(cell: ExplainedCell, result: Findings) -> None:
    banks = first_filters(cell.network.trained)
    for name, bank in banks.items():
        result.arrays[f"filters/{name}"] = bank.kernels
        result.arrays[f"filter_factor/{name}"] = bank.factor
    result.metrics["first_layer"] = {name: summary(bank) for name, bank in banks.items()}


def _once(cell: ExplainedCell) -> np.ndarray:
    """Return the first row of each explained image; a wrong image has two rows."""
    return np.sort(np.unique(cell.rows.image_index, return_index=True)[1])


def _attention(cell: ExplainedCell, options: FeaturesOptions, result: Findings) -> None:
    images = cell.rows.images[_once(cell)].astype(np.float32) / 255
    maps, result.metrics["attention"] = heads(cell.network, images, options.images)
    result.arrays.update({f"attention/{name}": values for name, values in maps.items()})


def _feature_maps(cell: ExplainedCell, options: FeaturesOptions, result: Findings) -> None:
    once = _once(cell)[: options.images]
    images = cell.rows.images[once].astype(np.float32) / 255
    maps = feature_maps(cell.network, images, options.channels)
    result.arrays["feature_map_image"] = cell.rows.image_index[once]
    result.arrays.update({f"feature_map/{name}": values for name, values in maps.items()})
    result.metrics["feature_maps"] = {
        "images": len(once),
        "layers": len(maps),
        "channels": sum(values.shape[-1] for values in maps.values()),
    }


def _climbed(cell: ExplainedCell, options: FeaturesOptions) -> dict[str, np.ndarray]:
    """Return the layers whose channels' preferred images are sought, and which channels."""
    names = activated_maps(cell.network.model)
    spread = np.linspace(0, len(names) - 1, min(options.maximisation.layers, len(names)))
    climbed = {}
    for name in [names[place] for place in spread.round().astype(int)]:
        channels = cell.network.model.get_layer(name).output.shape[-1]
        climbed[name] = np.arange(min(options.channels, channels))
    classes = min(options.maximisation.classes, cell.network.classes)
    return climbed | {LOGITS: np.arange(classes)}


def _activity(
    cell: ExplainedCell, options: FeaturesOptions, climbed: list[str], result: Findings
) -> dict[str, Activity]:
    """Pass the test images once, for all that has to be known of them."""
    # The first: they were shuffled when processed.
    images = selected(cell.test_images, slice(options.dead.images))
    counted = rectified(cell.network.model)
    activity = survey(cell.network, list(dict.fromkeys([*counted, *climbed])), images)
    for name in counted:
        known = activity[name]
        result.arrays[f"active_images/{name}"] = known.active_share.astype(np.float32)
        result.arrays[f"active_places/{name}"] = known.active_places.astype(np.float32)
    layers = {name: count(activity[name], options.dead.near_dead_share) for name in counted}
    result.metrics["activity"] = {
        "test_images": len(images),
        **{
            total: sum(layer[total] for layer in layers.values())
            for total in ("channels", "dead", "near_dead")
        },
        "layers": layers,
    }
    return activity


def _preferred(
    cell: ExplainedCell,
    options: FeaturesOptions,
    climbed: dict[str, np.ndarray],
    activity: dict[str, Activity],
    result: Findings,
) -> None:
    seed = cell.context.seed
    result.metrics["preferred"] = {}
    for name, channels in climbed.items():
        preferred = maximise(cell.network, name, channels, options.maximisation, seed)
        real = activity[name].largest[channels]
        result.arrays[f"preferred/{name}"] = preferred.images
        result.arrays[f"reached/{name}"] = preferred.reached
        result.arrays[f"largest_real/{name}"] = real
        result.arrays[f"largest_real_image/{name}"] = activity[name].largest_image[channels]
        result.metrics["preferred"][name] = {
            "images": len(channels),
            "beyond_real": int((preferred.reached > real).sum()),
            "median_reached": float(np.median(preferred.reached)),
            "median_largest_real": float(np.median(real)),
        }
    logits = zip(
        result.arrays[f"reached/{LOGITS}"], result.arrays[f"largest_real/{LOGITS}"], strict=True
    )
    result.metrics["classes"] = {
        class_name: {"reached": float(reached), "largest_real": float(real)}
        for class_name, (reached, real) in zip(cell.rows.class_names, logits, strict=False)
    }


@contextmanager
def _timed(timing: dict[str, float], progress: Progress, part: str) -> Iterator[None]:
    started = time.monotonic()
    with progress.part(part.replace("_", " ")):
        yield
    timing[f"{part}_seconds"] = round(time.monotonic() - started, 3)
