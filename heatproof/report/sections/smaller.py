"""Derived networks beside their origins: a sentence of each, a chart of all, what changed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heatproof.comparisons.maps_elsewhere import ORIGIN_THERE, OWN, RANDOMISED
from heatproof.comparisons.survival import ALIKE, CLOSER, LESS, LOST, OPEN
from heatproof.report.cell_results import CellResults
from heatproof.report.charts.frame import Axis
from heatproof.report.charts.pies import Pie, Pies, pies
from heatproof.report.charts.ticks import ticks
from heatproof.report.derived_results import DerivedResults
from heatproof.report.sections.finding import LETTERS, KeyFinding
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.statistics.known import known
from heatproof.statistics.paired import SIGNIFICANT
from heatproof.trust.verdict import LEVELS as VERDICTS

SIZE = (820.0, 430.0)
# Of each level what it is called, and what its maps do.
LABELS = {
    CLOSER: "closer than two trainings",
    ALIKE: "as close as two trainings",
    LESS: "less close than two trainings",
    LOST: "no closer than randomised weights",
    OPEN: "undecided",
}
_SAYS = {
    CLOSER: "its maps agree with the origin’s better than those of two trainings of the same "
    "network do",
    ALIKE: "its maps agree with the origin’s as well as those of two trainings of the same network "
    "do",
    LESS: "its maps agree with the origin’s less than those of two trainings of the same network "
    "do",
    LOST: "its maps agree with the origin’s no better than those of randomised weights do",
}
ALL_SAME = 0.005  # of a ratio of sizes: below it they are the same


@dataclass(frozen=True)
class Change:
    """A method whose verdict is another one for the derived network."""

    method: str
    before: str
    after: str

    @property
    def is_worse(self) -> bool:
        """Whether the verdict fell."""
        return VERDICTS.index(self.after) > VERDICTS.index(self.before)


@dataclass(frozen=True)
class Row:
    """A derived network that was compared: what it comes to, and which verdicts changed.

    changes: None where one of the two networks has no verdicts.
    """

    result: DerivedResults
    sentence: str
    old_maps: str
    level: str
    changes: Sequence[Change] | None


def rows(
    derived: Sequence[DerivedResults], cells: Mapping[str, CellResults]
) -> tuple[list[Row], list[DerivedResults]]:
    """Return the derived networks that were compared, and those that were not yet."""
    compared = [each for each in derived if each.compared]
    return [row(each, cells) for each in compared], [each for each in derived if not each.compared]


def of_cell(
    derived: Sequence[DerivedResults], result: CellResults, cells: Sequence[CellResults]
) -> Row | None:
    """Say what deriving a cell's network came to; None of one that was not derived or compared."""
    own = [each for each in derived if each.name == result.name and each.compared]
    return row(own[0], {cell.name: cell for cell in cells}) if own else None


def row(result: DerivedResults, cells: Mapping[str, CellResults]) -> Row:
    """Say what deriving a network that was compared came to."""
    survival = result.survival
    assert survival is not None
    return Row(result, sentence(result), old_maps(result), survival.level, changes(result, cells))


def sentence(result: DerivedResults) -> str:
    """Say how much smaller and less accurate a network is, and what became of its maps."""
    compared = result.compared
    text = f"{_size(compared['times_smaller'])}, {_accuracy(compared)}; {_maps(result)}."
    return text[0].upper() + text[1:]


def old_maps(result: DerivedResults) -> str:
    """Say whether maps of the origin still explain the derived network; "" if not measured."""
    overall = result.compared["faithful"]["overall"]
    lost, old, own, random = (overall[name] for name in ("lost", ORIGIN_THERE, OWN, RANDOMISED))
    if not all(known(each["mean"]) for each in (lost, old, own)):
        return ""
    gap = f"MoRF–LeRF gap {numbers.decimal(old['mean'], 2)}, its own {_two(own['mean'])}"
    if known(random["mean"]) and old["mean"] <= random["mean"]:
        return (
            f"The origin’s maps explain it no better than those of randomised weights ({gap}, of "
            f"randomised weights {_two(random['mean'])})."
        )
    if _two(old["mean"]) == _two(own["mean"]):  # whatever the interval says of so little
        return f"The origin’s maps explain it as well as its own ({gap})."
    if known(lost["low"]) and lost["low"] > 0:
        return f"The origin’s maps explain it less well than its own ({gap})."
    if known(lost["high"]) and lost["high"] < 0:
        return f"The origin’s maps explain it better than its own ({gap})."
    return f"The origin’s maps explain it as well as its own ({gap})."


def changes(result: DerivedResults, cells: Mapping[str, CellResults]) -> list[Change] | None:
    """List the methods whose verdict changed; None where a network has no verdicts."""
    before, after = (
        cells[name].verdict if name in cells else None for name in (result.origin, result.name)
    )
    if before is None or after is None:
        return None
    return [
        Change(methods.describe(name).label, verdict.level, after.methods[name].level)
        for name, verdict in before.methods.items()
        if name in after.methods and after.methods[name].level != verdict.level
    ]


def finding(derived: Sequence[DerivedResults]) -> KeyFinding | None:
    """Say how many networks kept their maps, and of the smallest of these what was saved."""
    levels = [(each, each.survival.level) for each in derived if each.survival]
    told = [(each, level) for each, level in levels if level != OPEN]
    if not told:
        return None
    kept = [each for each, level in told if level in (CLOSER, ALIKE)]
    text = (
        f"Of {numbers.plural(len(told), 'derived network')}, {len(kept) or 'none'} "
        f"{'keeps' if len(kept) == 1 else 'keep'} maps as close to the origin’s as those of two "
        "trainings of one network are to each other, or closer."
    )
    if kept:
        smallest = max(kept, key=lambda each: each.compared["times_smaller"])
        compared = smallest.compared
        text += (
            f" The smallest of these, {numbers.short(smallest.model, LETTERS)} on "
            f"{numbers.short(smallest.dataset, LETTERS)}, is {_size(compared['times_smaller'])} "
            f"and {_accuracy(compared)}."
        )
    return KeyFinding(
        "Does the explanation survive?",
        text,
        "One derivation each, maps of fast methods.",
        "Size, accuracy and maps of each",
        "smaller.html",
    )


def chart(derived: Sequence[DerivedResults]) -> Pies | None:
    """Draw accuracy by size, each network a pie of how far its maps agree with its origin's.

    The origin of all, one for each trained network, is where nothing was saved nor lost.
    """
    compared = {each.name: each for each in derived if each.compared}
    if not compared:
        return None
    start = Pie("origin", 1.0, 0.0, "Origin: the network as it was trained")
    numbered = {name: place for place, name in enumerate(compared, start=1)}
    placed = {name: _place(name, compared) for name in compared}
    points = [
        start,
        *(
            _pie(each, placed[name], numbered.get(each.origin, 0))
            for name, each in compared.items()
        ),
    ]
    return pies(
        "Size, accuracy and maps of smaller networks",
        points,
        _sizes([each.x for each in points]),
        _differences([each.y for each in points]),
        SIZE,
        _summary(list(compared.values())),
    )


def _place(name: str, compared: Mapping[str, DerivedResults]) -> tuple[float, float]:
    """Return how many times smaller than its root a network is, and how much more accurate."""
    own = compared[name].compared
    chain = name
    while compared[chain].origin in compared:
        chain = compared[chain].origin
    root = compared[chain].compared
    return root["origin_bytes"] / own["stored_bytes"], own["accuracy"] - root["origin_accuracy"]


def _pie(result: DerivedResults, place: tuple[float, float], origin: int) -> Pie:
    survival = result.survival
    assert survival is not None
    agreement, seeds = survival.agreement["mean"], survival.trainings.get("mean")
    return Pie(
        numbers.printable(result.model),
        *place,
        f"{numbers.printable(result.name)}: {sentence(result)}",
        max(0.0, agreement) if known(agreement) else None,
        max(0.0, seeds) if known(seeds) else None,
        survival.level,
        origin,
    )


def _sizes(values: Sequence[float]) -> Axis:
    """Make an axis over powers of two, with room for a pie at either end."""
    low = math.floor(math.log2(min(values)) - 0.35)
    high = max(math.ceil(math.log2(max(values)) + 0.35), low + 2)
    step = math.ceil((high - low) / 9)
    powers = [power for power in range(low, high + 1) if power % step == 0]
    marks = [(2.0**power, _times(power)) for power in powers]
    return Axis("Size on disk, log scale", 2.0**low, 2.0**high, marks, log=True)


def _times(power: int) -> str:
    if power == 0:
        return "as large"
    return f"{2 ** abs(power)}× {'smaller' if power > 0 else 'larger'}"


def _differences(values: Sequence[float]) -> Axis:
    span = max(max(values) - min(values), 0.002)
    low, high = min(values) - 0.2 * span, max(values) + 0.2 * span
    inner = [y for y in ticks(low, high, 5) if low <= y <= high]
    return Axis("Accuracy less the origin’s, points", low, high, [(y, _points(y)) for y in inner])


def _points(share: float) -> str:
    """A difference of accuracies in percentage points, with its sign."""
    text = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    if float(text) == 0:
        return "0"
    return text.replace("-", numbers.MINUS) if share < 0 else f"+{text}"


def _summary(compared: Sequence[DerivedResults]) -> str:
    levels = [each.survival.level for each in compared if each.survival]
    counted = [f"{levels.count(level)} {LABELS[level]}" for level in LABELS if levels.count(level)]
    smallest = max(compared, key=lambda each: each.compared["times_smaller"])
    return (
        f"{numbers.plural(len(compared), 'derived network')}; maps: {numbers.listing(counted)}. "
        f"The smallest beside its origin is {numbers.printable(smallest.name)}: "
        f"{_size(smallest.compared['times_smaller'])}, {_accuracy(smallest.compared)}."
    )


def _size(times: float) -> str:
    if abs(times - 1) < ALL_SAME:
        return "as large as its origin"
    ratio, word = (times, "smaller") if times > 1 else (1 / times, "larger")
    return f"{numbers.significant(ratio, 2)} times {word}"


def _accuracy(compared: Mapping[str, Any]) -> str:
    test = compared["accuracy_test"]
    difference = test["difference"]
    points = numbers.significant(abs(100 * difference), 2)
    if difference == 0:
        return "as accurate"
    word = "less" if difference < 0 else "more"
    if test["p"] >= SIGNIFICANT:
        return f"{points} points {word} accurate, which may be chance (p {_two(test['p'])})"
    return f"{points} points {word} accurate"


def _maps(result: DerivedResults) -> str:
    survival = result.survival
    assert survival is not None
    own, seeds, random = (
        each.get("mean") for each in (survival.agreement, survival.trainings, survival.randomised)
    )
    if not known(own):
        return "no maps could be compared"
    if survival.level == OPEN:
        return (
            f"the rank correlation of its maps with the origin’s is {_two(own)}, that of "
            f"randomised weights {_two(random)}; there is no yardstick, since no two trainings of "
            f"{numbers.printable(result.root)} were compared"
        )
    other = random if survival.level == LOST else seeds
    return f"{_SAYS[survival.level]} (rank correlation {_two(own)} against {_two(other)})"


def _two(value: float | None) -> str:
    return numbers.decimal(value, 2)
