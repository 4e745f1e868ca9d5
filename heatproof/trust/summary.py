"""What a table of per-image values comes to: means, intervals, ranks, uninformative measures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from heatproof.statistics.bootstrap import summary
from heatproof.storage.records import Explanations
from heatproof.trust.agreement import agreement, mean_matrix
from heatproof.trust.controls import CONTROLS, above_most
from heatproof.trust.measure import BASELINES, Result, Table, base
from heatproof.trust.ranking import ranking
from heatproof.trust.registry import MEASURES


def summaries(table: Table, samples: int, seed: int) -> dict[str, dict[str, Any]]:
    """Give each measure's mean, its 95 % interval and the number of images, by method and control.

    Images without a value (NaN) are left out, and `images` is how many had one.
    """
    return {
        measure: {method: summary(values, samples, seed) for method, values in by_method.items()}
        for measure, by_method in table.items()
    }


def uninformative(summarised: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the measures that rank a control above most methods, and which controls they are."""
    flagged = {}
    for name, by_method in summarised.items():
        measure = MEASURES[base(name)]
        if measure.better is None:
            continue
        merits = {method: measure.merit(each["mean"]) for method, each in by_method.items()}
        above = [control for control in above_most(merits) if control in measure.controls]
        if above:
            flagged[name] = above
    return flagged


def rankings(table: Table, samples: int, seed: int) -> dict[str, dict[str, Any]]:
    """Rank the methods under each baseline of each measure that has several; controls left out."""
    ranked = {}
    for measure in (each for each in MEASURES.values() if each.per_baseline):
        variants = {
            name.partition("/")[2]: {m: v for m, v in by_method.items() if m not in CONTROLS}
            for name, by_method in table.items()
            if base(name) == measure.name and name.partition("/")[2] in BASELINES
        }
        if variants and measure.better:
            ranked[measure.name] = ranking(variants, measure.better, samples, seed)
    return ranked


def agreements(maps: dict[str, np.ndarray]) -> dict[str, Any]:
    """Average the agreement of every pair of methods over the images; see `agreement`."""
    return {"methods": list(maps)} | {
        resolution: {name: mean_matrix(values) for name, values in each.items()}
        for resolution, each in agreement(maps).items()
    }


def stored(rows: Explanations, result: Result) -> dict[str, np.ndarray]:
    """Return a result as it is stored, and of which images it is; `table` reads it back.

    The values are `value/<measure>/<method>`, float64, as they were measured.
    """
    arrays = {name: getattr(rows, name) for name in ("image_index", "label", "predicted")}
    for measure, by_method in result.values.items():
        arrays |= {f"value/{measure}/{method}": each for method, each in by_method.items()}
    return arrays | result.curves


def table(arrays: Mapping[str, np.ndarray]) -> Table:
    """Return the per-image values among stored arrays, methods before controls."""
    values: Table = {}
    for name in sorted(arrays, key=lambda name: name.rpartition("/")[2] in CONTROLS):
        kind, _, rest = name.partition("/")
        if kind == "value":
            measure, _, method = rest.rpartition("/")
            values.setdefault(measure, {})[method] = arrays[name]
    return values
