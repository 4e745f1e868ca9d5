"""The three things worth knowing: sentences made from the numbers, each with its doubt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from heatproof.report.sections.calibration import FEW
from heatproof.report.study import CellResults, Study
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.trust import checks
from heatproof.trust.checks import Tally


@dataclass(frozen=True)
class Worth:
    """A few words, the sentences, what speaks against them, and where to read on.

    `link` names the place, `address` is it: on the page of `cell`, if there is one.
    """

    title: str
    text: str
    doubt: str
    link: str
    address: str
    cell: str | None = None


def worth(study: Study) -> tuple[Worth, ...]:
    """Tell what the results show, as far as there are any."""
    evaluated = [c for c in study.cells if c.evaluate]
    assessed = [c for c in study.cells if c.assess]
    found = (_cost(study), _confidence(evaluated), _explanations(assessed))
    return tuple(each for each in found if each is not None)


@dataclass(frozen=True)
class _Pair:
    """A dataset's most accurate cell and, if any, a cheaper one: beside it, or next to it."""

    best: CellResults
    cheaper: CellResults | None
    beside: bool

    @property
    def saving(self) -> float:
        """How many times the cheaper one's operations the best takes."""
        if self.cheaper is None or not self.cheaper.evaluate["flops"]:
            return 1.0
        return self.best.evaluate["flops"] / self.cheaper.evaluate["flops"]


def pair(results: Sequence[CellResults]) -> _Pair | None:
    """Find what the first in accuracy costs more than it need.

    The cheapest cell whose interval reaches into that of the most accurate one; where there is
    none, the most accurate of the cheaper ones. None where fewer than two cells were evaluated.
    """
    known = [c for c in results if c.evaluate]
    if len(known) < 2:
        return None
    best = min(known, key=lambda c: (-c.evaluate["accuracy"], c.name))
    cheaper = [c for c in known if c.evaluate["flops"] < best.evaluate["flops"]]
    beside = [c for c in cheaper if _reaches(c.evaluate, best.evaluate)]
    if beside:
        return _Pair(best, min(beside, key=lambda c: (c.evaluate["flops"], c.name)), True)
    next_best = min(cheaper, key=lambda c: (-c.evaluate["accuracy"], c.name), default=None)
    return _Pair(best, next_best, False)


def _reaches(evaluate: dict[str, Any], best: dict[str, Any]) -> bool:
    high, low = evaluate["accuracy_high"], best["accuracy_low"]
    return numbers.known(high) and numbers.known(low) and high >= low


def _cost(study: Study) -> Worth | None:
    pairs = [p for name in study.dataset_names if (p := pair(study.cells_on(name)))]
    if not pairs:
        return None
    beside = [(p, p.cheaper) for p in pairs if p.beside and p.cheaper]
    if beside:
        most, cheaper = max(beside, key=lambda of: of[0].saving)
        text = (
            f"On {_dataset(most.best)}, {_accurate(cheaper)} takes "
            f"{_fraction(most.saving)} of the operations of the most accurate network, "
            f"{_accurate(most.best)}, and their intervals overlap."
        )
        if len(pairs) > 1:
            text += f" A cheaper network comes so close on {len(beside)} of {len(pairs)} datasets."
    else:
        text = _no_cheaper(pairs)
    return Worth(
        "Accuracy for its cost",
        text,
        "The intervals are over the test images of one training each: another seed may order "
        "close networks otherwise.",
        "Accuracy against cost",
        "#costs",
    )


def _no_cheaper(pairs: Sequence[_Pair]) -> str:
    dear = max(pairs, key=lambda p: p.saving)
    if dear.cheaper is None:
        return (
            f"On {_dataset(dear.best)}, {_accurate(dear.best)} is both the most accurate "
            "network and the one with the fewest operations."
        )
    gained = 100 * (dear.best.evaluate["accuracy"] - dear.cheaper.evaluate["accuracy"])
    return (
        "On no dataset does a cheaper network’s interval reach that of the most accurate. On "
        f"{_dataset(dear.best)}, {_accurate(dear.best)} takes "
        f"{numbers.significant(dear.saving, 2)} times the operations of "
        f"{_accurate(dear.cheaper)}, for {numbers.decimal(gained, 1)} percentage points."
    )


def _confidence(cells: Sequence[CellResults]) -> Worth | None:
    """Where a network errs although it is surest: its highest bin of confidence."""
    found = []
    for result in cells:
        last = result.evaluate["reliability"][-1] if result.evaluate["reliability"] else None
        if last and last["count"] >= FEW:
            found.append((last["confidence"] - last["accuracy"], result, last))
    if not found:
        return None
    excess, result, last = max(found, key=lambda each: (each[0], each[1].name))
    wrong = round(last["count"] * (1 - last["accuracy"]))
    low, high = wilson(wrong, last["count"])
    errors = sorted((c.evaluate["ece"], c.name, c) for c in cells)
    (least, _, best), (most, _, worst) = errors[0], errors[-1]
    expected = numbers.percent(1 - last["confidence"])
    said = (
        f"{_network(result)} is wrong on {numbers.percent(wrong / last['count'])} of the "
        f"{last['count']:,} test images of which it is {100 * last['low']:.0f} % sure or more "
        f"(95 % interval {numbers.interval(low, high)}); its own confidence allows "
        f"{expected}."
    )
    if excess <= 0:
        said = (
            "No network is surer than it is right where it is surest. The closest: "
            f"{_network(result)}, wrong on {numbers.percent(wrong / last['count'])} of "
            f"{last['count']:,} such images, where its confidence allows {expected}."
        )
    span = (
        f" The calibration error runs from {numbers.percent(least)} ({_network(best)}) to "
        f"{numbers.percent(most)} ({_network(worst)})."
    )
    return Worth(
        "Wrong although sure" if excess > 0 else "As right as sure",
        said + (span if len(errors) > 1 else ""),
        "On test images like the training images; on others, confidence usually means less.",
        "Its calibration",
        "#calibration",
        result.name,
    )


def wilson(hits: int, images: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927), which also serves near 0 and 1."""
    z = 1.959964
    share, spread = hits / images, z * z / images
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / images + spread / (4 * images)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _explanations(assessed: Sequence[CellResults]) -> Worth | None:
    tallies = checks.of_methods([c.assess["measures"] for c in assessed])
    if not tallies:
        return None
    order = sorted(tallies, key=lambda n: (-tallies[n].share, -tallies[n].clear, n))
    best, last = order[0], order[-1]
    if tallies[best].passed == 0:
        text = "No method does better than every control in any check."
    elif len(order) == 1:
        text = f"{_passes(best, tallies[best])} checks."
    else:
        text = (
            f"{_passes(best, tallies[best])} checks, the most; "
            f"{_passes(last, tallies[last])}, the fewest.{_below(assessed)}"
        )
    images = sorted({c.assess["images"] for c in assessed})
    number = f"{images[0]}" if len(images) == 1 else f"{images[0]} to {images[-1]}"
    return Worth(
        "Explanations against controls",
        text,
        f"Means over {number} images a network; {_clear(best, tallies[best])}",
        "All methods and measures",
        "methods.html#measures",
    )


def _below(assessed: Sequence[CellResults]) -> str:
    shares = [(t.share, c) for c in assessed if (t := checks.of_cell(c.assess["measures"]))]
    least = min(shares, key=lambda each: (each[0], each[1].name))
    half = sum(share < 0.5 for share, _ in shares)
    return (
        f" On {half} of {numbers.plural(len(shares), 'network')} most checks fail, against noise, "
        f"edges or a bright centre: most of all on {_network(least[1])}."
        if half
        else ""
    )


def _passes(name: str, tally: Tally) -> str:
    label = methods.describe(name).label
    return f"{label} beats every control in {tally.passed} of {tally.made}"


def _clear(name: str, tally: Tally) -> str:
    label = methods.describe(name).label
    return f"of {label}’s {tally.passed}, {tally.clear} are beyond both 95 % intervals."


def _network(result: CellResults) -> str:
    return f"{numbers.short(result.cell.model, 24)} on {_dataset(result)}"


def _dataset(result: CellResults) -> str:
    return numbers.short(result.cell.dataset, 24)


def _accurate(result: CellResults) -> str:
    said = result.evaluate
    return (
        f"{numbers.short(result.cell.model, 24)} "
        f"({numbers.percent(said['accuracy'], said['test_images'])}, "
        f"{numbers.interval(said['accuracy_low'], said['accuracy_high'], said['test_images'])})"
    )


def _fraction(times: float) -> str:
    """One part in so many: 2.6 -> `a third`, 57 -> `a 57th`."""
    number = max(2, round(times))
    if number <= 3:
        return "half" if number == 2 else "a third"
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if number % 100 in (11, 12, 13) else endings.get(number % 10, "th")
    return f"{'an' if str(number)[0] == '8' or number in (11, 18) else 'a'} {number:,}{ending}"
