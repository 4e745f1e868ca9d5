"""The stage that compares a derived network with its origin, on networks whose answer is known."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from heatproof.comparisons import deployment
from heatproof.comparisons.derived_comparison import compare_derived
from heatproof.comparisons.network_maps import KEPT
from heatproof.config import params
from heatproof.config.params import Params
from heatproof.derived import integer_network
from heatproof.models import integer_program
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, weights
from tests import overlay, small_cell
from tests.scratch import shrunken_params

ORIGIN, CELL = "simple_cnn-digits", "small-digits"
READS = "data/code/derive.txt"


def write_params() -> Params:
    study = shrunken_params(ORIGIN)
    study["models"]["small"] = {
        "network": {"architecture": "derived", "origin": "simple_cnn", "way": {"by": "quantise"}}
    }
    entry = {"model": "small", "dataset": "digits", "origin": ORIGIN, "reads": READS}
    study |= {"derived": {CELL: entry}, "runs": dict(study["cells"])}
    study["cells"] |= {CELL: {"model": "small", "dataset": "digits"}}
    listed = study["explain"]["gradients"]
    study["explain"]["gradients"] = {name: listed[name] for name in ("gradcam", "saliency")}
    study["compare_runs"] |= {"images": 8, "draws": 10}
    study["compare_derived"] = {"faithful_images": 4, "timed_rounds": 2, "timed_batch": 3}
    overlay.write(Path("params.yaml"), study)
    return params.load()


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """Write a trained cell, and what deriving and evaluating another of it leave."""
    monkeypatch.chdir(tmp_path)
    study = write_params()
    small_cell.write_cell(ORIGIN, 16, 1, lambda predicted: predicted < 3)
    artifacts.write_predictions(CELL, artifacts.read_predictions(ORIGIN))
    for cell in (ORIGIN, CELL):
        artifacts.write_metrics("evaluate", cell, {"ece": 0.1})
    sizes = {"origin": ORIGIN, "by": "quantise", "stored_bytes": 250, "origin_bytes": 1000}
    artifacts.write_metrics("derive", CELL, sizes)
    return study


def origin_network(study: Params) -> keras.Model:
    from heatproof.models.build import trained_network

    return trained_network(study.run(ORIGIN), (16, 16, 1), 10)


def compared(study: Params, derived: keras.Model) -> dict[str, Any]:
    weights.save(CELL, derived, whole=True)
    compare_derived(study, CELL)
    return artifacts.read_metrics("compare_derived", CELL)


def test_the_same_network_keeps_everything(study: Params) -> None:
    found = compared(study, origin_network(study))
    assert found["map_agreement"] == found["top_overlap"] == found["ssim"] == pytest.approx(1)
    assert found["same_prediction"] == found["images"] == 8
    assert found["accuracy_difference"] == 0 and found["times_smaller"] == 4
    assert found["old_maps_faithfulness"] == found["own_maps_faithfulness"]
    assert found["faithful"]["overall"]["lost"]["mean"] == 0
    assert found["randomised_agreement"] < 0.6
    assert found["flops"] == found["origin_flops"] > 0
    stored = artifacts.read_findings(CELL, "derived")
    np.testing.assert_array_equal(stored["map/saliency"], stored["other_map/saliency"])
    assert len(stored["images"]) == len(stored["map/gradcam"]) == KEPT
    headline = json.loads(paths.headline("compare_derived", CELL).read_text(encoding="utf-8"))
    assert list(headline) == list(artifacts.HEADLINES["compare_derived"])
    timing = artifacts.read_timing("compare_derived", CELL)
    assert timing["timed_batch"] == 3
    for runtime in ("keras", "litert"):
        for batch in ("single", "batch"):
            assert timing[f"{runtime}_{batch}_times_faster"] > 0


def test_a_network_of_other_weights_keeps_less(study: Params) -> None:
    keras.utils.set_random_seed(5)
    other = keras.models.clone_model(origin_network(study))
    found = compared(study, other)
    assert found["map_agreement"] < 0.9 and found["top_overlap"] < 0.9
    assert found["faithful"]["overall"]["lost"]["mean"] > 0
    overall = found["maps"]["overall"]
    assert overall["same"]["spearman"]["mean"] == found["map_agreement"]
    assert overall["same"]["spearman"]["low"] < found["map_agreement"]


def test_a_cell_that_is_not_derived_is_refused(study: Params) -> None:
    with pytest.raises(UserError, match="derived"):
        compare_derived(study, ORIGIN)


def test_a_litert_program_says_what_its_network_does(
    study: Params, capfd: pytest.CaptureFixture[str]
) -> None:
    model = origin_network(study)
    images = np.random.default_rng(0).random((3, 16, 16, 1)).astype(np.float32)
    answer = deployment.interpreter(deployment.program(model), images.shape, 1)
    np.testing.assert_allclose(answer(images), model.predict_on_batch(images), atol=1e-4)
    assert capfd.readouterr() == ("", "")


def test_a_program_of_whole_numbers_is_the_one_that_is_timed(study: Params) -> None:
    model = origin_network(study)
    images = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 1)).astype(np.uint8)
    content = integer_network.converted(model, images)
    integer_program.attach(model, content)
    assert deployment.program(model) == content
    shown = images[:3].astype(np.float32) / 255
    answer = deployment.interpreter(content, shown.shape, 1)(shown)
    expected = integer_program.IntegerProgram(content).logits(shown)
    assert answer.dtype == np.int8
    np.testing.assert_array_equal(answer.argmax(axis=1), expected.argmax(axis=1))


def test_activations_by_hand() -> None:
    """A branch: the first output is kept until the sum, beside the second and then the third."""
    inputs = keras.Input((4, 4, 1))  # 16 values
    first = keras.layers.Conv2D(2, 1)(inputs)  # 32, beside the image: 48
    second = keras.layers.Conv2D(8, 1)(first)  # 128, beside the first: 160
    third = keras.layers.Conv2D(2, 1)(second)  # 32, beside both: 192
    summed = keras.layers.Add()([first, third])  # 32, beside the first and the third: 96
    model = keras.Model(inputs, keras.layers.Flatten()(summed))
    assert deployment.activation_bytes(model) == 4 * 192
    assert deployment.activation_bytes(model, 1) == 192
