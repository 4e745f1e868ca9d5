"""The explain stage: from a trained cell's files to attributions, metrics and timing."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from heatproof.attribution import registry
from heatproof.run import tracking
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, weights
from heatproof.storage.records import Predictions
from tests import overlay, small_cell
from tests.scratch import real_params, shrunken_params
from tests.small_cell import explain_cell

GRAY, COLOUR = "simple_cnn-digits", "baseline_cnn-cifar10"
IMAGES = {"images": {"right_per_class": 2, "wrong_per_class": 1}}
# Of a network without attention between tokens.
GRADIENTS = {
    name
    for name in real_params()["explain"]["gradients"]
    if registry.methods()[name].needs != "attention"
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_cell.write_params(GRAY, COLOUR, explain=IMAGES)
    return tmp_path


def only(cell: str, *methods: str) -> None:
    """Write parameters with a cell and these methods alone, where others would say the same."""
    content = shrunken_params(cell)
    content["explain"] |= IMAGES
    content["explain"]["gradients"] = {method: {} for method in methods}
    overlay.write(Path("params.yaml"), content)


def half(predicted: np.ndarray) -> np.ndarray:
    return np.arange(len(predicted)) % 2 == 1


@pytest.mark.parametrize(("cell", "side", "channels"), [(GRAY, 16, 1), (COLOUR, 12, 3)])
def test_right_and_wrong_images_are_explained(cell: str, side: int, channels: int) -> None:
    small_cell.write_cell(cell, side, channels, mistaken=half)
    started = time.monotonic()
    explain_cell(cell, "gradients")
    took = time.monotonic() - started

    rows = artifacts.read_explanations(cell, "gradients")
    dataset = artifacts.read_dataset(cell.split("-")[1])
    predictions = artifacts.read_predictions(cell)
    count = len(rows.target)
    assert set(rows.maps) == GRADIENTS
    for maps in rows.maps.values():
        assert maps.shape == (count, side, side)
        assert maps.any()
        # Raw: on the logits' own scale, not stretched to 0..1 map by map.
        assert len(np.unique(maps.max(axis=(1, 2)))) > 5
    np.testing.assert_array_equal(rows.images, dataset.test_images[rows.image_index])
    np.testing.assert_array_equal(rows.label, predictions.labels[rows.image_index])
    np.testing.assert_array_equal(rows.predicted, predictions.predicted[rows.image_index])
    np.testing.assert_allclose(rows.confidence, predictions.confidence[rows.image_index], 1e-6)
    wrong = rows.label != rows.predicted
    assert (rows.target == rows.predicted)[~wrong].all()
    assert ((rows.target == rows.predicted) | (rows.target == rows.label)).all()

    metrics = artifacts.read_metrics("explain_gradients", cell)
    assert metrics["rows"] == count
    assert metrics["wrong_images"] == wrong.sum() / 2 > 1
    assert metrics["right_images"] == (~wrong).sum() > 1
    zeros = (rows.maps["gradcam"] == 0).all(axis=(1, 2)).sum()
    gradcam = metrics["methods"]["gradcam"]
    assert gradcam["zero_maps"] == zeros and {"below_zero", "gradient_kept"} < gradcam.keys()
    assert metrics["layers"] == dict.fromkeys(
        ("ablation_cam", "gradcam", "gradcam_plus_plus", "hirescam", "layercam"), "conv2_relu"
    )
    error = rows.numbers["integrated_gradients_black"]["completeness_error"]
    said = metrics["methods"]["integrated_gradients_black"]["completeness_error"]
    assert said["max"] == pytest.approx(error.max(), abs=1e-6)
    assert said["min"] <= said["median"] <= said["max"]
    timing = artifacts.read_timing("explain_gradients", cell)
    assert set(timing) == {f"{method}_ms_per_image" for method in GRADIENTS}
    assert min(timing.values()) > 0
    assert sum(timing.values()) * count / 1000 < took


def test_the_maps_are_those_of_the_cells_weights() -> None:
    small_cell.write_cell(GRAY, 16, 1, mistaken=half)
    explain_cell(GRAY, "gradients")
    before = artifacts.read_explanations(GRAY, "gradients").maps
    written = paths.explanations(GRAY, "gradients").read_bytes()
    explain_cell(GRAY, "gradients")
    assert paths.explanations(GRAY, "gradients").read_bytes() == written

    from heatproof.config import params
    from heatproof.models.build import build_model

    model = build_model(params.load().run(GRAY), (16, 16, 1), 10)
    weights.load(GRAY, model)
    model.get_layer("logits").set_weights(
        [3 * weight for weight in model.get_layer("logits").get_weights()]
    )
    weights.save(GRAY, model)
    explain_cell(GRAY, "gradients")
    after = artifacts.read_explanations(GRAY, "gradients").maps
    for method, maps in before.items():
        if method == "gradcam_plus_plus":  # its weights are ratios of powers of the gradient
            continue
        # A variance grows with the square; and what is rounded away is as large as the largest.
        factor = 9 if method == "vargrad" else 3
        np.testing.assert_allclose(
            after[method], factor * maps, rtol=1e-4, atol=1e-5 * np.abs(maps).max(), err_msg=method
        )


@pytest.mark.parametrize("wrong", [False, True])
def test_a_network_that_never_errs_or_always(wrong: bool) -> None:
    only(GRAY, "saliency")
    small_cell.write_cell(GRAY, 16, 1, mistaken=lambda predicted: np.full(len(predicted), wrong))
    explain_cell(GRAY, "gradients")
    metrics = artifacts.read_metrics("explain_gradients", GRAY)
    images = metrics["wrong_images" if wrong else "right_images"]
    assert metrics["right_images" if wrong else "wrong_images"] == 0
    assert metrics["rows"] == images * (2 if wrong else 1) > 0


def test_nothing_to_explain_is_an_empty_file() -> None:
    images = {"images": {"right_per_class": 0, "wrong_per_class": 1}}
    small_cell.write_params(GRAY, explain=images)
    small_cell.write_cell(GRAY, 16, 1, mistaken=lambda predicted: np.zeros(len(predicted), bool))
    explain_cell(GRAY, "gradients")
    rows = artifacts.read_explanations(GRAY, "gradients")
    assert rows.maps["gradcam"].shape == (0, 16, 16)
    assert artifacts.read_metrics("explain_gradients", GRAY)["rows"] == 0


def test_the_run_is_tracked_with_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, object] = {}

    class Recorder(tracking.Run):
        is_tracked = True

        def log_metrics(self, values, step=0) -> None:
            logged.update(values)

        def _log_file(self, name, write) -> None:
            write(Path(name))

        def log_figure(self, figure, name) -> None:
            figure.savefig("panel.png")
            logged[name] = [len(axes.get_xticks()) for axes in figure.axes]

    monkeypatch.setattr(tracking, "Run", Recorder)
    only(COLOUR, "gradcam", "saliency")
    small_cell.write_cell(COLOUR, 12, 3, mistaken=half)
    explain_cell(COLOUR, "gradients")
    assert logged["rows"] == artifacts.read_metrics("explain_gradients", COLOUR)["rows"]
    assert json.loads(Path("metrics.json").read_text())["methods"]["gradcam"]["zero_maps"] == 0
    assert "saliency_ms_per_image" in json.loads(Path("timing.json").read_text())
    assert logged["gradients.png"] == 8 * [1 + 2]
    assert 10_000 < Path("panel.png").stat().st_size < 900_000


def test_an_unknown_family_suggests_the_nearest(folder: Path) -> None:
    """As a user sees it: one line on stderr, exit code 2, and no wait for TensorFlow."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "stages.explain", "--cell", GRAY, "--family",
         "gradient"],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )  # fmt: skip
    assert done.returncode == 2
    assert "error: --family gradient: unknown; did you mean 'gradients'?" in done.stderr
    assert "tensorflow" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_cell_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        explain_cell("simple_cnn-digit", "gradients")


def test_without_predictions_the_error_names_the_stage_to_run() -> None:
    small_cell.write_cell(GRAY, 16, 1, mistaken=half)
    paths.predictions(GRAY).unlink()
    with pytest.raises(UserError, match=r"dvc repro evaluate@simple_cnn-digits"):
        explain_cell(GRAY, "gradients")


def test_predictions_of_other_images_are_refused() -> None:
    small_cell.write_cell(GRAY, 16, 1, mistaken=half)
    stale = artifacts.read_predictions(GRAY)
    artifacts.write_predictions(
        GRAY, Predictions(stale.labels[::-1], stale.logits, stale.class_names)
    )
    with pytest.raises(UserError, match="are of other test images"):
        explain_cell(GRAY, "gradients")
    assert not paths.explanations(GRAY, "gradients").exists()


def test_a_wrong_layer_in_params_is_refused() -> None:
    small_cell.write_params(GRAY, explain=IMAGES | {"gradients": {"layercam": {"layer": "conv9"}}})
    small_cell.write_cell(GRAY, 16, 1, mistaken=half)
    with pytest.raises(UserError, match=r"explain\.gradients\.layercam\.layer = 'conv9'"):
        explain_cell(GRAY, "gradients")


def test_what_is_not_listed_is_not_computed() -> None:
    only(GRAY, "layercam")
    small_cell.write_cell(GRAY, 16, 1, mistaken=half)
    explain_cell(GRAY, "gradients")
    assert list(artifacts.read_explanations(GRAY, "gradients").maps) == ["layercam"]
