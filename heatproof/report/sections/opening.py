"""What a cell's page opens with: a few images under the best methods, and what to use.

Which methods stand first is the verdict's to say (`heatproof.trust.verdict`); of equal level, those
of a family that is not there yet come before a second one of it, since they differ more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heatproof.report.sections.gallery import Example, Gallery, Map
from heatproof.trust.verdict import AVOID, LEVELS, CellVerdict, MethodVerdict

IMAGES = 3
COLUMNS = 4  # methods of the opening
CHOSEN = 6  # methods of the gallery; the others are folded away


@dataclass(frozen=True)
class Row:
    """An image, and its maps for the predicted class, the best method first."""

    example: Example
    maps: tuple[Map, ...]


@dataclass(frozen=True)
class Opening:
    """The images shown, and all methods' labels by what to do with them.

    passed_over: methods that the verdict puts before one that is shown, of a family shown already.
    """

    rows: tuple[Row, ...]
    levels: Mapping[str, tuple[str, ...]]
    passed_over: tuple[str, ...]

    @property
    def incorrect(self) -> bool:
        """Whether an image was predicted incorrectly."""
        return any(row.example.label != row.example.prediction for row in self.rows)


def opening(gallery: Gallery, verdict: CellVerdict) -> Opening:
    """Choose what the page opens with: maps only where it is known which to believe.

    Args:
        gallery: all explained images.
        verdict: the cell's.
    """
    places = columns(gallery, verdict)
    rows = tuple(
        Row(example, tuple(example.targets[0].maps[place] for place in places))
        for example in _examples(gallery, places)
    )
    labels = {legend.method.name: legend.method.label for legend in gallery.legends}
    named = {level: tuple(labels[n] for n in verdict.of(level) if n in labels) for level in LEVELS}
    shown = {gallery.legends[place].method.name for place in places}
    judged = [name for name in verdict.methods if name in labels]
    last = max((i for i, name in enumerate(judged) if name in shown), default=0)
    return Opening(
        rows,
        {level: names for level, names in named.items() if names},
        tuple(labels[name] for name in judged[:last] if name not in shown),
    )


def columns(gallery: Gallery, verdict: CellVerdict) -> list[int]:
    """The opening's methods, as places in the gallery's legends; none to be avoided if possible."""
    order = ordered(gallery, verdict)
    judged = verdict.methods
    names = [legend.method.name for legend in gallery.legends]
    of_use = [p for p in order if names[p] not in judged or judged[names[p]].level != AVOID]
    return (of_use or order)[:COLUMNS]


def chosen(gallery: Gallery, verdict: CellVerdict | None) -> tuple[list[int], list[int]]:
    """Divide the gallery's methods, as places in its legends, into those shown and the others.

    Few others are not worth folding away: then all are shown.
    """
    order = ordered(gallery, verdict)
    shown = CHOSEN if len(order) > CHOSEN + 1 else len(order)
    return order[:shown], order[shown:]


def ordered(gallery: Gallery, verdict: CellVerdict | None) -> list[int]:
    """All methods as places in the gallery's legends, the best first, unjudged ones last."""
    names = [legend.method.name for legend in gallery.legends]
    if verdict is None:
        return list(range(len(names)))
    judged = [name for name in verdict.methods if name in names]
    rest = [name for name in names if name not in verdict.methods]
    families = {legend.method.name: legend.method.family for legend in gallery.legends}
    return [names.index(name) for name in [*_mixed(judged, verdict.methods, families), *rest]]


def _mixed(
    names: Sequence[str], judged: Mapping[str, MethodVerdict], families: Mapping[str, str]
) -> list[str]:
    """Within each level, the first of every family, then the second of every family, and so on."""
    before: dict[tuple[str, str], int] = {}
    keys = {}
    for name in names:
        kind = judged[name].level, families[name]
        keys[name] = LEVELS.index(kind[0]), before.get(kind, 0)
        before[kind] = before.get(kind, 0) + 1
    return sorted(names, key=lambda name: keys[name])


def _examples(gallery: Gallery, places: Sequence[int]) -> list[Example]:
    """The most confident incorrect prediction, after correct ones of different classes.

    Images of which one of these methods has no map to look at come last.
    """

    def defects(example: Example) -> int:
        return sum(bool(example.targets[0].maps[place].defect) for place in places)

    incorrect = sorted(gallery.incorrect, key=lambda e: (defects(e), -e.confidence))[:1]
    correct: list[Example] = []
    for example in sorted(gallery.correct, key=defects):
        if example.label not in {each.label for each in correct}:
            correct.append(example)
    more = [e for e in gallery.correct if e not in correct]
    found = [*correct, *more][: IMAGES - len(incorrect)] + incorrect
    spare = [e for e in gallery.incorrect if e not in found]
    return (found + spare)[:IMAGES]
