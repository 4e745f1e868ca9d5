"""One cell of two studies: which is right more often, and their verdicts and maps side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.attribution.core.method import Method
from heatproof.report.charts import sprites
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.report.sections.sides import CellSide
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.statistics.correlation import rank_correlation
from heatproof.statistics.paired import SIGNIFICANT, accuracy_difference
from heatproof.storage.records import Explanations
from heatproof.trust.verdict import LEVELS

IMAGES = 3  # shown of those that both sides explain
LARGEST = 96  # pixels a side, of a map's picture
SAMPLES, SEED = 10_000, 0  # of the interval of a difference
A, B = "A", "B"


@dataclass(frozen=True)
class MethodRow:
    """A method on both sides: its verdicts, "" where it has none, and how alike its maps are.

    correlation: mean rank correlation of both sides' maps of the same images, NaN where there are
    none. pictures: of each image that is shown, both maps.
    """

    method: Method
    levels: tuple[str, str]
    correlation: float
    pictures: list[tuple[Picture, Picture]]

    @property
    def changed(self) -> bool:
        """Whether both sides have a verdict, and another one."""
        return all(self.levels) and self.levels[0] != self.levels[1]


@dataclass(frozen=True)
class Example:
    """An image that both sides explain for the same class, with what each predicts."""

    picture: Picture
    index: int
    true: str
    target: str
    predicted: tuple[str, str]


@dataclass(frozen=True)
class CellPair:
    """A cell that both sides have; see the functions below for what each part says."""

    name: str
    sides: tuple[CellSide, CellSide]
    paired: dict[str, Any]
    unpaired: str
    same: bool
    rows: list[MethodRow]
    examples: list[Example]
    without_maps: str
    shared: int
    sprite: Sprite | None

    @property
    def changed(self) -> list[MethodRow]:
        """The methods whose verdict is another one."""
        return [row for row in self.rows if row.changed]


def pair(first: CellSide, second: CellSide) -> CellPair:
    """Compare what two sides have of a cell."""
    unpaired = why_unpaired(first, second)
    paired = {} if unpaired else _paired(first, second)
    (one, why_one), (two, why_two) = first.maps(), second.maps()
    if one is not None and two is not None:
        shared, without = _shared_rows(one, two)
    else:
        reasons = [f"of {side} {why}" for side, why in ((A, why_one), (B, why_two)) if why]
        shared, without = [], "; ".join(reasons)
    rows, examples, sprite = _drawn(first, second, (one, two), shared)
    same = bool(paired) and _is_same(first, second, rows, (one, two))
    return CellPair(
        first.name, (first, second), paired, unpaired, same, rows, examples, without,
        len(shared), sprite,
    )  # fmt: skip


def _is_same(
    first: CellSide,
    second: CellSide,
    rows: Sequence[MethodRow],
    maps: tuple[Explanations | None, Explanations | None],
) -> bool:
    """Whether both sides have the same predictions, verdicts and maps, to the last bit."""
    assert first.predictions is not None and second.predictions is not None  # paired
    one, two = maps
    return (
        np.array_equal(first.predictions.logits, second.predictions.logits)
        and not any(row.changed for row in rows)
        and one is not None
        and two is not None
        and one.maps.keys() == two.maps.keys()
        and all(np.array_equal(one.maps[n], two.maps[n], equal_nan=True) for n in one.maps)
    )


def why_unpaired(first: CellSide, second: CellSide) -> str:
    """Say why the answers of two networks cannot be compared image by image; "" where they can."""
    if first.dataset != second.dataset:
        return f"A is on {first.dataset}, B on {second.dataset}"
    if first.predictions is None or second.predictions is None:
        missing = [s for s, each in ((A, first), (B, second)) if each.predictions is None]
        return f"no predictions of {numbers.listing(missing)} are at hand"
    same = first.predictions.class_names == second.predictions.class_names and np.array_equal(
        first.predictions.labels, second.predictions.labels
    )
    if not same or (first.test_set and second.test_set and first.test_set != second.test_set):
        return "the test images are not the same"
    return ""


def _paired(first: CellSide, second: CellSide) -> dict[str, Any]:
    assert first.predictions is not None and second.predictions is not None  # `why_unpaired`
    right = [each.predicted == each.labels for each in (first.predictions, second.predictions)]
    return accuracy_difference(right[0], right[1], SAMPLES, SEED)


def conclusion(paired: Mapping[str, Any]) -> str:
    """Say in a few words what a paired comparison, with its `p_adjusted`, comes to."""
    if paired["p_adjusted"] >= SIGNIFICANT:
        return "no difference shown"
    return "B is more accurate" if paired["difference"] > 0 else "A is more accurate"


def _shared_rows(first: Explanations, second: Explanations) -> tuple[list[tuple[int, int]], str]:
    """Find which rows explain the same image for the same class on both sides; or say why none."""
    if first.class_names != second.class_names or first.images.shape[1:] != second.images.shape[1:]:
        return [], "the images or the classes are not the same"
    of_second = {
        pair: row
        for row, pair in reversed(
            list(enumerate(zip(second.image_index, second.target, strict=True)))
        )
    }
    shared = [
        (row, of_second[pair])
        for row, pair in enumerate(zip(first.image_index, first.target, strict=True))
        if pair in of_second and np.array_equal(first.images[row], second.images[of_second[pair]])
    ]
    return shared, "" if shared else "no test image is explained for the same class on both sides"


def _drawn(
    first: CellSide,
    second: CellSide,
    maps: tuple[Explanations | None, Explanations | None],
    shared: Sequence[tuple[int, int]],
) -> tuple[list[MethodRow], list[Example], Sprite | None]:
    judged = [each.verdict.methods if each.verdict else {} for each in (first, second)]
    levels = {
        name: (
            judged[0][name].level if name in judged[0] else "",
            judged[1][name].level if name in judged[1] else "",
        )
        for name in {*judged[0], *judged[1]}
    }
    one, two = maps
    if one is None or two is None or not shared:
        rows = [MethodRow(methods.describe(n), each, np.nan, []) for n, each in levels.items()]
        return _ordered(rows), [], None
    both = methods.ordered(one.maps.keys() & two.maps.keys())
    shown = _chosen(one, two, shared)
    height, width = one.images.shape[1:3]
    sprite = Sprite(*sprites.reduced(height, width, LARGEST), len(shown) * (1 + 2 * len(both)))
    examples = [_example(one, two, pair, sprite) for pair in shown]
    rows = []
    for name in both:
        pictures = [
            (_map(name, A, one, i, sprite), _map(name, B, two, j, sprite)) for i, j in shown
        ]
        alike = rank_correlation(
            one.maps[name][[i for i, _ in shared]], two.maps[name][[j for _, j in shared]]
        )
        mean = float(np.nanmean(alike)) if not np.isnan(alike).all() else np.nan
        rows.append(MethodRow(methods.describe(name), levels.pop(name, ("", "")), mean, pictures))
    rows += [MethodRow(methods.describe(n), each, np.nan, []) for n, each in levels.items()]
    return _ordered(rows), examples, sprite


def _ordered(rows: list[MethodRow]) -> list[MethodRow]:
    """Put methods first whose verdict is another one, then those to use."""

    def place(row: MethodRow) -> tuple[bool, int, str]:
        best = min((LEVELS.index(each) for each in row.levels if each), default=len(LEVELS))
        return not row.changed, best, row.method.name

    return sorted(rows, key=place)


def _chosen(
    first: Explanations, second: Explanations, shared: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Choose rows of different images: those that are predicted differently come first."""
    differently = sorted(
        shared, key=lambda pair: first.predicted[pair[0]] == second.predicted[pair[1]]
    )
    by_image = {int(first.image_index[i]): (i, j) for i, j in reversed(differently)}
    order = {int(first.image_index[i]): None for i, _ in differently}
    return [by_image[image] for image in order][:IMAGES]


def _example(
    first: Explanations, second: Explanations, rows: tuple[int, int], sprite: Sprite
) -> Example:
    i, j = rows
    index, names = int(first.image_index[i]), first.class_names
    picture = sprite.image(sprite.fitted(first.images[i]), f"Test image {index}")
    return Example(
        picture,
        index,
        names[first.label[i]],
        names[first.target[i]],
        (names[first.predicted[i]], names[second.predicted[j]]),
    )


def _map(name: str, side: str, maps: Explanations, row: int, sprite: Sprite) -> Picture:
    values = maps.maps[name][row]
    coloured = sprites.colour(values, name, sprites.is_signed(maps.maps[name]))
    alt = f"{methods.describe(name).label} of {side} on test image {int(maps.image_index[row])}"
    return sprite.image(sprite.fitted(coloured), alt, sprites.defect(values))
