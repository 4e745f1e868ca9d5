"""What is said of parameters, training, files, filters and maps."""

import numpy as np
import pytest

from heatproof.claims import statements
from heatproof.storage import artifacts, paths
from tests.claims.results import BIG, IMAGES, PAPER, STUDY, entry, write_evaluate, write_training


def test_values_of_params_are_compared_as_they_stand():
    for name in ("separable_saving", "smoothgrad_samples", "simple_cnn.filters"):
        assert entry(name)["verdict"] == "holds"
    assert entry("separable_saving")["measured"]["text"] == "88.57 %"
    assert entry("baseline_cnn.validation")["measured"]["text"] == "20.00 %"


@pytest.mark.parametrize(("samples", "verdict"), [(20, "does not hold"), (None, "not run")])
def test_smoothgrads_samples_are_compared_with_those_of_params(samples, verdict):
    gradients = dict(STUDY.explain.gradients)
    smoothgrad = gradients.pop("smoothgrad")
    if samples:
        gradients["smoothgrad"] = smoothgrad.model_copy(update={"samples": samples})
    explain = STUDY.explain.model_copy(update={"gradients": gradients})
    study = STUDY.model_copy(update={"explain": explain})
    assert entry("smoothgrad_samples", study)["verdict"] == verdict


def test_training_as_published_needs_its_schedule():
    assert entry("reduces_on_plateau", PAPER)["verdict"] == "holds"
    assert entry("reduces_on_plateau")["verdict"] == "not tested at this budget"
    assert entry("stops_early", PAPER)["verdict"] == "holds"
    assert entry("stops_early")["verdict"] == "not tested at this budget"


def test_the_best_epochs_weights_and_the_whole_history():
    write_training("baseline_cnn-cifar10", [0.5, 0.7, 0.6], best_epoch=2)
    assert entry("baseline_cnn.best_checkpoint")["verdict"] == "holds"
    write_training("baseline_cnn-cifar10", [0.5, 0.7, 0.6], best_epoch=3)
    assert entry("baseline_cnn.best_checkpoint")["verdict"] == "does not hold"
    for model in BIG:
        for dataset in IMAGES:
            write_training(f"{model}-{dataset}", [0.5, 0.7], best_epoch=2)
    assert entry("history")["verdict"] == "holds"
    artifacts.write_metrics("train", "resnet18-mnist", {"best_epoch": 2, "epochs_run": 3})
    assert "resnet18-mnist" in entry("history")["sentence"]


def test_matrices_and_predictions_are_there_or_not():
    write_evaluate("baseline_cnn-cifar10")
    assert entry("baseline_cnn.confusion_matrices")["verdict"] == "holds"
    assert entry("baseline_cnn.predictions")["verdict"] == "not run"
    path = paths.predictions_csv("baseline_cnn-cifar10")
    path.parent.mkdir(parents=True)
    path.write_text("index\n", encoding="utf-8")
    assert entry("baseline_cnn.predictions")["verdict"] == "holds"


@pytest.mark.parametrize(("dead", "verdict"), [(0, "does not hold"), (3, "holds")])
def test_dead_filters_are_counted_on_both_datasets(dead, verdict):
    for dataset, count in (("mnist", 0), ("fashion_mnist", dead)):
        activity = {"activity": {"dead": count, "channels": 16}}
        artifacts.write_metrics("explain_features", f"simple_cnn-{dataset}", activity)
    compared = entry("simple_cnn.dead")
    assert compared["verdict"] == verdict
    assert f"fashion_mnist: {dead} of 16 dead" in compared["measured"]["text"]


def test_separating_saves_the_inverse_of_filters_and_places():
    assert statements.saved_by_separating(2, [4]) == pytest.approx(1 - (18 + 8) / 72)
    assert statements.saved_by_separating(2, [4, 8]) == pytest.approx(1 - (26 + 36 + 32) / 360)


def write_filters(cell: str, kernels: np.ndarray, factor: np.ndarray) -> None:
    arrays = {"filters/conv1": kernels, "filter_factor/conv1": factor, "feature_map/x": factor}
    artifacts.write_findings(cell, "features", arrays)


def test_filters_are_alike_only_if_they_beat_unrelated_ones():
    random = np.random.default_rng(0)
    kernels = random.normal(size=(8, 3, 3, 1)).astype(np.float32)
    ones = np.ones(8, np.float32)
    write_filters("simple_cnn-mnist", kernels, ones)
    # Another order, and turned round by kernel and batch normalisation both: the same filters.
    write_filters("simple_cnn-fashion_mnist", -kernels[::-1], -ones)
    compared = entry("simple_cnn.alike")
    assert compared["verdict"] == "holds"
    assert compared["measured"]["value"] == pytest.approx(1)
    other = np.random.default_rng(7).normal(size=(8, 3, 3, 1)).astype(np.float32)
    write_filters("simple_cnn-fashion_mnist", other, ones)
    assert entry("simple_cnn.alike")["verdict"] == "does not hold"


@pytest.mark.parametrize(("low", "verdict"), [(0.3, "holds"), (0.1, "not tested at this budget")])
def test_relevance_on_the_digit_beats_the_constant_map_or_not(low, verdict):
    masses = {
        "gradcam": {"mean": 0.4, "low": low, "high": 0.5},
        "constant": {"mean": 0.2, "low": 0.19, "high": 0.21},
    }
    content = {"above_chance": True, "measures": {"relevance_mass": masses}}
    artifacts.write_metrics("assess", "mnist_cnn-mnist", content)
    compared = entry("gradcam_on_digits")
    assert compared["verdict"] == verdict
    assert compared["measured"]["text"] == "40.0 % of the relevance on 20.0 % of the image"
    assert entry("saliency_on_strokes")["verdict"] == "not run"
    artifacts.write_metrics("assess", "mnist_cnn-mnist", content | {"above_chance": False})
    assert "not above chance" in entry("gradcam_on_digits")["sentence"]


def test_what_nothing_can_measure_has_a_reason():
    compared = entry("baseline_cnn.sweep")
    assert compared["verdict"] == "not measured"
    assert "make sweep" in compared["sentence"]
