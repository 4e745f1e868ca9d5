"""Files of data/ and metrics/: round trips, atomicity, stable bytes, damaged and missing files."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heatproof.run.errors import UserError
from heatproof.storage import artifacts, atomic, paths, weights
from heatproof.storage.images import StoredImages
from heatproof.storage.records import Dataset, Explanations, Predictions, RawDataset
from tests import overlay, stored
from tests.scratch import shrunken_params


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def dataset() -> Dataset:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
    labels = np.arange(6, dtype=np.int64) % 2
    return Dataset(images, labels, images[:2], labels[:2], ("T-shirt/top", "Ünïcode <b>"))


def explanations(rows: int = 3) -> Explanations:
    whole = np.arange(rows, dtype=np.int64)
    maps = {"gradcam": np.random.default_rng(1).normal(size=(rows, 4, 5)).astype(np.float32)}
    images = np.zeros((rows, 4, 5, 1), np.uint8)
    return Explanations(
        whole, whole % 2, whole % 2, whole % 2, whole.astype(np.float32), images, maps, ("a", "b")
    )


def test_numbers_come_back_by_method_and_name():
    numbers = {"lime": {"r2": np.array([0.5, np.nan, 1], np.float32)}}
    artifacts.write_explanations("m-d", "lime", replace(explanations(), numbers=numbers))
    read = artifacts.read_explanations("m-d", "lime").numbers
    assert read.keys() == {"lime"}
    np.testing.assert_array_equal(read["lime"]["r2"], numbers["lime"]["r2"])


def test_explanations_of_an_older_format_are_refused_as_old():
    artifacts.write_findings("m-d", "gradients", {"map_gradcam": np.zeros((1, 2, 2))})
    with pytest.raises(UserError, match=r"gradients\.npz.*older.*repro -f explain_gradients@m-d"):
        artifacts.read_explanations("m-d", "gradients")


def assert_same(a: object, b: object) -> None:
    assert type(a) is type(b)
    for name, value in vars(a).items():
        other = getattr(b, name)
        if isinstance(value, np.ndarray | StoredImages):
            assert value.dtype == other.dtype
            np.testing.assert_array_equal(value, other)
        elif isinstance(value, dict):
            assert value.keys() == other.keys()
            for key in value:
                np.testing.assert_array_equal(value[key], other[key])
        else:
            assert value == other


def test_round_trips():
    stored.write("d", dataset())
    assert_same(artifacts.read_dataset("d"), dataset())
    raw = RawDataset(*list(vars(dataset()).values())[:5], remarks=("1 file left out", "…"))
    artifacts.write_raw("d", raw)
    assert_same(artifacts.read_raw("d"), replace(raw, remarks=()))
    artifacts.write_explanations("m-d", "gradients", explanations())
    assert_same(artifacts.read_explanations("m-d", "gradients"), explanations())
    predictions = Predictions(
        np.array([0, 1]), np.array([[2.0, 0.0], [1e4, -1e4]], np.float32), ("a", "b")
    )
    artifacts.write_predictions("m-d", predictions)
    assert_same(artifacts.read_predictions("m-d"), predictions)


def test_probabilities_are_the_softmax_also_of_huge_logits():
    logits = np.array([[0.0, 0.0], [1e4, -1e4], [np.log(3), 0]], np.float32)
    predictions = Predictions(np.zeros(3, np.int64), logits, ("a", "b"))
    np.testing.assert_allclose(
        predictions.probabilities, [[0.5, 0.5], [1, 0], [0.75, 0.25]], atol=1e-7
    )
    np.testing.assert_array_equal(predictions.predicted, [0, 0, 0])
    np.testing.assert_allclose(predictions.confidence, [0.5, 1, 0.75], atol=1e-7)


def test_the_same_content_gives_the_same_bytes(monkeypatch):
    written = []
    for moment in (1e9, 1.7e9):
        monkeypatch.setattr("time.time", lambda moment=moment: moment)
        stored.write("d", dataset())
        artifacts.write_explanations("m-d", "gradients", explanations())
        artifacts.write_metrics("train", "m-d", {"b": 0.1 + 0.2, "a": np.float32(0.1)})
        files = [
            *sorted(paths.raw("d").iterdir()),
            paths.processed("d"),
            paths.explanations("m-d", "gradients"),
            paths.metrics("train", "m-d"),
        ]
        written.append([path.read_bytes() for path in files])
    assert written[0] == written[1]


def test_metrics_are_plain_rounded_json():
    artifacts.write_metrics(
        "evaluate",
        "m-d",
        {"a": 1 / 3, "n": np.int64(3), "nan": float("nan"), "m": np.eye(2, dtype=int), "t": (1.5,)},
    )
    content = json.loads(paths.metrics("evaluate", "m-d").read_text())
    assert len(content.pop("checksum")) == 64
    assert content == {"a": 0.333333, "n": 3, "nan": None, "m": [[1, 0], [0, 1]], "t": [1.5]}
    assert artifacts.read_metrics("evaluate", "m-d") == content


def test_metrics_shows_the_headline_of_the_stages_that_have_one():
    content = {"accuracy": 0.5, "epochs": 3, "per_class": {"a": 1}, "test_images": 10}
    artifacts.write_metrics("evaluate", "m-d", content)
    assert artifacts.read_headline("evaluate", "m-d") == {"accuracy": 0.5, "epochs": 3}
    artifacts.write_metrics("train", "m-d", content)
    assert not paths.headline("train", "m-d").exists()


def test_maps_of_another_size_are_refused():
    artifacts.write_explanations("m-d", "gradients", explanations())
    arrays = artifacts.read_findings("m-d", "gradients")
    wrong = arrays | {"map/gradcam": np.zeros((3, 5, 4), np.float32)}
    artifacts.write_findings("m-d", "gradients", wrong)
    with pytest.raises(UserError, match=r"map/gradcam: expected float32 \(3, 4, 5\), found"):
        artifacts.read_explanations("m-d", "gradients")


def test_timing_is_empty_where_there_is_none():
    assert artifacts.read_timing("train", "m-d") == {}
    artifacts.write_timing("train", "m-d", {"seconds": 1.5})
    assert artifacts.read_timing("train", "m-d") == {"seconds": 1.5}


@pytest.mark.parametrize("change", ["dtype", "shape"])
def test_maps_are_float32_and_as_large_as_the_images(change):
    wrong = explanations()
    values = wrong.maps["gradcam"]
    wrong.maps["gradcam"] = values.astype(np.float64) if change == "dtype" else values[:, :3]
    with pytest.raises(ValueError, match="gradcam: expected float32"):
        artifacts.write_explanations("m-d", "gradients", wrong)
    assert not paths.explanations("m-d", "gradients").exists()


@pytest.mark.parametrize(
    ("read", "stage"),
    [
        (lambda: artifacts.read_raw("d"), "fetch@d"),
        (lambda: artifacts.read_dataset("d"), "preprocess@d"),
        (lambda: artifacts.read_predictions("m-d"), "evaluate@m-d"),
        (lambda: artifacts.read_metrics("evaluate", "m-d"), "evaluate@m-d"),
        (lambda: artifacts.read_trust("m-d", ["shapley"]), "measure_shapley@m-d"),
        (lambda: artifacts.read_trust("m-d", ["shuffled"]), "assess_shuffled@m-d"),
        (lambda: artifacts.read_common("m-d", np.arange(3)), "measure_gradients@m-d"),
        (lambda: artifacts.read_explanations("m-d", "gradients"), "explain_gradients@m-d"),
    ],
)
def test_missing_files_name_the_stage_that_makes_them(read, stage):
    with pytest.raises(UserError, match=f"there is no such file; make it with `dvc repro {stage}`"):
        read()


@pytest.mark.parametrize("keep", [0, 10, 500])
def test_a_damaged_file_is_a_message(keep):
    stored.write("d", dataset())
    path = paths.processed("d")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"damaged.*dvc repro -f preprocess@d"):
        artifacts.read_dataset("d")


def test_objects_are_never_unpickled(tmp_path):
    class Planted:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "planted"),))

    path = paths.processed("d")
    path.parent.mkdir(parents=True)
    np.savez(path, class_names=np.array([Planted()], dtype=object))
    with pytest.raises(UserError, match="damaged"):
        artifacts.read_dataset("d")
    assert not (tmp_path / "planted").exists()


def test_an_interrupted_write_leaves_the_earlier_file_and_no_other(tmp_path):
    path = tmp_path / "a" / "file.txt"
    atomic.write_text(path, "earlier")

    def cut_short(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write(path, cut_short)
    assert path.read_text() == "earlier"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_the_remedy_for_a_saved_network_is_its_own_stage() -> None:
    study = shrunken_params("simple_cnn-digits")
    entry = {"model": "bees", "dataset": "digits"}
    study["models"]["bees"] = {"network": {"architecture": "saved", "file": "bees.keras"}}
    study["cells"]["bees-digits"] = entry
    study["saved"] = {"bees-digits": {**entry, "file": "bees.keras"}}
    overlay.write(Path("params.yaml"), study)
    for kind, stage in (("predictions", "evaluate_saved"), ("weights", "open")):
        read = artifacts.read_predictions if kind == "predictions" else weights.describe
        with pytest.raises(UserError, match=f"dvc repro {stage}@bees-digits"):
            read("bees-digits")
    with pytest.raises(UserError, match="dvc repro evaluate@simple_cnn-digits"):
        artifacts.read_predictions("simple_cnn-digits")


def test_the_remedy_takes_away_what_dvc_would_put_back() -> None:
    """A file that is made again with the MD5 of one in the cache is replaced by that one."""
    stored.write("d", dataset())
    path = paths.processed("d")
    Path("dvc.lock").write_text(
        f"stages:\n  preprocess@d:\n    outs:\n    - path: {path}\n      hash: md5\n"
        f"      md5: {'0123456789abcdef' * 2}\n      size: 3\n"
    )
    path.write_bytes(b"damaged")
    remedy = (
        'make it again with `rm -f "$(dvc cache dir)/files/md5/01/23456789abcdef0123456789abcdef"; '
        "dvc repro -f preprocess@d`"
    )
    with pytest.raises(UserError, match=re.escape(remedy)):
        artifacts.read_dataset("d")
