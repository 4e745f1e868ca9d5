"""First-layer filters, and maps of the same images, of several trainings of one cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Sprite
from heatproof.report.sections.features_section import Picture, enlarged
from heatproof.report.sections.outcomes import Outcome
from heatproof.report.text import methods

FILTERS = 16  # of each layer
IMAGES = 6
MOST = 12  # trainings beside each other
SIDE = 24  # pixels a side that a filter is drawn in


@dataclass(frozen=True)
class Row:
    """One training's pictures under a heading; `lacking` says why there are none."""

    name: str
    pictures: tuple[Picture, ...]
    lacking: str = ""


@dataclass(frozen=True)
class Sheet:
    """Rows whose pictures stand in one PNG."""

    rows: tuple[Row, ...]
    sprite: bytes
    width: int
    height: int
    left_out: int
    method: str = ""


def filters(cell: str, outcomes: Sequence[Outcome]) -> Sheet | None:
    """Draw each training's first filters; None where none can be read.

    Args:
        cell: whose.
        outcomes: the baseline and the experiments.
    """
    kept = outcomes[:MOST]
    banks = [_banks(cell, outcome) for outcome in kept]
    if not any(banks):
        return None
    sprite = Sprite(SIDE, SIDE, sum(len(bank) for each in banks for _, bank in each))
    rows = []
    for outcome, each in zip(kept, banks, strict=True):
        pictures = []
        for layer, bank in each:
            for number, kernel in enumerate(bank):
                # Colour channels are added up: what a grey pixel would get.
                values = enlarged(kernel.sum(axis=-1), sprite)
                drawn = sprites.colour(values, "filter", signed=True)
                size = f"{kernel.shape[0]} by {kernel.shape[1]}"
                alt = f"Filter {number} of {layer} of {outcome.name}, {size}"
                pictures.append(Picture(sprite.add(drawn), alt, str(number)))
        lacking = "" if pictures else _lacking(cell, outcome)
        rows.append(Row(outcome.name, tuple(pictures), lacking))
    return Sheet(tuple(rows), sprite.png(), *sprite.size, len(outcomes) - len(kept))


def maps(cell: str, outcomes: Sequence[Outcome]) -> Sheet | None:
    """Draw the same test images' maps of each training; None where fewer than two have any."""
    having = [o for o in outcomes if cell in o.pictures and len(o.pictures[cell].maps)]
    having = having[:MOST]
    if len(having) < 2:
        return None
    found = [having[0].pictures[cell]]
    found += [
        p for o in having[1:] if (p := o.pictures[cell]).method == found[0].method
        and p.images.shape[1:] == found[0].images.shape[1:]
    ]  # fmt: skip
    shared = set(found[0].index.tolist()).intersection(*(p.index.tolist() for p in found[1:]))
    common = sorted(shared)[:IMAGES]
    if len(found) < 2 or not common:
        return None
    height, width = found[0].images.shape[1:3]
    sprite = Sprite(height, width, (len(found) + 1) * len(common))
    first = {int(image): row for row, image in reversed(list(enumerate(found[0].index)))}
    pictures = []
    for image in common:
        drawn = sprites.to_rgb(found[0].images[first[image]])
        tile = sprite.add(drawn)
        pictures.append(Picture(tile, f"Test image {image}", f"image {image}"))
    rows = [Row("The images", tuple(pictures))]
    label = methods.describe(found[0].method).label
    for outcome in having:
        own = outcome.pictures[cell]
        if not any(own is each for each in found):
            continue
        at = {int(image): row for row, image in reversed(list(enumerate(own.index)))}
        signed = sprites.is_signed(own.maps)
        pictures = []
        for image in common:
            values = own.maps[at[image]]
            tile = sprite.add(sprites.colour(values, own.method, signed))
            alt = f"{label} of {outcome.name} on test image {image}"
            pictures.append(Picture(tile, alt, sprites.flaw(values)))
        rows.append(Row(outcome.name, tuple(pictures)))
    return Sheet(tuple(rows), sprite.png(), *sprite.size, 0, label)


def _banks(cell: str, outcome: Outcome) -> list[tuple[str, np.ndarray]]:
    pictures = outcome.pictures.get(cell)
    if pictures is None:
        return []
    return [(layer, bank[:FILTERS]) for layer, bank in pictures.filters.items() if len(bank)]


def _lacking(cell: str, outcome: Outcome) -> str:
    pictures = outcome.pictures.get(cell)
    return (pictures.lacking if pictures else "") or "no weights are recorded"
