"""What is shown of a cell's verdict: an image with every method's map, and the best one's maps.

Chosen by a rule, and never a map that is zero everywhere where there is another: such a map says
something of its method (`text.zero_maps`), and nothing of the network.
"""

from dataclasses import dataclass, field

import numpy as np

from heatproof.report.cell_results import CellResults
from heatproof.report.charts import sheet, sprites
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.storage.records import Explanations
from heatproof.trust.verdict import CellVerdict

PICTURES = 5  # in a strip
SIDE = 64  # of a picture's pixels, at most


@dataclass(frozen=True)
class Strip:
    """Images of different classes, each with its map by the method of the best verdict.

    level: the verdict on the method. pairs: image, map, class.
    """

    method: str
    level: str
    sprite: Sprite
    pairs: list[tuple[Picture, Picture, str]]


@dataclass(frozen=True)
class Example:
    """One image, named by its class, with the maps of every method: name -> map.

    zero: the methods whose map of it is zero everywhere, with their own numbers on it.
    """

    label: str
    sprite: Sprite
    image: Picture
    maps: dict[str, Picture]
    zero: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Zero:
    """How many of a method's maps are zero everywhere, of how many; the median of its numbers."""

    zero: int
    maps: int
    own: dict[str, float]


@dataclass(frozen=True)
class Showcase:
    """A cell's strip and example, each None where no prediction that is explained is right.

    Without a verdict there is no strip: which map would be the one to believe is not known.
    zero: the methods some of whose maps are zero everywhere.
    """

    strip: Strip | None = None
    example: Example | None = None
    zero: dict[str, Zero] = field(default_factory=dict)


NOTHING = Showcase()


def of_cell(result: CellResults) -> Showcase:
    """Choose and draw what stands for a cell's explanations."""
    explanations = result.explanations()
    return drawn(explanations, result.verdict) if explanations else NOTHING


def drawn(explanations: Explanations, verdict: CellVerdict | None) -> Showcase:
    """Choose and draw what stands for explanations whose methods are judged so, or not judged."""
    zero = _zero(explanations)
    right = np.flatnonzero(
        (explanations.label == explanations.predicted)
        & (explanations.predicted == explanations.target)
    )
    if not len(right) or not explanations.maps:
        return Showcase(zero=zero)
    pictures = Painter(explanations)
    strip = _strip(pictures, right, verdict) if verdict else None
    return Showcase(strip, _example(pictures, right), zero)


def _zero(explanations: Explanations) -> dict[str, Zero]:
    """Count the maps that are zero everywhere, of each method that has some."""
    found = {}
    for name in methods.ordered(explanations.maps):
        rows = np.flatnonzero(~_nonzero(explanations.maps[name]))
        if len(rows):
            own = explanations.numbers.get(name, {})
            medians = {n: float(np.median(each[rows])) for n, each in own.items()}
            found[name] = Zero(len(rows), len(explanations.maps[name]), medians)
    return found


def _nonzero(maps: np.ndarray) -> np.ndarray:
    """Return which of the maps (n, height, width) are not zero everywhere, bool (n,)."""
    return np.asarray(np.nan_to_num(maps).any(axis=(1, 2)))


class Painter:
    """Draws a cell's images and maps as pictures of at most `SIDE` pixels."""

    def __init__(self, explanations: Explanations) -> None:
        self.explanations = explanations
        self.signed = {n: sprites.is_signed(maps) for n, maps in explanations.maps.items()}

    def sprite(self, tiles: int) -> Sprite:
        height, width = self.explanations.images.shape[1:3]
        return Sprite(*sprites.reduced(height, width, SIDE), tiles)

    def nonzero(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Return which of the rows have a map that is not zero everywhere."""
        return _nonzero(self.explanations.maps[name][rows])

    def label(self, row: int) -> str:
        return numbers.printable(self.explanations.class_names[self.explanations.label[row]])

    def image(self, sprite: Sprite, row: int) -> Picture:
        pixels = sprite.fitted(self.explanations.images[row])
        return sprite.image(pixels, f"A test image of the class {self.label(row)}")

    def map(self, sprite: Sprite, row: int, name: str) -> Picture:
        values = self.explanations.maps[name][row]
        shown = sheet.heatmap(
            values, name, over=self.explanations.images[row], signed=self.signed[name]
        )
        what = sprites.defect(values) or f"largest at {sprites.peak_place(values)}"
        alt = f"{methods.describe(name).label} map for the class {self.label(row)}, {what}"
        return sprite.image(sprite.fitted(shown.pixels), alt)


def _strip(drawn: Painter, right: np.ndarray, verdict: CellVerdict) -> Strip | None:
    """Draw maps of the first method that has some, one per class, evenly spaced."""
    for name in [n for n in verdict.methods if n in drawn.explanations.maps]:
        rows = _one_per_class(drawn.explanations.label, right[drawn.nonzero(name, right)])
        if not rows:
            continue
        sprite = drawn.sprite(2 * len(rows))
        pairs = [
            (drawn.image(sprite, row), drawn.map(sprite, row, name), drawn.label(row))
            for row in rows
        ]
        return Strip(name, verdict.methods[name].level, sprite, pairs)
    return None


def _one_per_class(labels: np.ndarray, rows: np.ndarray) -> list[int]:
    firsts: dict[int, int] = {}
    for row in rows.tolist():
        firsts.setdefault(int(labels[row]), row)
    chosen = [firsts[label] for label in sorted(firsts)]
    if len(chosen) <= PICTURES:
        return chosen
    return [chosen[round(i * (len(chosen) - 1) / (PICTURES - 1))] for i in range(PICTURES)]


def _example(drawn: Painter, right: np.ndarray) -> Example:
    """Draw the first of the images on which the fewest maps are zero, with all its maps."""
    maps = drawn.explanations.maps
    there = np.sum([drawn.nonzero(name, right) for name in maps], axis=0)
    row = int(right[there.argmax()])
    sprite = drawn.sprite(1 + len(maps))
    image = drawn.image(sprite, row)
    pictures = {name: drawn.map(sprite, row, name) for name in methods.ordered(maps)}
    numbers_of = drawn.explanations.numbers
    zero = {
        name: {n: float(each[row]) for n, each in numbers_of.get(name, {}).items()}
        for name in maps
        if not _nonzero(maps[name][[row]])[0]
    }
    return Example(drawn.label(row), sprite, image, pictures, zero)
