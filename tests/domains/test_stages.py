"""A small network on corrupted images and on another dataset, as the stages run it."""

import sys
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heatproof.config import params
from heatproof.domains.corrupted import _of_different_images, evaluate_corrupted
from heatproof.domains.evaluate_on import evaluate_on
from heatproof.evaluation.inference import compiled_forward, logits
from heatproof.models.build import trained_network
from heatproof.run import ending
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, domain_files
from stages import evaluate_on as stage
from tests import overlay, stored
from tests.scratch import cell, shrunken_params
from tests.small_cell import CLASSES, write_cell

CELL, MODEL, DATASET, OTHER = "simple_cnn-digits", "simple_cnn", "digits", "other"
PAIR = f"{CELL}-on-{OTHER}"
METHODS = ["gradcam", "saliency"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a network that is right on all images of its own and of another dataset.

    The other one has the same images, its classes in reverse order.
    """
    folder = tmp_path_factory.mktemp("domains")
    with chdir(folder):
        content = shrunken_params(CELL)
        content["datasets"][OTHER] = content["datasets"][DATASET]
        content["corrupted"] = {CELL: cell(CELL)}
        content["evaluate_on"] = {PAIR: cell(CELL) | {"domain": OTHER}}
        overlay.write(Path("params.yaml"), content)
        write_cell(CELL, 16, 1, mistaken=lambda predicted: np.zeros(len(predicted), bool))
        study, data = params.load(), artifacts.read_dataset(DATASET)
        images = data.test_images[:12]
        network = trained_network(study.run(CELL), images.shape[1:], len(CLASSES))
        right = logits(compiled_forward(network), images).argmax(axis=1)
        perfect = replace(data, train_images=images[:1], train_labels=right[:1],
                          test_images=images, test_labels=right)  # fmt: skip
        stored.write(DATASET, perfect)
        backwards = len(CLASSES) - 1
        stored.write(
            OTHER,
            replace(
                perfect,
                train_labels=backwards - right[:1],
                test_labels=backwards - right,
                class_names=CLASSES[::-1],
            ),
        )
        evaluate_corrupted(study, CELL)
        evaluate_on(study, CELL, OTHER)
    return folder


@pytest.fixture
def study(place: Path, monkeypatch: pytest.MonkeyPatch) -> params.Params:
    monkeypatch.chdir(place)
    monkeypatch.setenv("STUDY_TRACKING", "off")
    return params.load()


def test_a_network_that_is_right_on_both_datasets_loses_nothing(study: params.Params) -> None:
    found = artifacts.read_metrics("evaluate_on", PAIR)
    assert found["accuracy"] == found["own"]["accuracy"] == 1
    assert found["confidence"] == found["own"]["confidence"]
    assert found["ece"] == found["own"]["ece"] == pytest.approx(1 - found["confidence"])
    assert found["images"] == found["own"]["images"] == 12 and found["explained"] == 6
    assert found["top_confusions"] == []
    for method in METHODS:
        for measure, each in found["maps"][method].items():
            assert each["own"] == each["other"], measure
            assert each["domain"]["difference"] == 0 and each["domain"]["p"] == 1
            # There are no wrong answers to compare with.
            assert each["wrong"]["difference"] is None and each["wrong"]["second"] == 0
    arrays = domain_files.read(CELL, OTHER)
    assert np.array_equal(arrays["labels"], arrays["predicted"])
    assert arrays["class_names"].tolist() == list(CLASSES)
    assert artifacts.read_headline("evaluate_on", PAIR, ("accuracy", "ece"))["accuracy"] == 1


def test_clean_images_are_the_reference_of_their_corrupted_copies(study: params.Params) -> None:
    found, arrays = artifacts.read_metrics("evaluate_corrupted", CELL), domain_files.read(CELL)
    assert found["clean"]["accuracy"] == 1 and found["images"] == 12 and found["explained"] == 6
    names = [*zip(arrays["corruption"].tolist(), arrays["severity"].tolist(), strict=True)]
    assert names == [
        ("clean", 0), *((name, n) for name in ("brightness", "jpeg") for n in range(1, 6))
    ]  # fmt: skip
    right = arrays["predicted"] == arrays["labels"]
    assert found["mean_corruption_accuracy"] == pytest.approx(right[1:].mean(), abs=1e-6)
    assert found["retained_accuracy"] == found["mean_corruption_accuracy"]
    brightness = found["corruptions"]["brightness"]
    assert [each["accuracy"] for each in brightness["severities"]] == pytest.approx(
        right[1:6].mean(axis=1), abs=1e-6
    )
    for method in METHODS:
        values = arrays[f"value/agreement/{method}"]
        assert values.shape == (11, 6)
        assert values[0][~np.isnan(values[0])] == pytest.approx(1)
        assert found["maps"][method]["agreement"]["wrong"]["second"] <= (~right[1:, :6]).sum()
        assert arrays[f"example/maps/{method}"].shape == (11, 16, 16)
    assert np.array_equal(
        arrays["example/images"][0],
        artifacts.read_dataset(DATASET).test_images[int(arrays["example"])],
    )
    headline = ("mean_corruption_accuracy", "mean_map_agreement")
    assert set(artifacts.read_headline("evaluate_corrupted", CELL, headline)) == set(headline)


def test_it_comes_out_the_same_again(study: params.Params) -> None:
    before = [domain_files.read(CELL, each) for each in (None, OTHER)]
    evaluate_corrupted(study, CELL)
    evaluate_on(study, CELL, OTHER)
    for arrays, other in zip(before, (None, OTHER), strict=True):
        again = domain_files.read(CELL, other)
        assert again.keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(again[name], array, err_msg=name)


def test_other_classes_are_an_error_of_one_line(
    study: params.Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = artifacts.read_dataset(OTHER)
    kinds = ("ant", *CLASSES[1:])
    monkeypatch.setattr(
        artifacts, "read_dataset",
        lambda name: replace(data, class_names=kinds if name == OTHER else CLASSES),
    )  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["evaluate_on", "--cell", CELL, "--domain", OTHER])
    with pytest.raises(SystemExit) as ended:
        ending.run(stage.main)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"params.yaml: evaluate_on.{PAIR}: other has other classes than digits: [ant, " in said


def test_a_result_that_is_not_there_is_named_with_its_stage(study: params.Params) -> None:
    with pytest.raises(UserError, match=rf"on-none.npz: .* `dvc repro evaluate_on@{CELL}-on-none`"):
        domain_files.read(CELL, "none")


def test_one_image_is_not_compared_with_itself() -> None:
    maps = np.random.default_rng(0).normal(size=(1, 4, 4)).astype(np.float32)
    assert np.isnan(_of_different_images(maps))
    assert _of_different_images(maps.repeat(2, axis=0)) == pytest.approx(1)
