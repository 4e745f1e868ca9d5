"""Every measure of a cell's attributions: per-image values, their summaries, durations."""

import time

import numpy as np

from heatproof.config.params import Params
from heatproof.run import tracking
from heatproof.storage import artifacts
from heatproof.trust import checks, summary
from heatproof.trust.measure import Result
from heatproof.trust.preparation import prepare
from heatproof.trust.registry import FAMILIES


def assess(study: Params, cell: str) -> None:
    """Put a cell's maps to every test; write per-image values, metrics and timing.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    options, seed = study.assess, study.seed
    assessment = prepare(study, cell)
    rows = assessment.rows
    used = {"seed": seed, "threads": study.threads, "assess": options}
    with tracking.run(stage="assess", cell=cell, params=used) as run:
        result, timing = Result({}), {}
        for name, family in FAMILIES.items():
            family_options = getattr(options.measures, name, None)
            if family_options is not None:
                started = time.monotonic()
                taken = family.take(assessment, family_options)
                timing[f"{name}_seconds"] = round(time.monotonic() - started, 3)
                result = Result(
                    result.values | taken.values,
                    result.curves | taken.curves,
                    result.metrics | taken.metrics,
                )
        summaries = summary.summaries(result.values, options.bootstrap_samples, seed)
        right = int((rows.label == rows.predicted).sum())
        metrics = {
            "images": len(rows.target),
            "right_images": right,
            "wrong_images": len(rows.target) - right,
            "slow_methods": {"images": assessment.slow_images, "methods": list(assessment.slow)},
            "mask": assessment.masks_are,
            "trust": checks.trust(summaries),
            "measures": summaries,
            "uninformative": summary.uninformative(summaries),
            "ranking": summary.rankings(result.values, options.bootstrap_samples, seed),
            "agreement": summary.agreements({name: rows.maps[name] for name in assessment.methods}),
            **result.metrics,
        }
        artifacts.write_trust(
            cell, summary.stored_values(rows, result.values) | _stored(result.curves)
        )
        artifacts.write_metrics("assess", cell, metrics)
        artifacts.write_timing("assess", cell, timing)
        parts = ", ".join(
            f"{part.removesuffix('_seconds')} {s:.0f} s" for part, s in timing.items()
        )
        print(
            f"{cell}: {len(summaries)} measures of {len(assessment.maps)} maps: {parts}",
            flush=True,
        )
        run.log_metrics(summary.tracked_means(summaries) | timing)


def _stored(curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name if name == "fractions" else f"curve/{name}": c for name, c in curves.items()}
