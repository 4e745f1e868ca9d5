"""The assess stage: the sanity measure on a cell's stored attributions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages import artifacts
from stages.artifacts import Explanations
from stages.assess import assess_cell, one_an_image, summarised
from stages.errors import UserError
from stages.explain import explain_cell
from tests import small_cell

CELL = "simple_cnn-digits"
BLOCKS = {
    "explain": {"images": {"right_per_class": 2, "wrong_per_class": 1}},
    "assess": {
        "randomisation": {
            "images": 12,
            "methods": ["gradcam", "saliency"],
            "bootstrap_samples": 200,
        }
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_cell.write_params(CELL, **BLOCKS)
    small_cell.write_cell(CELL, 16, 1, mistaken=lambda p: np.arange(len(p)) % 2 == 1)
    return tmp_path


def test_the_measure_with_its_interval_and_control() -> None:
    explain_cell(CELL, "gradients")
    weights = artifacts.weights_path(CELL).read_bytes()
    assess_cell(CELL)
    metrics = artifacts.read_metrics("assess", CELL)
    assert set(metrics["sanity"]) == {"gradcam", "saliency"}
    for numbers in (*metrics["sanity"].values(), metrics["controls"]["random_map"]):
        assert numbers["images"] + numbers["constant_maps"] == 12
        low, mean, high = (numbers[f"spearman_{key}"] for key in ("low", "mean", "high"))
        assert -1 <= low <= mean <= high <= 1
    # 12 maps of 256 pixels each: three standard errors are 3 / sqrt(12 * 255).
    assert abs(metrics["controls"]["random_map"]["spearman_mean"]) < 0.06
    # Layers of simple_cnn with weights: two convolutions and the logits.
    assert [step["layers"] for step in metrics["cascade"]] == [1, 2, 3]
    assert metrics["layers"] == 3
    for method in ("gradcam", "saliency"):
        last = metrics["cascade"][-1][method]
        assert last == metrics["sanity"][method]["spearman_mean"] < 0.9
    assert artifacts.weights_path(CELL).read_bytes() == weights


def test_equal_runs_write_equal_bytes_and_another_seed_others() -> None:
    explain_cell(CELL, "gradients")
    written = []
    for seed in (1, 1, 2):
        small_cell.write_params(CELL, **BLOCKS, seed=seed)
        assess_cell(CELL)
        written.append(artifacts.metrics_path("assess", CELL).read_bytes())
    assert written[0] == written[1] != written[2]


def test_maps_that_say_nothing_are_left_out_and_counted() -> None:
    explain_cell(CELL, "gradients")
    rows = artifacts.read_explanations(CELL, "gradients")
    blank = np.zeros_like(rows.maps["saliency"])
    artifacts.write_explanations(
        CELL, "gradients", replace(rows, maps=rows.maps | {"saliency": blank})
    )
    assess_cell(CELL)
    metrics = artifacts.read_metrics("assess", CELL)
    assert metrics["sanity"]["saliency"] == {
        "spearman_mean": None,
        "spearman_low": None,
        "spearman_high": None,
        "images": 0,
        "constant_maps": 12,
    }
    assert {step["saliency"] for step in metrics["cascade"]} == {None}


def test_no_images_are_no_numbers() -> None:
    images = {"images": {"right_per_class": 0, "wrong_per_class": 1}}
    small_cell.write_params(CELL, **(BLOCKS | {"explain": images}))
    small_cell.write_cell(CELL, 16, 1, mistaken=lambda p: np.zeros(len(p), bool))
    explain_cell(CELL, "gradients")
    assess_cell(CELL)
    metrics = artifacts.read_metrics("assess", CELL)
    assert metrics["sanity"]["gradcam"]["images"] == 0
    assert metrics["sanity"]["gradcam"]["spearman_mean"] is None


def test_each_image_counts_once_evenly_spread() -> None:
    index = np.repeat(np.arange(10), 2)
    predicted = index % 3
    rows = Explanations(
        image_index=index,
        label=predicted,
        predicted=predicted,
        target=np.where(np.arange(20) % 2 == 0, predicted, predicted + 1),
        confidence=np.zeros(20, np.float32),
        images=np.zeros((20, 2, 2, 1), np.uint8),
        maps={"method": np.arange(20, dtype=np.float32)[:, None, None]},
        class_names=("a", "b", "c", "d"),
    )
    assert one_an_image(rows, 99).image_index.tolist() == list(range(10))
    few = one_an_image(rows, 4)
    assert few.image_index.tolist() == [0, 3, 6, 9]
    assert few.maps["method"].ravel().tolist() == [0, 6, 12, 18]


def test_a_summary_leaves_out_what_has_no_value() -> None:
    numbers = summarised(np.array([0.5, np.nan, 0.5]), samples=100, seed=0)
    assert numbers == {
        "spearman_mean": 0.5,
        "spearman_low": 0.5,
        "spearman_high": 0.5,
        "images": 2,
        "constant_maps": 1,
    }


def test_without_explanations_it_says_how_to_get_them() -> None:
    with pytest.raises(UserError, match=r"dvc repro explain_gradients@simple_cnn-digits"):
        assess_cell(CELL)


def test_an_unknown_cell_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        assess_cell("simple_cnn-digit")


def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    explain_cell(CELL, "gradients")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(UserError, match="assessing explanations needs TensorFlow"):
        assess_cell(CELL)
