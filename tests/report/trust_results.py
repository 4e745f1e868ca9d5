"""What assess, published_sanity and claims leave, from drawn per-image values.

The metrics are made from the values by the stage's own summaries, so that they have its form and
agree with each other.
"""

from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.storage import artifacts, paths
from heatproof.storage.formats import write_record
from heatproof.storage.records import Explanations
from heatproof.trust import summary
from heatproof.trust.beside_controls import beside_controls
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import Table
from heatproof.trust.registry import MEASURES

METHODS = ("gradcam", "saliency", "lime")
SLOW = ("lime",)
FEW = 2
REMADE = ("randomised", "independent", "smooth", "entropy_rise", "shuffled", "sensitivity", "shift")
BASELINES = ("black", "mean", "blurred")
PERTURBED = ("deletion_logit", "deletion_probability", "insertion_logit", "insertion_probability")
VARIANTS = dict.fromkeys((*PERTURBED, "morf_lerf_gap"), BASELINES)
VARIANTS["infidelity"] = (*BASELINES, "noise")
LOCALISATION = tuple(name for name, each in MEASURES.items() if each.group == "truth")
SAMPLES = 50  # of the bootstrap: few, for speed
POINTS = 5


def table(
    rng: np.random.Generator, images: int, methods: tuple[str, ...], mask: str | None
) -> Table:
    """Draw every measure's values: the earlier a method, the better, and controls the worst."""
    made: Table = {}
    for base, measure in MEASURES.items():
        side = measure.better
        if not measure.controls:  # measured of some methods alone
            continue
        if side is None or base.startswith("shuffled") or (base in LOCALISATION and mask is None):
            continue
        for variant in VARIANTS.get(base, ("",)):
            measure = f"{base}/{variant}" if variant else base
            made[measure] = {
                name: _values(rng, place, images, side, base, name)
                for place, name in enumerate((*methods, *CONTROLS))
            }
    return made


def _values(
    rng: np.random.Generator, place: int, images: int, side: str, base: str, name: str
) -> np.ndarray:
    few = name in SLOW and base.startswith(REMADE)
    good = 0.9 * 0.8**place
    values = (good if side == "higher" else 1 - good) + rng.normal(0, 0.02, images)
    return values[: min(FEW, images)] if few else values


def metrics(
    made: Table, hits: np.ndarray, methods: tuple[str, ...], mask: str | None, seed: int
) -> dict[str, Any]:
    """Summarise a table as assess does; `hits` says which images were answered right."""
    summarised = summary.summaries(made, SAMPLES, seed)
    uninformative = summary.uninformative(summarised)
    likeness = np.full((len(methods), len(methods)), 0.25)
    np.fill_diagonal(likeness, 1)
    likeness[0, -1] = likeness[-1, 0] = -0.5
    alike = {"spearman": likeness, "overlap": np.abs(likeness)}

    def step(layers: int) -> dict[str, Any]:
        values = {m: 0.9 ** (layers * (i + 1)) for i, m in enumerate((*methods, *CONTROLS))}
        return {
            "layers": layers,
            "layer": f"conv_{layers}",
            "spearman": values | {"constant": None},
            "ssim": values,
        }

    return {
        "images": len(hits),
        "right_images": int(hits.sum()),
        "wrong_images": int((~hits).sum()),
        "slow_methods": {"images": FEW, "methods": [m for m in methods if m in SLOW]},
        "mask": mask,
        "above_chance": True,
        **({"masks": {"images": len(hits) - 1, "share": 0.25}} if mask else {}),
        "measures": summarised,
        "uninformative": uninformative,
        "tests": beside_controls(made, uninformative, mask, SAMPLES, seed),
        "ranking": summary.rankings(made, SAMPLES, seed),
        "agreement": {"methods": list(methods), "full": alike, "grid": alike},
        "cascade": [step(layers) for layers in (1, 2, 3, 4)],
        "independent": [step(layers) for layers in (1, 2, 3, 4)],
    }


def write_cell(
    params: Params,
    name: str,
    explained: Explanations,
    mask: str | None = None,
    methods: tuple[str, ...] = METHODS,
) -> None:
    """Write a cell's assess metrics, its per-image values and curves, and what methods cost."""
    rng = np.random.default_rng(sum(name.encode()) + 1)
    kept = explained.target == explained.predicted
    label, predicted = explained.label[kept], explained.predicted[kept]
    made = table(rng, int(kept.sum()), methods, mask)
    content = metrics(made, label == predicted, methods, mask, params.seed)
    artifacts.write_metrics("assess", name, content)
    fractions = np.linspace(0, 1, POINTS, dtype=np.float32)
    curves = {
        f"curve/{number}/{baseline}/{method}": (1 - fractions) ** (place + 1)
        for number in ("deletion_probability", "insertion_probability")
        for baseline in BASELINES
        for place, method in enumerate((*methods, *CONTROLS))
    }
    values = {
        f"value/{measure}/{method}": each.astype(np.float32)
        for measure, by_method in made.items()
        for method, each in by_method.items()
    }
    shown = {"image_index": explained.image_index[kept], "label": label, "predicted": predicted}
    arrays = shown | curves | {"fractions": fractions}
    artifacts.write_trust(name, "gradients", arrays | values)
    for family in ("perturbation", "shapley"):
        artifacts.write_trust(name, family, arrays)
    for place, method in enumerate(methods):
        family = "perturbation" if method == "lime" else "gradients"
        known = artifacts.read_timing(f"explain_{family}", name)
        cost = {f"{method}_ms_per_image": 0.4 * 5.0**place}
        artifacts.write_timing(f"explain_{family}", name, known | cost)


def write_published(name: str) -> None:
    """Write the published table's figures of a cell."""
    scores = {"saliency": 0.08, "gradient": 0.08, "gradcam": 0.2, "smoothgrad": 0.1}
    scores |= {"integrated_gradients_black": 0.9, "random": 0.001}
    methods = {
        method: {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "last": mean / 2,
                 "per_layer": [mean] * 3, "per_draw": [mean - 0.02, mean + 0.02]}
        for method, mean in scores.items()
    }  # fmt: skip
    layers = ["logits", "conv_2", "conv_1"]
    artifacts.write_metrics(
        "published_sanity",
        name,
        {"images": 1000, "draws": 2, "layers": layers, "methods": methods},
    )


def write_claims(budget: str, *cells: str) -> None:
    """Write a scorecard of two claims on these cells."""
    one = {
        "source": "one", "statement": "It is accurate", "subject": None, "cells": list(cells),
        "published": {"text": "0.99", "low": 0.99, "high": 0.99},
        "measured": {"text": "0.93", "interval": "0.92 to 0.94", "value": 0.93, "low": None,
                     "high": None},
        "as_published": True, "device": None, "sentence": "",
    }  # fmt: skip
    claims = [
        one | {"id": "a", "kind": "accuracy", "verdict": "does not hold"},
        one | {"id": "b", "kind": "statement", "verdict": "holds"},
    ]
    sources = {"one": {"title": "A study", "note": ""}}
    content = {"budget": budget, "counts": {}, "sources": sources, "claims": claims}
    write_record(paths.CLAIMS, content, "claims")
