"""A trained cell at hand: what the notebook and explain_image stand on."""

import io
import shutil
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof import api
from heatproof.attribution.core.method import Attribution, UnsupportedNetwork
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.evaluation.remarks import NEEDED
from heatproof.report.charts import sprites
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from heatproof.trust import verdict
from tests import small_cell
from tests.report import trust_results

CELL = "simple_cnn-digits"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "ROOT", tmp_path)
    small_cell.write_params(CELL)
    return tmp_path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cell, to be copied."""
    made = tmp_path_factory.mktemp("written")
    with chdir(made):
        small_cell.write_params(CELL)
        small_cell.write_cell(CELL, 16, 1, mistaken=lambda predicted: predicted < 5)
    return made


@pytest.fixture
def cell(folder: Path, written: Path) -> api.TrainedCell:
    shutil.copytree(written, folder, dirs_exist_ok=True)
    return api.open_cell(CELL)


def test_it_predicts_and_explains_as_the_network_does(cell: api.TrainedCell) -> None:
    images, labels = cell.test_images(3, 7)
    np.testing.assert_array_equal(images * 255, cell.dataset.test_images[[3, 7]])
    np.testing.assert_array_equal(labels, cell.dataset.test_labels[[3, 7]])
    probabilities = cell.predict(images)
    exponents = np.exp(cell.network.logits(images).astype(np.float64))
    np.testing.assert_allclose(probabilities, exponents / exponents.sum(1, keepdims=True), 1e-6)
    targets = probabilities.argmax(axis=1)
    gradient = np.abs(cell.network.score_gradients(images, targets)).max(axis=-1)
    np.testing.assert_allclose(cell.explain("saliency", images, targets).maps, gradient, 1e-6)


def test_a_concept_is_tested_in_its_layers(cell: api.TrainedCell) -> None:
    bright = cell.dataset.test_images[:20]
    found = cell.concept(bright, 255 - bright // 4)
    assert list(found) == ["conv1_relu", "conv2_relu"]
    for each in found.values():
        assert each["units"] == 2 and each["held_out"] == 14 and not each["testable"]
        assert set(each["classes"]) <= set(cell.class_names)
    assert cell.concept(bright / np.float32(255), 255 - bright // 4) == found
    with pytest.raises(UserError, match="pictures: 3 pictures, expected at least 10"):
        cell.concept(bright[:3], bright)
    with pytest.raises(UserError, match="the network takes"):
        cell.concept(bright[:, :8])


def test_its_verdict_is_that_of_its_assessment(cell: api.TrainedCell) -> None:
    """Assessed elsewhere: what the report shows and what it prints are of one judgement."""
    assert cell.verdict is None
    del cell.__dict__["verdict"]  # kept, since files are read
    made = trust_results.table(np.random.default_rng(0), 8, ("saliency", "lime"), None)
    content = trust_results.metrics(made, np.ones(8, bool), ("saliency", "lime"), None, 1)
    artifacts.write_metrics("assess", CELL, content)
    assert cell.verdict is not None
    expected = verdict.of_cell(content, {})
    assert expected is not None and cell.verdict.methods == expected.methods
    assert str(cell.verdict).startswith(f"saliency: {cell.verdict.methods['saliency'].level}. ")


def test_methods_are_chosen_by_name_or_family(cell: api.TrainedCell) -> None:
    assert set(cell.families) == set(STAGE_FAMILIES)
    assert {"gradcam", "saliency"} <= set(cell.families["gradients"])
    assert cell.named(["saliency", "gradcam", "saliency"]) == ["saliency", "gradcam"]
    assert cell.named(["gradients"]) == list(cell.families["gradients"])
    with pytest.raises(UserError, match="no method 'gradcan'; did you mean 'gradcam'"):
        cell.named(["gradcan"])
    images, _ = cell.test_images(0)
    with pytest.raises(UserError, match=r"'gradients' is a family of methods: .*gradcam"):
        cell.explain("gradients", images, np.zeros(1, int))


def test_an_unsupported_method_gives_a_reason_and_the_others_run(cell: api.TrainedCell) -> None:
    def refuses(*_: object) -> Attribution:
        raise UnsupportedNetwork("no ReLU here")

    def serves(_: object, images: np.ndarray, __: object) -> Attribution:
        return Attribution(np.ones(images.shape[:3], np.float32), {"r2": np.full(len(images), 0.5)})

    cell.families["gradients"] = {"refuses": refuses, "serves": serves}
    images, _ = cell.test_images(0, 1)
    found = dict(cell.explain_all(["gradients"], images, np.zeros(2, int)))
    assert str(found["refuses"]) == "no ReLU here"
    assert (found["serves"].maps == 1).all()
    picture = api.show(images, **found)
    assert picture.png.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("wanted", "index"), [("class 3", 3), ("CLASS 3", 3), ("3", 3), (3, 3), ("0", 0), ("9", 9)]
)
def test_a_class_is_named_or_numbered(cell: api.TrainedCell, wanted, index) -> None:
    assert cell.class_index(wanted) == index


def test_a_name_counts_before_a_number(cell: api.TrainedCell) -> None:
    names = tuple("9876543210")
    renamed = replace(cell.dataset, class_names=names)
    other = replace(cell, dataset=renamed, class_names=renamed.class_names)
    assert other.class_index("9") == 0
    assert other.class_index(9) == 9


@pytest.mark.parametrize("wanted", ["class 33", "10", 10, -1, ""])
def test_an_unknown_class_is_refused_with_the_known_ones(cell: api.TrainedCell, wanted) -> None:
    with pytest.raises(UserError, match=rf"no class '{wanted}'.*known: class 0, class 1.*0 to 9"):
        cell.class_index(wanted)


def test_a_photo_becomes_one_image(cell: api.TrainedCell, folder: Path) -> None:
    Image.new("L", (40, 20), 51).save(folder / "photo.png")
    image = cell.photo("photo.png")
    assert image.shape == (1, 16, 16, 1) and image.dtype == np.float32
    np.testing.assert_allclose(image, 0.2)
    np.testing.assert_allclose(cell.photo("photo.png", invert=True), 0.8)


def test_photos_are_fitted_as_suits_the_dataset(cell: api.TrainedCell) -> None:
    wide = Image.new("L", (40, 20), 51)
    assert cell.usual.ground == "mixed"
    assert "cut away" in cell.view(wide).handling
    assert "squeezed" in cell.view(wide, fit="squash").handling
    black = replace(cell.dataset, train_images=np.zeros((9, 16, 16, 1), np.uint8))
    plain = replace(cell, dataset=black)
    assert "filled with its border" in plain.view(wide).handling


def test_ink_is_brought_to_where_training_images_have_it(cell: api.TrainedCell) -> None:
    digits = np.zeros((9, 16, 16, 1), np.uint8)
    digits[:, 4:12, 6:10] = 255
    centred = replace(cell, dataset=replace(cell.dataset, train_images=digits))
    paper = np.full((120, 160), 220, np.uint8)
    paper[10:50, 100:120] = 40
    picture = Image.fromarray(paper)
    np.testing.assert_array_equal(centred.view(picture).pixels > 127, digits[0] > 127)
    for how in ({"as_is": True}, {"fit": "pad"}, {"levels": True}):
        assert "(--as-is" not in centred.view(picture, **how).handling, how
    # A training image itself stays as it is.
    np.testing.assert_array_equal(
        centred.view(Image.fromarray(digits[0, ..., 0])).pixels, digits[0]
    )


def test_photos_are_squashed_as_images_that_are_brought_to_a_size(cell: api.TrainedCell) -> None:
    wide = Image.new("L", (40, 20), 51)
    file, no_file = {"reads": "photos"}, {"reads": "data/code/fetch.txt", "name": "beans"}
    size = {"size": [16, 16]}
    for fetch, fit in (
        ({"source": "image_folder"} | file | size, "squash"),
        ({"source": "array_file"} | file | size, "squash"),
        ({"source": "array_file"} | file, "crop"),
        ({"source": "tfds"} | no_file | size, "squash"),
        ({"source": "tfds"} | no_file, "crop"),
    ):
        dataset = cell.study.datasets["digits"]
        changed = type(dataset).model_validate(dataset.model_dump() | {"fetch": fetch})
        study = cell.study.model_copy(update={"datasets": {"digits": changed}})
        handling = replace(cell, study=study).view(wide).handling
        assert ("squeezed" if fit == "squash" else "cut away") in handling, fetch


def test_show_draws_each_image_with_its_maps(cell: api.TrainedCell) -> None:
    images, _ = cell.test_images(0, 1)
    maps = np.zeros((2, 16, 16), np.float32)
    maps[1, 4, 4] = 1
    drawn = api.show(images, saliency=Attribution(maps)).png
    pixels = np.asarray(Image.open(io.BytesIO(drawn)).convert("RGB"))
    bright = sprites.colour(maps[1], "saliency", False)[4, 4]
    rows = np.argwhere((pixels == bright).all(axis=-1))[:, 0]
    assert len(rows) and rows.min() > len(pixels) / 2, "of the second image only"


def test_its_remarks_are_those_of_the_report(
    cell: api.TrainedCell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"model": "simple_cnn", "dataset": "digits", "folds": 2}
    folds = {f"{CELL}-fold{n}of2": entry | {"fold": n} for n in (1, 2)}
    for run in folds:
        measured = {"accuracy": 0.5, "test_images": 12, "majority_accuracy": 0.5}
        artifacts.write_metrics("evaluate", run, measured)
        artifacts.write_metrics("train", run, {"train_images": 10, "validation_images": 2})
    evaluated = dict.fromkeys(NEEDED, 0) | {
        "accuracy_low": 0.8, "majority_accuracy": 0.5, "test_images": 6,
        "per_class": {name: {"support": 3, "predicted": 3} for name in "01"},
    }  # fmt: skip
    folded = replace(cell, study=small_cell.load_params(CELL, runs=folds), folder=folder)
    assert folded.remarks == (), "it was not evaluated"
    artifacts.write_metrics("evaluate", CELL, evaluated)
    monkeypatch.chdir(folder.parent)
    (remark,) = folded.remarks
    assert remark.startswith("Cross-validation does not confirm what its 6 test images say")
    assert "on 24 other images" in remark
    assert replace(folded, study=cell.study).remarks == (), "it has no folds"


def test_its_runs_on_few_images_are_at_hand(
    cell: api.TrainedCell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = f"{CELL}-5perclass"
    entry = {"model": "simple_cnn", "dataset": "digits", "train_images_per_class": 5}
    few = replace(cell, study=small_cell.load_params(CELL, runs={run: entry}), folder=folder)
    monkeypatch.chdir(folder)
    assert few.few_images == {}, "it was not evaluated"
    measured = {"accuracy": 0.5, "test_images": 12, "majority_accuracy": 0.5, "class_names": ["a"]}
    artifacts.write_metrics("evaluate", run, measured)
    artifacts.write_metrics("train", run, {"train_images": 5})
    monkeypatch.chdir(folder.parent)
    assert [number["per_class"] for number in few.few_images["numbers"]] == [5]
    assert cell.few_images == {}, "it has no such runs"


def test_the_study_is_where_something_is_trained(folder: Path) -> None:
    with pytest.raises(UserError, match="nothing is trained here; `make demo`"):
        api.find_study()
    demo = folder / "demo"
    (demo / "data" / "models").mkdir(parents=True)
    (demo / "params.yaml").write_bytes((folder / "params.yaml").read_bytes())
    (demo / "data" / "models" / f"{CELL}.weights.h5").touch()
    assert api.find_study() == demo and api.trained_cells(demo) == [CELL]
    with pytest.raises(UserError, match="nothing is trained"):
        api.find_study(".")
    (folder / "data" / "models").mkdir(parents=True)
    (folder / "data" / "models" / f"{CELL}.weights.h5").touch()
    assert api.find_study() == folder and api.find_study("demo") == demo


def test_a_cell_of_another_folder_is_opened_from_here(
    cell: api.TrainedCell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    opened = api.open_cell(CELL, folder)
    assert Path.cwd() == elsewhere
    images, _ = cell.test_images(0, 1)
    np.testing.assert_array_equal(opened.predict(images), cell.predict(images))


def test_what_is_not_trained_is_refused_with_the_command(folder: Path) -> None:
    with pytest.raises(UserError, match=r"not trained yet; train it with `dvc repro train@simple"):
        api.open_cell(CELL)
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        api.open_cell("simple_cnn-digit")


def test_a_cell_of_the_demo_is_known(folder: Path) -> None:
    (folder / "demo").mkdir()
    (folder / "demo" / "params.yaml").write_bytes((folder / "params.yaml").read_bytes())
    small_cell.write_params("baseline_cnn-cifar10")
    with pytest.raises(UserError, match=r"is a cell of the demo: add --study demo"):
        api.open_cell(CELL)
