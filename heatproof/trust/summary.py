"""What a table of per-image values comes to: means, intervals, ranks, and what says nothing."""

from typing import Any

from heatproof.statistics.bootstrap import known_mean, summary
from heatproof.trust.agreement import Agreement, mean_matrix
from heatproof.trust.controls import NAMES, uninformative
from heatproof.trust.examination import Table
from heatproof.trust.infidelity import NOISE
from heatproof.trust.measures import RANKED, base, better, by_size
from heatproof.trust.randomisation import Step
from heatproof.trust.ranking import Ranking, ranking


def summaries(table: Table, samples: int, seed: int) -> dict[str, dict[str, Any]]:
    """Give each measure's mean, its 95 % interval and the number of images, by method and control.

    Images without a value (NaN) are left out, and `images` is how many had one.
    """
    return {
        measure: {method: summary(values, samples, seed) for method, values in by_method.items()}
        for measure, by_method in table.items()
    }


def flagged(summarised: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the measures that rank a control above most methods, and which controls they are."""
    found = {}
    for measure, by_method in summarised.items():
        side = better(measure)
        means = {
            name: abs(said["mean"]) if by_size(measure) else said["mean"]
            for name, said in by_method.items()
        }
        above = side and uninformative(
            {name: mean for name, mean in means.items() if name not in NAMES},
            {name: mean for name, mean in means.items() if name in NAMES},
            side,
        )
        if above:
            found[measure] = above
    return found


def rankings(table: Table, samples: int, seed: int) -> dict[str, dict[str, Any]]:
    """Rank the methods under each baseline of each measure that has several; controls left out."""
    found = {}
    for measure in RANKED:
        variants = {
            name.partition("/")[2]: {m: v for m, v in by_method.items() if m not in NAMES}
            for name, by_method in table.items()
            if base(name) == measure and not name.endswith(f"/{NOISE}")
        }
        direction = better(measure)
        if variants and direction:
            found[measure] = _ranking(ranking(variants, direction, samples, seed))
    return found


def _ranking(found: Ranking) -> dict[str, Any]:
    return {
        "baselines": {
            baseline: {
                method: {"rank": ranks.rank[method], "low": ranks.low[method],
                         "high": ranks.high[method]}
                for method in ranks.rank
            }
            for baseline, ranks in found.ranks.items()
        },
        "tau": {"/".join(pair): tau for pair, tau in found.tau.items()},
        "survives": found.survives,
    }  # fmt: skip


def agreements(found: dict[str, Agreement]) -> dict[str, Any]:
    """Average the agreement of every pair of methods over the images."""
    methods = next(iter(found.values())).methods
    return {"methods": list(methods)} | {
        resolution: {
            "spearman": mean_matrix(each.spearman),
            "overlap": mean_matrix(each.overlap),
        }
        for resolution, each in found.items()
    }


def curve(steps: list[Step]) -> list[dict[str, Any]]:
    """Give the mean similarity after each step of randomisation, by method."""
    return [
        {"layers": len(step.layers), "layer": step.layers[-1]}
        | {
            number: {
                method: known_mean(values[number]) for method, values in step.similarity.items()
            }
            for number in ("spearman", "ssim")
        }
        for step in steps
    ]
