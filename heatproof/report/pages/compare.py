"""Two networks or two methods on the same image: the data for the page's script.

It needs no pictures of its own: it shows tiles of the sprites of the cells' pages.
"""

from collections.abc import Iterable
from typing import Any

from heatproof.report.cell_results import CellResults
from heatproof.report.charts.sprites import GUTTER, Sprite
from heatproof.report.sections import verdicts
from heatproof.report.sections.gallery import Example, Gallery
from heatproof.statistics.numbers import percent, printable, significant


def compared(result: CellResults, gallery: Gallery, file: str) -> dict[str, Any]:
    """Describe where a cell's images and maps are in its sprites.

    Args:
        result: the cell.
        gallery: of its page.
        file: the name of its page and its pictures, without folder and ending.
    """
    examples = (*gallery.incorrect, *gallery.correct)
    judged, without = result.verdict.methods if result.verdict else {}, verdicts.unjudged(result)

    def level(name: str) -> str:
        return judged[name].level if name in judged else without

    height, width = gallery.images.tile_size
    return {
        "cell": result.name,
        "model": printable(result.cell.model),
        "page": f"cells/{file}.html",
        "images": [f"images/{file}.png", *gallery.images.size],
        "maps": [f"images/{file}-maps.png", *gallery.maps.size],
        "tile": [width, height],
        "gutter": GUTTER,
        "methods": [
            [m.name, m.label, signed, m.overlay, m.unit, m.colours, level(m.name)]
            for m, signed in ((legend.method, legend.signed) for legend in gallery.legends)
        ],
        "examples": [_example(e, gallery.maps) for e in sorted(examples, key=lambda e: e.index)],
    }


def context(cells: Iterable[tuple[CellResults, dict[str, Any]]]) -> dict[str, Any]:
    """The values of the page's template: the cells with their data for the script, by dataset."""
    datasets: dict[str, list[tuple[CellResults, dict[str, Any]]]] = {}
    for result, data in cells:
        if data["methods"]:
            datasets.setdefault(result.cell.dataset, []).append((result, data))
    return {
        "datasets": datasets,
        "data": [
            {"name": name, "cells": [data for _, data in members]}
            for name, members in datasets.items()
        ],
    }


def _example(example: Example, maps: Sprite) -> dict[str, Any]:
    return {
        "index": example.index,
        "true": printable(example.true),
        "predicted": printable(example.predicted),
        "correct": example.label == example.prediction,
        "confidence": percent(example.confidence),
        "at": [example.picture.tile.x, example.picture.tile.y],
        "maps": {
            role: [maps.number(target.maps[0].tile), [significant(m.peak, 3) for m in target.maps]]
            for target in example.targets
            if target.maps
            for role in (("true", "predicted") if target.role == "correct" else (target.role,))
        },
    }
