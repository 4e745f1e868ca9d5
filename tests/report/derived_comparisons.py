"""What the stages leave of a derived network, made up for a page."""

from typing import Any

from heatproof.comparisons.map_agreement import MEASURES
from heatproof.comparisons.maps_elsewhere import SOURCES
from heatproof.comparisons.network_maps import PAIRS
from heatproof.report.derived_results import DerivedResults
from heatproof.storage import artifacts

ORIGIN = "simple_cnn-digits"
MADE = {
    "origin": ORIGIN, "by": "quantise", "done": ["rounded to <4> bits"], "stored_bytes": 1000,
    "origin_bytes": 4000, "parameters": 1000, "epochs": 0, "val_accuracy": 0.9,
    "origin_val_accuracy": 0.9, "figures": {"kernels": 3, "kernels_of_program": 3},
}  # fmt: skip


def summary(mean: float | None, half: float = 0.05, images: int = 100) -> dict[str, Any]:
    ends = (None, None) if mean is None else (mean - half, mean + half)
    return {"mean": mean, "low": ends[0], "high": ends[1], "images": images}


def pairs(same: float | None, other: float = 0.2, randomised: float = 0.1) -> dict[str, Any]:
    """Return agreement by pair of networks, the same by every measure."""
    means = dict(zip(PAIRS, (same, other, randomised), strict=True))
    return {pair: {measure: summary(mean) for measure in MEASURES} for pair, mean in means.items()}


def gaps(origin: float, old: float, own: float, randomised: float) -> dict[str, Any]:
    means = dict(zip(SOURCES, (origin, old, own, randomised), strict=True))
    found = {source: summary(mean, 0.02) for source, mean in means.items()}
    return found | {"lost": summary(own - old, 0.02)}


def compared(
    agreement: float | None = 0.9,
    difference: float = -0.001,
    p: float = 0.4,
    stored: int = 1000,
    faithful: tuple[float, float, float, float] = (0.5, 0.5, 0.5, 0.1),
) -> dict[str, Any]:
    """Return the metrics of `compare_derived`."""
    of_maps, of_gaps = pairs(agreement), gaps(*faithful)
    return {
        "by": "quantise", "origin": ORIGIN, "accuracy": 0.95 + difference, "origin_accuracy": 0.95,
        "accuracy_test": {"difference": difference, "low": difference - 0.002,
                          "high": difference + 0.002, "p": p},
        "accuracy_difference": difference, "ece": 0.02, "origin_ece": 0.01,
        "stored_bytes": stored, "origin_bytes": 4000, "times_smaller": 4000 / stored,
        "parameters": 1000, "origin_parameters": 1000, "flops": 50_000, "origin_flops": 50_000,
        "activation_bytes": 2000, "origin_activation_bytes": 8000, "images": 100,
        "same_prediction": 98, "faithful_images": 20, "unsupported": {},
        "randomised_agreement": of_maps["randomised"]["spearman"]["mean"],
        "maps": {"methods": {"gradcam": of_maps}, "overall": of_maps},
        "faithful": {"methods": {"gradcam": of_gaps}, "overall": of_gaps},
    }  # fmt: skip


def trainings(agreement: float = 0.5) -> dict[str, Any]:
    """Return the metrics of `compare_runs`."""
    of_maps = pairs(agreement)
    return {
        "filters": {}, "images": 100, "same_prediction": 97, "unsupported": {},
        "maps": {"methods": {"gradcam": of_maps}, "overall": of_maps},
    }  # fmt: skip


def lists(cells: dict[str, dict[str, str]], *derived: str) -> dict[str, Any]:
    """Return what lists cells that are derived from `ORIGIN`, and a second training of it."""
    origin, run = cells[ORIGIN], f"{ORIGIN}-seed43"
    reads = {"origin": ORIGIN, "reads": "data/code/derive.txt"}
    return {
        "derived": {name: cells[name] | reads for name in derived},
        "runs": {run: origin | {"seed": 43}},
        "compared": {ORIGIN: origin | {"run": run}},
    }


def write(networks: dict[str, dict[str, Any]]) -> None:
    """Write what is left of derived cells, each with its metrics of `compare_derived`."""
    for cell, metrics in networks.items():
        artifacts.write_metrics("derive", cell, MADE)
        artifacts.write_metrics("compare_derived", cell, metrics)
        artifacts.write_timing("compare_derived", cell, {"litert_single_times_faster": 1.5})
    artifacts.write_metrics("compare_runs", ORIGIN, trainings())


def result(
    metrics: dict[str, Any] | None = None,
    yardstick: dict[str, Any] | None = None,
    model: str = "small",
    origin: str = ORIGIN,
) -> DerivedResults:
    """Return a derived network on digits; compared unless `metrics` is empty."""
    return DerivedResults(
        f"{model}-digits", model, "digits", origin, ORIGIN, True, {"done": ["rounded"]},
        compared() if metrics is None else metrics,
        trainings() if yardstick is None else yardstick,
    )  # fmt: skip
