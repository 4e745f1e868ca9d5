"""The stage: which images it compares and explains, what it writes, and where it cannot."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from heatproof.config import params
from heatproof.config.params import Params
from heatproof.datasets.parts import training_parts
from heatproof.influence import explain_influence as stage
from heatproof.influence.options import InfluenceOptions
from heatproof.models.build import build_model
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, weights
from heatproof.storage.records import Dataset, Predictions
from tests import stored
from tests.small_cell import CLASSES, write_params

CELL = "simple_cnn-digits"
LISTED = {CELL: {"model": "simple_cnn", "dataset": "digits"}}
TRAINING, TESTS, SHOWN = 60, 30, 2
OPTIONS = InfluenceOptions(train_images=40, images=4, shown=SHOWN, checked=12)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """Return a cell of random images, its network untrained; of its predictions six are wrong."""
    monkeypatch.chdir(tmp_path)
    write_params(CELL, influenced=LISTED, explain_influence=OPTIONS.model_dump())
    content = params.load()
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (TRAINING + TESTS, 8, 8, 1)).astype(np.uint8)
    labels = np.arange(TRAINING + TESTS, dtype=np.int64) % len(CLASSES)
    keras.utils.set_random_seed(0)
    model = build_model(content.run(CELL), images.shape[1:], len(CLASSES))
    logits = random.normal(size=(TESTS, len(CLASSES))).astype(np.float32)
    predicted = logits.argmax(axis=1)
    tests = np.where(np.arange(TESTS) < 6, (predicted + 1) % len(CLASSES), predicted)
    data = Dataset(images[:TRAINING], labels[:TRAINING], images[TRAINING:], tests, CLASSES)
    stored.write("digits", data)
    artifacts.write_predictions(CELL, Predictions(tests, logits, CLASSES))
    weights.save(CELL, model)
    return content


def test_it_compares_what_the_network_was_trained_on_and_repeats(study: Params) -> None:
    stage.explain_influence(study, CELL)
    file, metrics_file = paths.explanations(CELL, "influence"), paths.metrics(stage.STAGE, CELL)
    before = [each.read_bytes() for each in (file, metrics_file)]
    arrays = artifacts.read_findings(CELL, "influence")
    metrics = artifacts.read_metrics(stage.STAGE, CELL)
    data, predictions = artifacts.read_dataset("digits"), artifacts.read_predictions(CELL)
    trained_on = training_parts(study.run(CELL), data)[0]
    assert metrics["train_images"] == 40 and metrics["trained_on"] == len(trained_on) < TRAINING
    assert (metrics["images"], metrics["wrong_images"], metrics["shown"]) == (4, 3, SHOWN)
    wrong = predictions.predicted != predictions.labels
    order = arrays["image_index"]
    np.testing.assert_array_equal(wrong[order], [True, True, True, False])
    assert (np.diff(predictions.confidence[order[:3]]) <= 0).all()
    assert predictions.confidence[order[0]] == predictions.confidence[wrong].max()
    for kind in ("proponents", "relative", "opponents", "nearest"):
        index = arrays[f"{kind}/index"]
        assert index.shape == (4, SHOWN) and np.isin(index, trained_on[:40]).all()
        np.testing.assert_array_equal(arrays[f"{kind}/label"], data.train_labels[index])
        np.testing.assert_array_equal(
            arrays[f"{kind}/image"][1, 0], data.train_images[index[1, :1]][0]
        )
    assert (arrays["proponents/value"] > 0).all() and (arrays["opponents/value"] < 0).all()
    for kind in ("relative", "nearest"):
        assert (np.diff(arrays[f"{kind}/value"]) <= 0).all()
        assert (np.abs(arrays[f"{kind}/value"]) <= 1 + 1e-6).all()
    assert artifacts.read_timing(stage.STAGE, CELL)["influence_seconds"] >= 0
    stage.explain_influence(study, CELL)
    assert [each.read_bytes() for each in (file, metrics_file)] == before


def test_right_predictions_fill_up_and_wrong_ones_where_none_is_right() -> None:
    logits = np.eye(3)[[0, 1, 2, 0]] * np.array([1.0, 2.0, 3.0, 4.0])[:, None]

    def chosen(labels: list[int], count: int) -> list[int]:
        given = Predictions(np.array(labels), logits, ("a", "b", "c"))
        return stage.explained_images(given, count).tolist()

    assert chosen([0, 1, 2, 0], 3) == [0, 1, 2]
    assert chosen([1, 0, 0, 1], 3) == [3, 2, 1]
    assert chosen([0, 0, 0, 0], 2) == [2, 1], "three quarters of two, rounded up"
    assert chosen([0, 0, 0, 0], 4) == [2, 1, 0, 3]


def test_a_network_without_a_dense_last_layer_says_why(study: Params, monkeypatch) -> None:
    monkeypatch.setattr(stage, "not_possible", lambda network: "it ends otherwise")
    stage.explain_influence(study, CELL)
    assert artifacts.read_metrics(stage.STAGE, CELL)["unsupported"] == "it ends otherwise"
    assert set(artifacts.read_findings(CELL, "influence")) == {"class_names"}


def test_what_does_not_fit_is_named(study: Params) -> None:
    with pytest.raises(UserError, match="there is no cell under influenced called"):
        stage.explain_influence(study.model_copy(update={"influenced": {}}), CELL)
    content = artifacts.read_predictions(CELL)
    fewer = Predictions(content.labels[1:], content.logits[1:], CLASSES)
    artifacts.write_predictions(CELL, fewer)
    with pytest.raises(UserError, match=f"dvc repro -f evaluate@{CELL}"):
        stage.explain_influence(study, CELL)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("influenced", {"simple_cnn-digit": LISTED[CELL]}, "no such cell; did you mean"),
        ("explain_influence", {"shown": 0}, "explain_influence.shown = 0"),
        ("explain_influence", {"train_image": 50}, "explain_influence.train_image"),
    ],
)
def test_wrong_parameters_are_refused(place, value, words, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_params(CELL, influenced={}, explain_influence={})
    text = Path("params.yaml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(f"{place}:")]
    Path("params.yaml").write_text("\n".join([*lines, f"{place}: {json.dumps(value)}"]))
    with pytest.raises(UserError, match=words):
        params.load()
