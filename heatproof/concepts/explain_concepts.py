"""Concepts in a cell's network, those that params.yaml names and those that nobody named.

Arrays of the result. A layer and a concept are counted from 0, in the order of the metrics:

- `pictures/<concept>` and `counterparts/<concept>` uint8 (k, height, width, channels): some of
  each;
- `vector/<layer>/<concept>` float32 (units,): the mean of its vectors, of length 1;
- `map/<layer>/<concept>` float32 (m, height, width), in units of activation: where a concept is, in
  the test images of the tested classes that have most of it, `map_index/<layer>/<concept>` int64
  (m,), `map_image/<layer>/<concept>` uint8 (m, height, width, channels);
- `unnamed/<class index>/<array>`: see `unnamed.Unnamed`, with `images` uint8, on which `maps` are;
- `class_names` (classes,).
"""

from typing import Any

import numpy as np

from heatproof.attribution.core.explained_cell import Findings
from heatproof.attribution.core.method import LAYERS, unserved
from heatproof.attribution.core.network import Network
from heatproof.concepts import named, unnamed
from heatproof.concepts.concept_maps import along, at_places, has_places, in_pixels
from heatproof.concepts.layers import chosen_layers, places
from heatproof.concepts.named import Classes, Tested, classes_of
from heatproof.concepts.options import ConceptCell, ConceptOptions
from heatproof.concepts.pictures import Pictures, of_concept
from heatproof.config.params import PARAMS, Params
from heatproof.datasets.pixels import UnitImages
from heatproof.models.build import trained_network
from heatproof.run import tracking
from heatproof.run.progress import Progress
from heatproof.statistics import numbers
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset

STAGE, FAMILY = "explain_concepts", "concepts"
SHOWN_PICTURES, SHOWN_COUNTERPARTS = 12, 6


def explain_concepts(study: Params, cell: str) -> None:
    """Seek a cell's concepts in its network; write arrays and metrics.

    Raises:
        UserError: the cell is not listed under `concepts`, a concept's pictures are not there, a
            layer is not the network's, or an earlier stage's file is missing or does not fit.
    """
    entry, options = study.concept_cell(cell), study.explain_concepts
    data = artifacts.read_dataset(entry.dataset)
    shape = data.test_images.shape[1:]
    network = Network(trained_network(study.run(cell), shape, len(data.class_names)))
    used = {"seed": study.seed, "threads": study.threads, STAGE: options, FAMILY: entry}
    with tracking.run(STAGE, cell, used) as run:
        if reason := unserved(LAYERS, network.opaque):
            print(f"{cell}: no concepts: {reason}", flush=True)
            names = np.array(data.class_names, np.str_)
            found = Findings({"class_names": names}, {"unsupported": reason}, {})
        else:
            found = find(network, entry, data, options, study.seed, f"{PARAMS}: concepts.{cell}")
            print(f"{cell}: {said(found.metrics)}", flush=True)
        artifacts.write_findings(cell, FAMILY, found.arrays)
        artifacts.write_metrics(STAGE, cell, found.metrics)
        run.log_results(found.metrics, paths.metrics(STAGE, cell))


def find(
    network: Network,
    entry: ConceptCell,
    data: Dataset,
    options: ConceptOptions,
    seed: int,
    place: str = "concepts",
) -> Findings:
    """Seek an entry's concepts in a network.

    Args:
        network: the network.
        entry: the concepts, as params.yaml has them.
        data: the network's dataset.
        options: how they are sought.
        seed: of all draws.
        place: where params.yaml lists them, for messages.

    Returns:
        arrays: as the module says. metrics: `layers`, `values`, `tests` (how many there are, for
        which p are corrected); `concepts`, name -> `source`, `pictures`, `counterparts`, `layers`
        (layer -> see `named`), and `there`, `speaks`, `truth` (see `named.summary`); `unnamed`,
        class -> see `unnamed.Unnamed`.

    Raises:
        UserError: see `explain_concepts`.
    """
    layers = chosen_layers(network.model, options.layers, f"{STAGE}.layers")
    concepts = {
        name: of_concept(name, entry, f"{place}.concepts.{name}", data, options, seed)
        for name in entry.concepts
    }
    decided = (name for each in entry.concepts.values() for name in each.decides or ())
    classes = classes_of(data, options, decided)
    network.progress = Progress(network.model.name, 1)
    with network.progress.part("concepts"):
        tested = named.sought(network, layers, concepts, classes, options, seed)
        arrays = _shown(concepts) | _drawn(network, tested, list(concepts), classes, options)
        parts = _unnamed(network, data, options, seed)
    arrays["class_names"] = np.array(data.class_names, np.str_)
    metrics: dict[str, Any] = {
        "layers": layers,
        "values": options.values,
        "tests": sum(len(each["classes"]) for by_layer in tested.metrics.values()
                     for each in by_layer.values()),
        "concepts": {},
        "unnamed": {},
    }  # fmt: skip
    for name, pictures in concepts.items():
        by_layer = tested.metrics[name]
        metrics["concepts"][name] = {
            "source": pictures.source,
            "pictures": len(pictures.shown),
            "counterparts": len(pictures.counterparts),
            **named.summary(by_layer, entry.concepts[name].decides),
            "layers": by_layer,
        }
    for place_of, found in parts.items():
        metrics["unnamed"][data.class_names[place_of]] = found.metrics
        arrays |= {f"unnamed/{place_of}/{name}": each for name, each in found.arrays.items()}
    return Findings(arrays, metrics, {})


def said(metrics: dict[str, Any]) -> str:
    """Say in a line what was found."""
    concepts = metrics["concepts"]
    count = sum(bool(each["speaks"]) for each in concepts.values())
    text = f"{numbers.plural(len(concepts), 'concept')}, {count} of them matter for a class"
    truths = [each["truth"] for each in concepts.values() if "truth" in each]
    known = [truth["right"] for truth in truths if truth["findable"]]
    return f"{text}; {sum(known)} of {len(known)} as is known to be true" if known else text


def _shown(concepts: dict[str, Pictures]) -> dict[str, np.ndarray]:
    arrays = {}
    for number, pictures in enumerate(concepts.values()):
        arrays[f"pictures/{number}"] = pictures.shown[:SHOWN_PICTURES]
        arrays[f"counterparts/{number}"] = pictures.counterparts[:SHOWN_COUNTERPARTS]
    return arrays


def _drawn(
    network: Network, tested: Tested, names: list[str], classes: Classes, options: ConceptOptions
) -> dict[str, np.ndarray]:
    """Return vectors, and maps of the images that have most of each concept in each layer."""
    arrays: dict[str, np.ndarray] = {}
    images = np.concatenate(list(classes.images.values()))
    index = np.concatenate(list(classes.index.values()))
    for depth, layer in enumerate(tested.layers):
        for number, name in enumerate(names):
            arrays[f"vector/{depth}/{number}"] = tested.vectors[layer, name].astype(np.float32)
        if not (has_places(network.model, layer) and options.maps and names):
            continue
        for number, maps in enumerate(_maps(network, layer, tested, names, images)):
            place = f"{depth}/{number}"
            most = np.argsort(-maps.mean(axis=(1, 2)), kind="stable")[: options.maps]
            arrays[f"map/{place}"] = in_pixels(network.model, layer, maps[most])
            arrays[f"map_index/{place}"] = index[most]
            arrays[f"map_image/{place}"] = images[most]
    return arrays


def _maps(
    network: Network, layer: str, tested: Tested, names: list[str], images: np.ndarray
) -> list[np.ndarray]:
    """Return each concept's maps at the layer's size, float64 (n, rows, columns).

    A batch at a time: of large images, what a layer gives of all together is gigabytes.
    """
    found: list[list[np.ndarray]] = [[] for _ in names]
    pairs = [(tested.vectors[layer, name], tested.middles[layer, name]) for name in names]
    laid_out = [[at_places(network.model, layer, each) for each in pair] for pair in pairs]
    for start in range(0, len(images), network.batch_size):
        batch = UnitImages(images[start : start + network.batch_size])
        values = places(network, batch, layer)
        for maps, (vector, middle) in zip(found, laid_out, strict=True):
            maps.append(along(values, vector, middle))
    return [np.concatenate(maps) for maps in found]


def _unnamed(
    network: Network, data: Dataset, options: ConceptOptions, seed: int
) -> dict[int, unnamed.Unnamed]:
    """Factorise the first classes that have enough images predicted as them."""
    wanted, layer = options.factorisation, unnamed.layer_of(network)
    found: dict[int, unnamed.Unnamed] = {}
    if layer is None:
        return found
    moments = data.mean
    channels = data.test_images.shape[-1]
    ground = np.full(channels, 0.5) if moments is None else moments
    ground = np.rint(255 * ground).astype(np.uint8)
    for place in range(len(data.class_names)):
        if len(found) == wanted.classes:
            break
        rows = np.flatnonzero(data.test_labels == place)[: 2 * wanted.images]
        if not len(rows):
            continue
        images = data.test_images[rows]
        right = network.logits(images.astype(np.float32) / 255).argmax(axis=1) == place
        images = images[right][: wanted.images]
        if len(images) < 2:
            continue
        made = unnamed.of_class(network, layer, images, place, ground, wanted, seed)
        if made is not None:
            made.arrays["images"] = images[: unnamed.SHOWN_IMAGES]
            found[place] = made
    return found
