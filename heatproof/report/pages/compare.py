"""Two networks or two methods on the same image: the data for the page's script.

It needs no pictures of its own: it shows tiles of the sprites of the cells' pages.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from heatproof.report.charts.sprites import GUTTER, Sprite
from heatproof.report.sections.gallery import Example, Gallery, Target
from heatproof.report.study import CellResults
from heatproof.statistics import numbers


@dataclass(frozen=True)
class Compared:
    """One explained cell, as the page lists it; `data` is for the script."""

    cell: str
    model: str
    dataset: str
    images: int
    methods: int
    data: dict[str, Any] = field(repr=False)


def compared(result: CellResults, gallery: Gallery, file: str) -> Compared:
    """Describe where a cell's images and maps are in its sprites.

    Args:
        result: the cell.
        gallery: of its page.
        file: the name of its page and its pictures, without folder and ending.
    """
    examples = (*gallery.incorrect, *gallery.correct)
    height, width = examples[0].tile.height, examples[0].tile.width
    data = {
        "cell": result.name,
        "model": numbers.printable(result.cell.model),
        "page": f"cells/{file}.html",
        "images": [f"images/{file}.png", *gallery.images.size],
        "maps": [f"images/{file}-maps.png", *gallery.maps.size],
        "tile": [width, height],
        "gutter": GUTTER,
        "methods": [
            [m.name, m.label, signed, m.overlay, m.unit, m.colours]
            for m, signed in ((legend.method, legend.signed) for legend in gallery.legends)
        ],
        "examples": [_example(e, gallery.maps) for e in sorted(examples, key=lambda e: e.index)],
    }
    return Compared(
        cell=result.name,
        model=result.cell.model,
        dataset=result.cell.dataset,
        images=len(examples),
        methods=len(gallery.legends),
        data=data,
    )


def context(cells: Iterable[Compared]) -> dict[str, Any]:
    """The values of the page's template: the cells by dataset, and the script's data."""
    datasets: dict[str, list[Compared]] = {}
    for cell in cells:
        if cell.methods:
            datasets.setdefault(cell.dataset, []).append(cell)
    return {
        "datasets": datasets,
        "data": [
            {"name": name, "cells": [cell.data for cell in members]}
            for name, members in datasets.items()
        ],
    }


def _example(example: Example, maps: Sprite) -> dict[str, Any]:
    return {
        "index": example.index,
        "true": numbers.printable(example.true),
        "predicted": numbers.printable(example.predicted),
        "correct": example.label == example.prediction,
        "confidence": numbers.percent(example.confidence),
        "at": [example.tile.x, example.tile.y],
        "maps": {
            role: [_number(target, maps), [numbers.significant(m.peak, 3) for m in target.maps]]
            for target in example.targets
            if target.maps
            for role in _roles(target)
        },
    }


def _roles(target: Target) -> tuple[str, ...]:
    return ("true", "predicted") if target.role == "correct" else (target.role,)


def _number(target: Target, maps: Sprite) -> int:
    """The number of the tile with the target's first map; its other maps follow."""
    tile = target.maps[0].tile
    step_x, step_y = tile.width + 2 * GUTTER, tile.height + 2 * GUTTER
    return tile.y // step_y * (maps.size[0] // step_x) + tile.x // step_x
