"""The key findings in sentences made from the numbers, each with its caveat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

from heatproof.report.cell_results import CellResults
from heatproof.report.sections import leaks
from heatproof.report.study import Study
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.storage.folders import file_name
from heatproof.trust import checks
from heatproof.trust.checks import Tally

FEW = 30  # the accuracy of a bin of fewer images is too uncertain


@dataclass(frozen=True)
class KeyFinding:
    """A title, the sentences, a caveat, and a link to the details.

    `link` is its text, `address` its target: on the page of `cell`, if there is one.
    """

    title: str
    text: str
    caveat: str
    link: str
    address: str
    cell: str | None = None


def key_findings(study: Study) -> tuple[KeyFinding, ...]:
    """Summarise the results, as far as there are any."""
    evaluated = [c for c in study.cells if c.evaluate]
    findings = (_leak(study), _cost(study), _confidence(evaluated), _explanations(study.rated))
    return tuple(finding for finding in findings if finding is not None)


def _leak(study: Study) -> KeyFinding | None:
    """Say that test images are among the training images, of the dataset with most of them."""
    leaking = [
        (each["copies"]["test_images"] / each["parts"]["test"], name)
        for name, each in study.inspections.items()
        if each["copies"]["leak"]
    ]
    if not leaking:
        return None
    _, name = max(leaking)
    inspected = study.inspections[name]
    copies, tests = inspected["copies"], inspected["parts"]["test"]
    text = (
        f"On {numbers.short(name, 24)}, {copies['test_images']:,} of {tests:,} test images "
        f"({numbers.percent(copies['test_images'] / tests, tests)}) have a near duplicate among "
        f"the training images, {copies['test_exact'] or 'none'} of them an exact copy."
    )
    for result, found in leaks.of_dataset(study, name)[:1]:
        if found.without is not None:
            text += (
                f" Without them, the accuracy of {numbers.short(result.cell.model, 24)} is "
                f"{numbers.percent(found.without, tests)} instead of "
                f"{numbers.percent(found.accuracy, tests)}."
            )
    others = len(leaking) - 1
    more = f" {numbers.plural(others, 'more dataset')} leaks too." if others == 1 else (
        f" {others} more datasets leak too." if others else "")  # fmt: skip
    return KeyFinding(
        "Test images among the training images",
        text + more,
        "Near duplicates are found by a rule: look at the pairs.",
        "The copies side by side",
        f"datasets/{file_name(name)}.html#copies",
    )


# A dataset's most accurate cell, a cheaper one if any, and whether their intervals overlap.
Pair = tuple[CellResults, CellResults | None, bool]


def pair(results: Sequence[CellResults]) -> Pair | None:
    """Find the most accurate cell and a cheaper alternative.

    The alternative is the cheapest cell whose interval overlaps that of the most accurate one;
    where there is none, the most accurate of the cheaper ones. None where fewer than two cells were
    evaluated, those of networks of unknown cost left out.
    """
    known = [c for c in results if c.evaluate and c.evaluate["flops"] is not None]
    if len(known) < 2:
        return None
    best = min(known, key=lambda c: (-c.evaluate["accuracy"], c.name))
    cheaper = [c for c in known if c.evaluate["flops"] < best.evaluate["flops"]]
    overlapping = [c for c in cheaper if overlaps(c.evaluate, best.evaluate)]
    if overlapping:
        return best, min(overlapping, key=lambda c: (c.evaluate["flops"], c.name)), True
    next_best = min(cheaper, key=lambda c: (-c.evaluate["accuracy"], c.name), default=None)
    return best, next_best, False


def saving(found: Pair) -> float:
    """How many times the cheaper one's FLOPs the best needs."""
    best, cheaper, _ = found
    if cheaper is None or not cheaper.evaluate["flops"]:
        return 1.0
    return best.evaluate["flops"] / cheaper.evaluate["flops"]


def overlaps(evaluate: dict[str, Any], best: dict[str, Any]) -> bool:
    """Whether a cell's interval of accuracy overlaps that of a more accurate one."""
    high, low = evaluate.get("accuracy_high"), best.get("accuracy_low")
    return numbers.known(high) and numbers.known(low) and high >= low


def _cost(study: Study) -> KeyFinding | None:
    pairs = [p for name in study.dataset_names if (p := pair(study.cells_on(name)))]
    if not pairs:
        return None
    text = _no_cheaper(max(pairs, key=saving))
    overlapping = [(saving(p), p[0], p[1]) for p in pairs if p[1] and p[2]]
    if overlapping:
        times, best, cheaper = max(overlapping, key=lambda each: each[0])
        text = (
            f"On {_dataset(best)}, {_accurate(cheaper)} needs {_times(times)} fewer operations "
            f"than the most accurate network, {_accurate(best)}, and their intervals overlap."
        )
        if len(pairs) > 1:
            text += (
                f" This holds for a cheaper network on {len(overlapping)} of {len(pairs)} datasets."
            )
    return KeyFinding(
        "Accuracy for its cost",
        text,
        "The intervals are over the test images of one training each: with another seed, the order "
        "of close networks may differ.",
        "Accuracy against cost",
        "#costs",
    )


def _no_cheaper(found: Pair) -> str:
    best, cheaper, _ = found
    if cheaper is None:
        return (
            f"On {_dataset(best)}, {_accurate(best)} is both the most accurate network and the one "
            "with the fewest operations."
        )
    gained = 100 * (best.evaluate["accuracy"] - cheaper.evaluate["accuracy"])
    return (
        "On no dataset does a cheaper network’s interval overlap that of the most accurate. On "
        f"{_dataset(best)}, {_accurate(best)} needs {_times(saving(found))} more operations than "
        f"{_accurate(cheaper)}, for {numbers.decimal(gained, 1)} percentage points."
    )


def _confidence(cells: Sequence[CellResults]) -> KeyFinding | None:
    """Compare confidence and accuracy in the highest bin of confidence."""
    bins = []
    for result in cells:
        last = result.evaluate["reliability"][-1] if result.evaluate["reliability"] else None
        if last and last["count"] >= FEW:
            bins.append((last["confidence"] - last["accuracy"], result, last))
    if not bins:
        return None
    excess, result, last = max(bins, key=lambda each: (each[0], each[1].name))
    wrong = round(last["count"] * (1 - last["accuracy"]))
    low, high = binomtest(wrong, last["count"]).proportion_ci(method="wilson")
    errors = sorted((c.evaluate["ece"], c.name, c) for c in cells)
    (lowest, _, best), (highest, _, worst) = errors[0], errors[-1]
    expected = numbers.percent(1 - last["confidence"])
    text = (
        f"{_network(result)} is wrong on {numbers.percent(wrong / last['count'])} of the "
        f"{last['count']:,} test images with a confidence of {100 * last['low']:.0f} % or more "
        f"(95 % interval {numbers.interval(low, high)}); its confidence implies {expected}."
    )
    if excess <= 0:
        text = (
            "No network is overconfident in its highest bin of confidence. The closest: "
            f"{_network(result)}, wrong on {numbers.percent(wrong / last['count'])} of "
            f"{last['count']:,} such images, where its confidence implies {expected}."
        )
    span = (
        f" The calibration error ranges from {numbers.percent(lowest)} ({_network(best)}) to "
        f"{numbers.percent(highest)} ({_network(worst)})."
    )
    return KeyFinding(
        "Confidently wrong" if excess > 0 else "No overconfidence",
        text + (span if len(errors) > 1 else ""),
        "Measured on test images like the training images; on others, confidence is usually less "
        "reliable.",
        "Calibration of this network",
        "#calibration",
        result.name,
    )


def _explanations(assessed: Sequence[CellResults]) -> KeyFinding | None:
    tallies = checks.of_methods([c.assess["measures"] for c in assessed])
    if not tallies:
        return None
    order = sorted(tallies, key=lambda n: (-tallies[n].share, -tallies[n].clear, n))
    best, last = order[0], order[-1]
    if tallies[best].passed == 0:
        text = "No method beats every control in any check."
    elif len(order) == 1:
        text = f"{_passes(best, tallies[best])} checks."
    else:
        text = (
            f"{_passes(best, tallies[best])} checks, the most; "
            f"{_passes(last, tallies[last])}, the fewest.{_below(assessed)}"
        )
    images = sorted({c.assess["images"] for c in assessed})
    number = f"{images[0]}" if len(images) == 1 else f"{images[0]} to {images[-1]}"
    return KeyFinding(
        "Explanations against controls",
        text,
        f"Means over {number} images per network; {_clear(best, tallies[best])}",
        "All methods and measures",
        "methods.html#measures",
    )


def _below(assessed: Sequence[CellResults]) -> str:
    shares = [(t.share, c) for c in assessed if (t := checks.of_cell(c.assess["measures"]))]
    lowest = min(shares, key=lambda each: (each[0], each[1].name))
    half = sum(share < 0.5 for share, _ in shares)
    return (
        f" On {half} of {numbers.plural(len(shares), 'network')} most checks fail against noise, "
        f"edges or a bright centre, most often on {_network(lowest[1])}."
        if half
        else ""
    )


def _passes(name: str, tally: Tally) -> str:
    label = methods.describe(name).label
    return f"{label} beats every control in {tally.passed} of {tally.total}"


def _clear(name: str, tally: Tally) -> str:
    label = methods.describe(name).label
    return f"in {tally.clear} of {label}’s {tally.passed}, the 95 % intervals do not overlap."


def _network(result: CellResults) -> str:
    return f"{numbers.short(result.cell.model, 24)} on {_dataset(result)}"


def _dataset(result: CellResults) -> str:
    return numbers.short(result.cell.dataset, 24)


def _accurate(result: CellResults) -> str:
    metrics, images = result.evaluate, result.evaluate["test_images"]
    return (
        f"{numbers.short(result.cell.model, 24)} "
        f"({numbers.percent(metrics['accuracy'], images)}, "
        f"{numbers.interval(metrics['accuracy_low'], metrics['accuracy_high'], images)})"
    )


def _times(ratio: float) -> str:
    """A ratio in two digits: 2.63 -> `2.6×`, 57.4 -> `57×`."""
    return f"{numbers.significant(ratio, 2) if ratio < 100 else numbers.count(ratio)}×"
