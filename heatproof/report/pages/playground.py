"""Draw, look, erase: the networks that run in the page, and the test images to begin with.

The page's engine and scripts are in `static/playground/`; a network's weights are in a file of its
own, `playground/<cell>.js`, that the page loads when the reader opens the network.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.datasets import likeness
from heatproof.report.cell_results import CellResults, dataset_if_there
from heatproof.report.charts import colours, sprites
from heatproof.report.charts.sprites import address
from heatproof.report.sections.hero import Row
from heatproof.report.study import Study
from heatproof.report.text import methods
from heatproof.statistics.numbers import printable
from heatproof.storage.folders import file_name
from heatproof.storage.records import Dataset

MOST_IMAGES = 12  # to begin with, of each dataset
IMAGE_BYTES = 120_000  # of all of them, so that the page stays small


@dataclass(frozen=True)
class Offered:
    """A network that the page runs: its results, its file's size, and what rounding changes."""

    result: CellResults
    bytes: int
    precision: dict[str, Any]

    @property
    def name(self) -> str:
        return printable(self.result.name)

    @property
    def page(self) -> str:
        return f"cells/{file_name(self.result.name)}.html"


def file(cell: str) -> str:
    """Where a network's weights are, in the site."""
    return f"playground/{file_name(cell)}.js"


def context(
    study: Study, networks: list[Offered], refused: dict[str, str], rows: Iterable[Row]
) -> dict[str, Any]:
    """The values of the page's template.

    Args:
        study: the results.
        networks: that the page runs, in the order of params.yaml.
        refused: cell -> why the page does not run it, a sentence.
        rows: the overview's networks, whose maps are shown without scripts.
    """
    names = dict.fromkeys(each.result.cell.dataset for each in networks)
    datasets = {name: each for name in names if (each := dataset_if_there(name))}
    networks = [each for each in networks if each.result.cell.dataset in datasets]
    share = IMAGE_BYTES // max(1, len(datasets))
    return {
        "networks": networks,
        "refused": refused,
        "strips": [row for row in rows if row.strip],
        "palette": colours.palette(),
        "data": {
            "datasets": {n: _dataset(study, n, each, share) for n, each in datasets.items()},
            "networks": [_network(each) for each in networks],
        },
    }


def _network(offered: Offered) -> dict[str, Any]:
    result = offered.result
    judged = result.verdict.methods.items() if result.verdict else ()
    return {
        "name": result.name,
        "model": printable(result.cell.model),
        "dataset": result.cell.dataset,
        "file": file(result.name),
        "page": offered.page,
        "bytes": offered.bytes,
        "verdicts": [
            {"method": name, "label": methods.describe(name).label, "level": each.level}
            for name, each in judged
        ],
    }


def _dataset(study: Study, name: str, dataset: Dataset, limit: int) -> dict[str, Any]:
    """Say what training images are like, as `trained_cell` finds it, and give some test images."""
    images = dataset.train_images if len(dataset.train_images) else dataset.test_images
    usual = likeness.usual(images)
    placement = usual.placement
    return {
        "usual": {
            "ground": usual.ground,
            "brightness": usual.brightness,
            "contrast": usual.contrast,
            "colour": usual.colour,
            "fit": likeness.usual_fit(usual, study.params.datasets[name].fetch),
            "placement": placement and {
                "side": placement.side,
                "by_mass": placement.by_mass,
                "bright": placement.bright,
            },
        },
        "mean": study.datasets[name]["mean"],
        "images": _test_images(dataset, limit),
    }  # fmt: skip


def _test_images(dataset: Dataset, limit: int) -> dict[str, Any]:
    """Give the first test image of some classes, side by side as one PNG of at most `limit` bytes.

    There is one in any case.
    """
    labels, firsts = np.unique(dataset.test_labels, return_index=True)
    count = min(MOST_IMAGES, len(labels))
    while True:
        chosen = np.linspace(0, len(labels) - 1, count).round().astype(int)
        rows = firsts[chosen]
        picture = sprites.png(np.concatenate(list(dataset.test_images[rows]), axis=1))
        if len(picture) <= limit or count == 1:
            break
        count -= 1
    names = [dataset.class_names[dataset.test_labels[row]] for row in rows]
    return _sheet(picture, dataset.test_images.shape[1:], rows, names)


def examples(result: CellResults) -> dict[str, Any]:
    """Give the test images that a network's page explains, for its file; empty where it has none.

    Links from that page name them by their rows in the dataset.
    """
    found = result.explained_images()
    if found is None or not len(found.images):
        return {}
    rows, firsts = np.unique(found.image_index, return_index=True)
    names = [found.class_names[label] for label in found.label[firsts]]
    picture = sprites.png(np.concatenate(list(found.images[firsts]), axis=1))
    return {"examples": _sheet(picture, found.images.shape[1:], rows, names)}


def _sheet(
    picture: bytes, size: tuple[int, ...], rows: np.ndarray, names: list[str]
) -> dict[str, Any]:
    """Describe test images side by side in a PNG."""
    return {
        "src": address("image/png", picture),
        "size": list(size),
        "rows": rows.tolist(),
        "labels": [printable(name) for name in names],
    }
