"""Which methods to use for a network, and why: what all tests come to.

The rule, of methods and of controls alike:

- **do not use**: it fails a test that decides: some control, which knows nothing of the network,
  is as good by most measures of faithfulness; or its map hardly depends on what was learned; or it
  misses the evidence where that is known.
- **use**: it is better than every control by most measures of faithfulness, depends on what was
  learned, finds the evidence where that is known, and fails no other test.
- **use with care**: everything else: a test is open, or one fails that does not decide (stability,
  being hard to manipulate, agreement with the libraries).

What a test asks for is in `verdict_outcomes`. Noise passes the test of what was learned, and a
constant map the one of stability, so that neither says that a map is right: passing them is asked
for, and is not enough.

Where the evidence is planted, the order that the verdict gives without knowing it can be compared
with the truth's. Spearman's correlation of the two over 20 methods, on one training each and 20
images, was 0.42 on mnist_cnn-planted, 0.40 on simple_cnn-shapes and 0.59 on mobilenet_v2-shapes;
of the mean rank by the measures of faithfulness alone 0.62, 0.60 and 0.53; of the level alone 0.08,
0.04 and 0.56. So a level says which tests a method has passed on a network, not how near it comes
to the evidence: among methods that passed, the mean rank says more of that, and no substitute for
the truth is it either. The report has the first two numbers wherever the truth is known.

A network whose accuracy is not above chance has no verdict: there is nothing to explain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata, spearmanr

from heatproof.config.params import Params
from heatproof.statistics.known import known
from heatproof.storage import artifacts, paths
from heatproof.trust.beside_controls import FAITHFUL, TRUE
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import base
from heatproof.trust.registry import MEASURES
from heatproof.trust.verdict_outcomes import LEARNED, Outcome, outcomes_of

USE, CARE, AVOID = "use", "use with care", "do not use"
LEVELS = (USE, CARE, AVOID)
DECISIVE = (LEARNED, TRUE, FAITHFUL)  # in the order in which a reason is looked for
NEEDED = ("above_chance", "measures", "uninformative", "tests")  # of the metrics of `assess`
NOT_TOLD = {
    FAITHFUL: "No measure of faithfulness tells methods from controls on this network",
    LEARNED: "Whether its map depends on what was learned was not measured",
}


@dataclass(frozen=True)
class MethodVerdict:
    """What to do with a method's maps: one of `LEVELS`, a reason in a sentence, and its tests."""

    level: str
    reason: str
    tests: tuple[Outcome, ...]


@dataclass(frozen=True)
class CellVerdict:
    """A network's methods, those to use first.

    methods: name -> its verdict, in the order of the verdict. left_out: measures of faithfulness
    that took no part, since they rank a control above most methods. truth_correlation: Spearman's
    rank correlation between the order that the verdict would have without the truth and the one
    that the truth gives, NaN where it is not known. ranks_correlation: of the order by the mean
    rank alone, whatever the tests.
    """

    methods: Mapping[str, MethodVerdict]
    left_out: tuple[str, ...]
    truth_correlation: float
    ranks_correlation: float = float("nan")

    def of(self, level: str) -> list[str]:
        """Return the methods of a level, the best first."""
        return [name for name, each in self.methods.items() if each.level == level]

    def __str__(self) -> str:
        """One line for each method: its verdict and the reason."""
        return "\n".join(f"{n}: {each.level}. {each.reason}" for n, each in self.methods.items())


def read(study: Params, cell: str, folder: Path = Path()) -> CellVerdict | None:
    """Judge a cell's methods by what the stages wrote; None where not assessed, or at chance.

    Raises:
        UserError: a file is damaged, or older than the code.
    """
    return read_cell(cell, cell in study.shuffled, folder)


def read_cell(cell: str, shuffled: bool, folder: Path = Path()) -> CellVerdict | None:
    """Do as `read`, where all that is known of the study is whether the cell has shuffled labels.

    Raises:
        UserError: a file is damaged, or older than the code.
    """

    def metrics(stage: str, *keys: str) -> dict[str, Any]:
        there = (folder / paths.metrics(stage, cell)).exists()
        return artifacts.read_metrics(stage, cell, keys, folder) if there else {}

    assess = metrics("assess", *NEEDED)
    if not assess:
        return None
    if shuffled and (more := metrics("assess_shuffled", "measures")):
        assess["measures"] = assess["measures"] | more["measures"]
    return of_cell(assess, metrics("crosscheck"))


def of_cell(assess: Mapping[str, Any], crosscheck: Mapping[str, Any]) -> CellVerdict | None:
    """Judge a cell's methods; None where the network may have learned nothing.

    Args:
        assess: its metrics of the stage `assess`, with the measures of `assess_shuffled` among
            them where there are some.
        crosscheck: its metrics of the stage `crosscheck`; empty where there are none.
    """
    if not assess["above_chance"]:
        return None
    measures = assess["measures"]
    names = {n: None for by_method in measures.values() for n in by_method if n not in CONTROLS}
    tested = {name: outcomes_of(name, assess, crosscheck) for name in names}
    order = _ordered(tested, assess)
    correlations = _truth_correlations(tested, assess)
    return CellVerdict(
        methods={name: judged(tested[name]) for name in order},
        left_out=tuple(n for n in assess["uninformative"] if _of_faithfulness(n)),
        truth_correlation=correlations[0],
        ranks_correlation=correlations[1],
    )


def judged(tests: tuple[Outcome, ...]) -> MethodVerdict:
    """Apply the rule at the top to a method's tests, or to a control's."""
    by_name = {test.name: test for test in tests}
    failed = [test for test in tests if test.result == "failed"]
    decided = [by_name[name] for name in DECISIVE if name in by_name]
    if against := [test for test in decided if test.result == "failed"]:
        return MethodVerdict(AVOID, _sentence(against[0]), tests)
    missing = [name for name in (FAITHFUL, LEARNED) if name not in by_name]
    unsettled = [*failed, *(test for test in decided if test.result == "open")]
    if unsettled:
        return MethodVerdict(CARE, _sentence(unsettled[0]), tests)
    if missing:
        return MethodVerdict(CARE, f"{NOT_TOLD[missing[0]]}.", tests)
    return MethodVerdict(USE, _sentence(by_name[FAITHFUL]), tests)


def _sentence(test: Outcome) -> str:
    return f"{test.said[0].upper()}{test.said[1:]}."


def _ordered(tested: Mapping[str, tuple[Outcome, ...]], assess: Mapping[str, Any]) -> list[str]:
    """Order methods by verdict, then by their mean rank in the measures that took part."""
    ranks = _mean_ranks(list(tested), assess)
    levels = {name: LEVELS.index(judged(tests).level) for name, tests in tested.items()}
    return sorted(tested, key=lambda name: (levels[name], ranks[name], name))


def _mean_ranks(names: list[str], assess: Mapping[str, Any]) -> dict[str, float]:
    """Return each method's mean rank by the measures of faithfulness that took part, 1 the best."""
    ranks: dict[str, list[float]] = {name: [] for name in names}
    for measure in assess["tests"].get(FAITHFUL, {}).get("measures", ()):
        by_method, merit = assess["measures"].get(measure, {}), MEASURES[base(measure)].merit
        means = {n: by_method[n]["mean"] for n in names if n in by_method}
        there = [n for n, mean in means.items() if known(mean)]
        for name, rank in zip(there, rankdata([-merit(means[n]) for n in there]), strict=True):
            ranks[name].append(float(rank))
    last = len(names) + 1.0
    return {name: float(np.mean(each)) if each else last for name, each in ranks.items()}


def _truth_correlations(
    tested: Mapping[str, tuple[Outcome, ...]], assess: Mapping[str, Any]
) -> tuple[float, float]:
    """Compare with the truth's order a verdict's that does not know it, and that by mean rank."""
    if not (truths := assess["tests"].get(TRUE, {}).get("measures", ())):
        return float("nan"), float("nan")
    # Each of them a share from 0 to 1, so that their mean has a meaning.
    found = [np.mean([_mean(assess, measure, name) for measure in truths]) for name in tested]
    if np.isnan(found).any() or len(set(found)) < 2:
        return float("nan"), float("nan")
    unaware = {n: tuple(t for t in each if t.name != TRUE) for n, each in tested.items()}
    order, ranks = _ordered(unaware, assess), _mean_ranks(list(tested), assess)
    places = [order.index(name) for name in tested]
    return _correlation(places, found), _correlation([ranks[name] for name in tested], found)


def _correlation(places: list[Any], merits: list[Any]) -> float:
    """Correlate places, 1 the best, with merits; NaN where all places are the same."""
    if len(set(places)) < 2:
        return float("nan")
    return float(spearmanr(np.negative(places), merits).statistic)


def _mean(assess: Mapping[str, Any], measure: str, name: str) -> float:
    mean = assess["measures"].get(measure, {}).get(name, {}).get("mean")
    return mean if known(mean) else float("nan")


def _of_faithfulness(measure: str) -> bool:
    known_as = MEASURES[base(measure)]
    return known_as.group == "faithfulness" and known_as.shown
