"""First-layer filters, and maps of the same images, of several experiments on one cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Sprite
from heatproof.report.sections.features_section import Picture, enlarged
from heatproof.report.sections.outcomes import Outcome, Pictures
from heatproof.report.text import methods

FILTERS = 16  # per layer
IMAGES = 6
MAX_ROWS = 12
SIDE = 24  # pixels, of a filter's picture


@dataclass(frozen=True)
class Row:
    """One experiment's pictures under a heading; `missing` says why there are none."""

    name: str
    pictures: tuple[Picture, ...]
    missing: str = ""


@dataclass(frozen=True)
class Sheet:
    """Rows of pictures from one PNG."""

    rows: tuple[Row, ...]
    sprite: Sprite
    left_out: int
    method: str = ""


def filters(cell: str, outcomes: Sequence[Outcome]) -> Sheet | None:
    """Draw each experiment's first filters; None where none can be read.

    Args:
        cell: the cell's name.
        outcomes: the baseline and the experiments.
    """
    shown = outcomes[:MAX_ROWS]
    banks = [_banks(cell, outcome) for outcome in shown]
    if not any(banks):
        return None
    sprite = Sprite(SIDE, SIDE, sum(len(bank) for each in banks for _, bank in each))
    rows = []
    for outcome, each in zip(shown, banks, strict=True):
        pictures = []
        for layer, bank in each:
            for number, kernel in enumerate(bank):
                # The sum over colour channels is the filter's response to a grey pixel.
                values = enlarged(kernel.sum(axis=-1), sprite)
                drawn = sprites.colour(values, "filter", signed=True)
                size = f"{kernel.shape[0]} by {kernel.shape[1]}"
                alt = f"Filter {number} of {layer} of {outcome.name}, {size}"
                pictures.append(Picture(sprite.add(drawn), alt, str(number)))
        own = outcome.pictures.get(cell)
        missing = "" if pictures else (own and own.missing) or "no weights are recorded"
        rows.append(Row(outcome.name, tuple(pictures), missing))
    return Sheet(tuple(rows), sprite, len(outcomes) - len(shown))


def maps(cell: str, outcomes: Sequence[Outcome]) -> Sheet | None:
    """Draw the maps of the same test images; None where fewer than two experiments have any."""
    with_maps = [o for o in outcomes if cell in o.pictures and len(o.pictures[cell].maps)]
    if not with_maps:
        return None
    first = with_maps[0].pictures[cell]
    comparable = [
        outcome for outcome in with_maps[:MAX_ROWS]
        if outcome.pictures[cell].method == first.method
        and outcome.pictures[cell].images.shape[1:] == first.images.shape[1:]
    ]  # fmt: skip
    indices = [set(outcome.pictures[cell].index.tolist()) for outcome in comparable]
    common = sorted(set.intersection(*indices))[:IMAGES]
    if len(comparable) < 2 or not common:
        return None
    height, width = first.images.shape[1:3]
    sprite = Sprite(height, width, (len(comparable) + 1) * len(common))
    images = [
        Picture(sprite.add(sprites.to_rgb(first.images[row])), f"Test image {i}", f"image {i}")
        for i, row in zip(common, _rows_of(first, common), strict=True)
    ]
    rows = [Row("Images", tuple(images))]
    label = methods.describe(first.method).label
    for outcome in comparable:
        values = outcome.pictures[cell].maps
        signed = sprites.is_signed(values)
        pictures = []
        for image, row in zip(common, _rows_of(outcome.pictures[cell], common), strict=True):
            tile = sprite.add(sprites.colour(values[row], first.method, signed))
            alt = f"{label} of {outcome.name} on test image {image}"
            pictures.append(Picture(tile, alt, sprites.defect(values[row])))
        rows.append(Row(outcome.name, tuple(pictures)))
    return Sheet(tuple(rows), sprite, 0, label)


def _rows_of(pictures: Pictures, images: Sequence[int]) -> list[int]:
    """The first row of each image: a wrong prediction has several."""
    index = pictures.index.tolist()
    return [index.index(image) for image in images]


def _banks(cell: str, outcome: Outcome) -> list[tuple[str, np.ndarray]]:
    pictures = outcome.pictures.get(cell)
    if pictures is None:
        return []
    return [(layer, bank[:FILTERS]) for layer, bank in pictures.filters.items() if len(bank)]
