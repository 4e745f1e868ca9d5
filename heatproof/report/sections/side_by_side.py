"""First-layer filters, and maps of the same images, of several experiments on one cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.report.sections.features_section import filter_pictures
from heatproof.report.sections.outcomes import Outcome, Pictures
from heatproof.report.text import methods

FILTERS = 16  # per layer
IMAGES = 6
MAX_ROWS = 12
SIDE = 24  # pixels, of a filter's picture


@dataclass(frozen=True)
class Sheet:
    """Rows of pictures from one PNG: an experiment's name, its pictures, or why it has none."""

    rows: list[tuple[str, Sequence[Picture], str]]
    sprite: Sprite
    left_out: int
    method: str = ""


def filters(cell: str, outcomes: Sequence[Outcome]) -> Sheet | None:
    """Draw each experiment's first filters; None where none can be read.

    Args:
        cell: the cell's name.
        outcomes: the baseline and the experiments.
    """
    shown = {o.name: o.pictures.get(cell, Pictures()) for o in outcomes[:MAX_ROWS]}
    banks = {
        name: {layer: bank[:FILTERS] for layer, bank in each.filters.items()}
        for name, each in shown.items()
    }
    tiles = sum(len(bank) for layers in banks.values() for bank in layers.values())
    if not tiles:
        return None
    sprite = Sprite(SIDE, SIDE, tiles)
    rows = []
    for name, layers in banks.items():
        pictures = [
            picture
            for layer, bank in layers.items()
            for picture in filter_pictures(bank, f"{layer} of {name}", sprite, peaks=False)
        ]
        rows.append((name, pictures, shown[name].missing))
    return Sheet(rows, sprite, len(outcomes) - len(shown))


def maps(cell: str, outcomes: Sequence[Outcome]) -> Sheet | None:
    """Draw the maps of the same test images; None where fewer than two experiments have any."""
    found = [(o.name, o.pictures[cell]) for o in outcomes if cell in o.pictures]
    found = [(name, pictures) for name, pictures in found if len(pictures.maps)][:MAX_ROWS]
    if not found:
        return None
    first = found[0][1]
    size = first.images.shape[1:]
    comparable = [
        (name, pictures)
        for name, pictures in found
        if pictures.method == first.method and pictures.images.shape[1:] == size
    ]
    indices = [set(pictures.index.tolist()) for _, pictures in comparable]
    common = sorted(set.intersection(*indices))[:IMAGES]
    if len(comparable) < 2 or not common:
        return None
    sprite = Sprite(*size[:2], (len(comparable) + 1) * len(common))
    images = [
        sprite.image(first.images[_row(first, i)], f"Test image {i}", f"image {i}") for i in common
    ]
    rows: list[tuple[str, Sequence[Picture], str]] = [("Images", images, "")]
    label = methods.describe(first.method).label
    for name, pictures in comparable:
        signed = sprites.is_signed(pictures.maps)
        drawn = []
        for image in common:
            values = pictures.maps[_row(pictures, image)]
            alt = f"{label} of {name} on test image {image}"
            drawn.append(
                sprite.image(
                    sprites.colour(values, first.method, signed), alt, sprites.defect(values)
                )
            )
        rows.append((name, drawn, ""))
    return Sheet(rows, sprite, 0, label)


def _row(pictures: Pictures, image: int) -> int:
    """The first row of an image: a wrong prediction has several."""
    return pictures.index.tolist().index(image)
