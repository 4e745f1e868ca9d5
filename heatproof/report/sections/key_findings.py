"""The key findings in sentences made from the numbers, each with its caveat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

from heatproof.report.cell_results import CellResults
from heatproof.report.sections import leaks, smaller, verdict_findings
from heatproof.report.sections.finding import LETTERS, KeyFinding, dataset, model, network
from heatproof.report.sections.ties import Comparison, compare
from heatproof.report.study import Study
from heatproof.statistics import numbers
from heatproof.storage.folders import file_name

FEW = 30  # the accuracy of a bin of fewer images is too uncertain


def key_findings(study: Study) -> tuple[KeyFinding, ...]:
    """Summarise the results, as far as there are any, what matters most first."""
    evaluated = [c for c in study.cells if c.evaluate]
    findings = (
        verdict_findings.of_study(study.rated),
        _cost(study),
        smaller.finding(study.derived),
        _leak(study),
        _confidence(evaluated),
    )
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
        f"On {numbers.short(name, LETTERS)}, {copies['test_images']:,} of {tests:,} test images "
        f"({numbers.percent(copies['test_images'] / tests, tests)}) have a near duplicate among "
        f"the training images, {copies['test_exact'] or 'none'} of them an exact copy."
    )
    for result, found in leaks.of_dataset(study, name)[:1]:
        if found.without is not None:
            text += (
                f" Without them, the accuracy of {model(result)} is "
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


# A dataset's most accurate cell, a cheaper one if any, and how they compare.
Pair = tuple[CellResults, CellResults | None, Comparison | None]


def pair(results: Sequence[CellResults]) -> Pair | None:
    """Find the most accurate cell and a cheaper alternative.

    The alternative is the cheapest cell that is tied with the most accurate one; where there is
    none, the most accurate of the cheaper ones. None where fewer than two cells were evaluated,
    those of networks of unknown cost left out.
    """
    known = [c for c in results if c.evaluate and c.evaluate["flops"] is not None]
    if len(known) < 2:
        return None
    best = min(known, key=lambda c: (-c.evaluate["accuracy"], c.name))
    cheaper = [c for c in known if c.evaluate["flops"] < best.evaluate["flops"]]
    compared = {c.name: compare(c, best) for c in cheaper}
    tied = [c for c in cheaper if compared[c.name].tied]
    if tied:
        chosen = min(tied, key=lambda c: (c.evaluate["flops"], c.name))
    else:
        chosen = min(cheaper, key=lambda c: (-c.evaluate["accuracy"], c.name), default=None)
    return best, chosen, chosen and compared[chosen.name]


def saving(found: Pair) -> float:
    """How many times the cheaper one's FLOPs the best needs."""
    best, cheaper, _ = found
    if cheaper is None or not cheaper.evaluate["flops"]:
        return 1.0
    return best.evaluate["flops"] / cheaper.evaluate["flops"]


def _cost(study: Study) -> KeyFinding | None:
    pairs = [p for name in study.dataset_names if (p := pair(study.cells_on(name)))]
    if not pairs:
        return None
    text, reason = _no_cheaper(max(pairs, key=saving)), ""
    tied = [(p, c, how) for p in pairs if (c := p[1]) and (how := p[2]) and how.tied]
    if tied:
        chosen, cheaper, comparison = max(tied, key=lambda each: saving(each[0]))
        text = (
            f"On {dataset(cheaper)}, {_accurate(cheaper)} ties with the most accurate network, "
            f"{_accurate(chosen[0])}, and needs {_times(saving(chosen))} fewer operations."
        )
        reason = f"A tie, no difference shown: {comparison.reason}. "
        if len(pairs) > 1:
            text += f" A cheaper network ties on {len(tied)} of {len(pairs)} datasets."
    return KeyFinding(
        "Accuracy for its cost",
        text,
        f"{reason}One training each{_not_by_folds(study)}: with another seed, the order of close "
        "networks may differ.",
        "Accuracy against cost",
        "#costs",
    )


def _not_by_folds(study: Study) -> str:
    return ", not cross-validation" if any(c.folds for c in study.cells) else ""


def _no_cheaper(found: Pair) -> str:
    best, cheaper, _ = found
    if cheaper is None:
        return (
            f"On {dataset(best)}, {_accurate(best)} is both the most accurate network and the one "
            "with the fewest operations."
        )
    gained = 100 * (best.evaluate["accuracy"] - cheaper.evaluate["accuracy"])
    return (
        "No cheaper network ties with the most accurate of its dataset. On "
        f"{dataset(best)}, {_accurate(best)} needs {_times(saving(found))} more operations than "
        f"{_accurate(cheaper)}, for {numbers.decimal(gained, 1)} percentage points."
    )


def _confidence(cells: Sequence[CellResults]) -> KeyFinding | None:
    """Compare confidence and accuracy in the highest bin of confidence.

    Overconfident is what is wrong more often than its confidence implies beyond doubt: by the 95 %
    interval, not by the share alone. The worst of many networks is told of, so that the interval
    is that of all of them at once (Bonferroni).
    """
    highest_bins = [
        (result, last)
        for result in cells
        for last in result.evaluate["reliability"][-1:]
        if last["count"] >= FEW
    ]
    bins = [_Sure(result, last, len(highest_bins)) for result, last in highest_bins]
    if not bins:
        return None
    chosen = max(bins, key=lambda each: (each.clear, each.excess, each.result.name))
    errors = sorted(
        (c.evaluate["ece"], c.name, c) for c in cells if numbers.known(c.evaluate["ece"])
    )
    text = (
        f"Where {network(chosen.result)} is {100 * chosen.bin['low']:.0f} % sure or more, it is "
        f"wrong on {numbers.percent(chosen.share)} of {chosen.bin['count']:,} test images (95 % "
        f"interval{_of_all(len(bins))} {numbers.interval(*chosen.interval)}); its confidence "
        f"implies {numbers.percent(chosen.implied)}."
    )
    if not chosen.clear:
        text = f"No network is clearly overconfident where it is most sure. {text}"
    span = ""
    if len(errors) > 1:
        (lowest, _, best), (highest, _, worst) = errors[0], errors[-1]
        span = (
            f" Calibration errors range from {numbers.percent(lowest)} ({network(best)}) to "
            f"{numbers.percent(highest)} ({network(worst)})."
        )
    return KeyFinding(
        "Confidently wrong" if chosen.clear else "No clear overconfidence",
        text,
        f"On test images like the training images.{span}",
        "Calibration of this network",
        "#calibration",
        chosen.result.name,
    )


def _of_all(networks: int) -> str:
    return f", allowing for {networks} networks," if networks > 1 else ""


@dataclass(frozen=True)
class _Sure:
    """A network and its highest bin of confidence, one of so many networks."""

    result: CellResults
    bin: Mapping[str, Any]
    networks: int

    @property
    def wrong(self) -> int:
        return round(self.bin["count"] * (1 - self.bin["accuracy"]))

    @property
    def share(self) -> float:
        return self.wrong / self.bin["count"]

    @property
    def implied(self) -> float:
        return 1 - self.bin["confidence"]

    @property
    def excess(self) -> float:
        return self.bin["confidence"] - self.bin["accuracy"]

    @property
    def interval(self) -> tuple[float, float]:
        test = binomtest(self.wrong, self.bin["count"])
        low, high = test.proportion_ci(1 - 0.05 / self.networks, method="wilson")
        return low, high

    @property
    def clear(self) -> bool:
        return round(self.interval[0], 3) > round(self.implied, 3)  # as they are written


def _accurate(result: CellResults) -> str:
    accuracy, images = result.evaluate["accuracy"], result.evaluate["test_images"]
    return f"{model(result)} ({numbers.percent(accuracy, images)})"


def _times(ratio: float) -> str:
    """A ratio in two digits: 2.63 -> `2.6×`, 57.4 -> `57×`."""
    return f"{numbers.significant(ratio, 2) if ratio < 100 else numbers.count(ratio)}×"
