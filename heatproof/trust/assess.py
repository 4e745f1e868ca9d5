"""What all measures of a cell's attributions come to, those of every family side by side."""

from collections.abc import Sequence
from typing import Any

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.params import Params
from heatproof.evaluation import remarks
from heatproof.run import tracking
from heatproof.storage import artifacts, paths
from heatproof.trust import checks, summary, verdict
from heatproof.trust.assessment import one_per_image
from heatproof.trust.beside_controls import beside_controls
from heatproof.trust.controls import CONTROLS

NEEDED = ("mask", "slow_images", "slow_methods")  # of each family's metrics


def assess(study: Params, cell: str) -> None:
    """Summarise and rank what `measuring.measure` wrote of each family; write the metrics.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    study.cell(cell)
    accuracy = artifacts.read_metrics("evaluate", cell, remarks.NEEDED)
    meaningful = remarks.above_chance(accuracy)
    options, seed = study.assess, study.seed
    rows = one_per_image(artifacts.read_maps(cell, STAGE_FAMILIES), options.images, seed)
    table = summary.table(artifacts.read_trust(cell, STAGE_FAMILIES))
    measured = [
        artifacts.read_metrics(f"measure_{family}", cell, NEEDED) for family in STAGE_FAMILIES
    ]
    slow = [name for each in measured for name in each.pop("slow_methods")]
    joined = _joined(measured)
    used = {"seed": seed, "assess": options}
    with tracking.run("assess", cell, used) as run:
        summaries = summary.summaries(table, options.bootstrap_samples, seed)
        uninformative = summary.uninformative(summaries)
        tests = beside_controls(
            table, uninformative, joined["mask"], options.bootstrap_samples, seed
        )
        right = int((rows.label == rows.predicted).sum())
        metrics = {
            "images": len(rows.target),
            "right_images": right,
            "wrong_images": len(rows.target) - right,
            "slow_methods": {"images": joined.pop("slow_images"), "methods": slow},
            "mask": joined.pop("mask"),
            # Maps of a network that may have learned nothing can pass checks, and show nothing.
            "above_chance": meaningful,
            "trust": checks.trust(summaries) if meaningful else None,
            "measures": summaries,
            "uninformative": uninformative,
            "tests": tests,
            "ranking": summary.rankings(table, options.bootstrap_samples, seed),
            "agreement": summary.agreements(rows.maps),
            **joined,
        }
        metrics["methods_to_use"] = _to_use(metrics, cell)
        artifacts.write_metrics("assess", cell, metrics)
        print(f"{cell}: {len(summaries)} measures of {len(rows.maps)} methods", flush=True)
        if not meaningful:
            print(f"{cell}: no verdict: its accuracy is not above chance", flush=True)
        run.log_results(metrics, paths.metrics("assess", cell))
        run.log_headline({name: metrics[name] for name in artifacts.HEADLINES["assess"]})


def _to_use(metrics: dict[str, Any], cell: str) -> int | None:
    """Count the methods whose verdict is to use them, shuffled labels left out; None at chance.

    Of how many that is, and which, the report says: it adds what a few cells have of a network
    trained on shuffled labels, which no stage of every cell can depend on.
    """
    there = paths.metrics("crosscheck", cell).exists()
    found = verdict.of_cell(metrics, artifacts.read_metrics("crosscheck", cell) if there else {})
    return len(found.of(verdict.USE)) if found else None


def _joined(parts: Sequence[Any]) -> Any:
    """Join what families have by method, at any depth, controls last; all else is the same."""
    first = parts[0]
    if isinstance(first, dict):
        names = sorted(dict.fromkeys(n for part in parts for n in part), key=CONTROLS.__contains__)
        return {name: _joined([part[name] for part in parts if name in part]) for name in names}
    if isinstance(first, list):
        return [_joined(each) for each in zip(*parts, strict=True)]
    return first
