"""A cell of a SavedModel through the stages: opened, explained, measured, or told why not."""

from pathlib import Path

import numpy as np
import pytest

from heatproof.attribution.core.method import GRADIENTS, LAYERS
from heatproof.attribution.explaining import explain
from heatproof.config import params
from heatproof.counterfactuals import counterfactual
from heatproof.evaluation.saved_network import open_network
from heatproof.features import features
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset, Predictions
from heatproof.trust import registry
from heatproof.trust.measuring import measure
from tests import overlay, stored
from tests.models import programs
from tests.scratch import shrunken_params
from tests.small_cell import explain_cell

CELL, NAMES = "bees-digits", ("a", "b", "c")
ENTRY = {"model": "bees", "dataset": "digits"}


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> params.Params:
    """A study of one cell, its network opened."""
    monkeypatch.chdir(tmp_path)
    model = programs.network()
    programs.saved_model(model, Path("net"))
    content = shrunken_params("simple_cnn-digits")
    content["models"] = {"bees": {"network": {"architecture": "saved", "file": "net"}}}
    content |= {"cells": {CELL: ENTRY}, "saved": {CELL: {**ENTRY, "file": "net"}}, "runs": {}}
    content["explain"] |= {
        "gradients": {"gradcam": {}, "saliency": {}}, "perturbation": {"occlusion": {}},
        "shapley": {"deep_shap": {}},
    }  # fmt: skip
    overlay.write(params.PARAMS, content)
    images = np.random.default_rng(0).integers(0, 256, (12, *programs.SIZE), dtype=np.uint8)
    predicted = np.asarray(model(images / np.float32(255))).argmax(axis=1)
    stored.write("digits", Dataset(images, predicted, images, predicted, NAMES))
    loaded = params.load()
    open_network(loaded, CELL)
    logits = programs.logits(model, images / np.float32(255))
    artifacts.write_predictions(CELL, Predictions(predicted, logits, NAMES))
    return loaded


def test_each_stage_says_what_it_cannot_do(study: params.Params) -> None:
    opened = artifacts.read_metrics("open", CELL)
    assert opened["right"] == 1 and "it is a SavedModel" in opened["done"][0]
    reason = "the network’s {} are needed, and a SavedModel gives nothing but predictions"
    for family in ("gradients", "perturbation"):
        explain_cell(CELL, family)
        measure(study, CELL, family)
    explained = artifacts.read_metrics("explain_gradients", CELL)["methods"]
    assert explained == {
        "saliency": {"unsupported": reason.format("gradients")},
        "gradcam": {"unsupported": reason.format("layers")},
    }
    assert list(artifacts.read_maps(CELL, ["perturbation"]).maps) == ["occlusion"]

    measured = artifacts.read_metrics("measure_perturbation", CELL)
    needing = {
        n: each.needs for n, each in registry.FAMILIES.items() if each.needs != "predictions"
    }
    assert set(needing) == {"randomisation", "randomised_entropy", "manipulation"}
    assert measured["unmeasured"] == {n: reason.format(needs) for n, needs in needing.items()}
    values = artifacts.read_trust(CELL, ["perturbation"])
    assert any(name.startswith("value/sensitivity_max/occlusion") for name in values)

    for family, module, needs in (
        ("features", features, LAYERS), ("counterfactual", counterfactual, GRADIENTS)
    ):  # fmt: skip
        explain(study, CELL, family, module.find, needs)
        found = artifacts.read_metrics(f"explain_{family}", CELL)
        assert found == {"unsupported": reason.format(needs)}
    assert paths.metrics("train", CELL).exists(), "stages depend on the folder"
