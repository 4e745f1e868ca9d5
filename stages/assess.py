"""Measure whether a cell's explanations can be believed. `python -m stages.assess --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.assess", uses="tensorflow", check="heatproof.config.params:load")

import argparse
import time

import numpy as np

from heatproof.config import params
from heatproof.run import tracking
from heatproof.storage import artifacts
from heatproof.storage.records import Explanations
from heatproof.trust import checks, examination, summary
from heatproof.trust.agreement import agreement
from heatproof.trust.measures import base
from heatproof.trust.subject import prepared


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how far explanations can be believed.")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    assess_cell(parser.parse_args().cell)


def assess_cell(cell: str) -> None:
    """Put a cell's maps to every test; write per-image values, metrics and timing.

    Raises:
        UserError: the cell is unknown, an earlier stage's file is missing or does not fit, or Keras
            runs on another backend than TensorFlow.
    """
    study = params.load()
    options, seed = study.assess, study.seed
    assessed = prepared(study, cell)
    rows, subject, model = assessed.rows, assessed.subject, assessed.model
    used = {"seed": seed, "threads": study.threads, "assess": options}
    with tracking.run(stage="assess", cell=cell, params=used) as run:
        watch = _Watch()
        table, curves = examination.of_maps(subject, assessed.network.logits, options, seed)
        watch.lap("faithfulness")
        cheap = [name for name in assessed.methods if name not in assessed.dear]
        originals = assessed.originals()
        forgetting, cascade, independent = examination.of_weights(
            model, assessed.explaining, originals, cheap, subject, options, seed
        )
        watch.lap("sanity")
        table |= forgetting
        table |= examination.of_images(
            assessed.explaining(model), originals, subject, options, seed
        )
        watch.lap("robustness")
        right = int((rows.label == rows.predicted).sum())
        summarised = summary.summaries(table, options.bootstrap_samples, seed)
        metrics = {
            "images": len(rows.target),
            "right_images": right,
            "wrong_images": len(rows.target) - right,
            "few": {"images": assessed.few, "methods": list(assessed.dear)},
            "mask": assessed.mask,
            "trust": checks.trust(summarised),
            "measures": summarised,
            "uninformative": summary.flagged(summarised),
            "ranking": summary.rankings(table, options.bootstrap_samples, seed),
            "agreement": summary.agreements(
                agreement({name: rows.maps[name] for name in assessed.methods})
            ),
            "cascade": summary.curve(cascade),
            "independent": summary.curve(independent),
        }
        artifacts.write_trust(cell, values(rows, table) | _kept(curves))
        artifacts.write_metrics("assess", cell, metrics)
        artifacts.write_timing("assess", cell, watch.laps)
        said = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in watch.laps.items())
        print(f"{cell}: {len(table)} measures of {len(subject.maps)} maps: {said}", flush=True)
        run.log_metrics(tracked(summarised) | watch.laps)


def values(rows: Explanations, table: examination.Table) -> dict[str, np.ndarray]:
    """Return the per-image values as they are stored, `value/<measure>/<method>`, and of which."""
    found = {
        f"value/{measure}/{method}": each.astype(np.float32)
        for measure, by_method in table.items()
        for method, each in by_method.items()
    }
    return {name: getattr(rows, name) for name in ("image_index", "label", "predicted")} | found


def _kept(curves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name if name == "fractions" else f"curve/{name}": c for name, c in curves.items()}


def tracked(summarised: dict[str, dict[str, dict[str, float]]]) -> dict[str, float]:
    """Return the means for the experiment tracker, without the variants of baselines."""
    first = {base(measure): measure for measure in reversed(summarised)}
    return {
        f"{name}.{method}": said["mean"]
        for name, measure in first.items()
        for method, said in summarised[measure].items()
        if not np.isnan(said["mean"])
    }


class _Watch:
    """Seconds of each part."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[f"{name}_seconds"] = round(now - self._last, 3)
        self._last = now
