"""`heatproof explain-model`: a study of a network that exists, made once and run again."""

import re
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.config import params
from heatproof.new import explain_model, unlabelled
from heatproof.run import ending
from tests import overlay
from tests.new.studies import pictures
from tests.scratch import shrunken_params

STARTED = "started"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network of two classes, 16×12 pixels, and pictures of other sizes."""
    place = tmp_path_factory.mktemp("given")
    pictures(place / "photos", True, *[(30, 20), (20, 30)] * 4)
    model = keras.Sequential([
        layers.Input((16, 12, 3)), layers.Conv2D(2, 3), layers.Flatten(),
        layers.Dense(2, activation="softmax"),
    ])  # fmt: skip
    model.save(place / "My-net 2.keras")
    return place


@pytest.fixture
def call(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """Call the command in an empty folder; return how it ended, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def called(*words: object, file: object = None, images: object = None) -> tuple[int, str]:
        given_words = [file or given / "My-net 2.keras", "--images", images or given / "photos"]
        monkeypatch.setattr(sys, "argv", ["explain-model", *map(str, (*given_words, *words))])
        code = 0
        try:
            ending.run(explain_model.main)
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return called


def test_a_study_of_it_is_made_with_its_size_and_no_training(call, given: Path) -> None:
    code, printed = call("--scaling", "tf", "--classes", "class 1", "class 0", "--only-make")
    assert code == 0, printed
    assert "the softmax at its end was taken off" in printed
    assert (
        "16 pictures of 2 classes" in printed and "`cd My_net_2`, then `heatproof repro`" in printed
    )
    study = params.load(Path("My_net_2/params.yaml"))
    (cell,) = study.cells
    assert cell == "my_net_2-my_net_2" and list(study.saved) == [cell] and not study.runs
    network = study.run(cell).network.model_dump()
    assert network["scaling"] == "tf" and network["classes"] == ["class 1", "class 0"]
    assert study.saved[cell].file == str(given / "My-net 2.keras")
    fetch = study.dataset("my_net_2").fetch.model_dump()
    assert (fetch["size"], fetch["colour"]) == ([16, 12], "rgb")
    assert study.dataset("my_net_2").preprocess.test_fraction == 0.5


def test_pictures_may_be_arrays_in_a_file(call, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 12, 3), dtype=np.uint8)
    np.savez(tmp_path / "photos.npz", images=images, labels=np.arange(12) % 2)
    code, printed = call("--only-make", "--to", "s", images=tmp_path / "photos.npz")
    assert code == 0, printed
    assert params.load(Path("s/params.yaml")).dataset("s").fetch.source == "array_file"


def test_the_same_command_again_goes_on_with_what_is_there(call, monkeypatch) -> None:
    assert call("--only-make", "--to", "there")[0] == 0
    file = Path("there/params.yaml")
    file.write_text(file.read_text("utf-8").replace("seed: 42", "seed: 7"), encoding="utf-8")
    runs: list[tuple[str, ...]] = []
    monkeypatch.setattr(explain_model, "_run", lambda target, *stages: runs.append(stages))
    opened = {"remarks": []}
    monkeypatch.setattr(explain_model.artifacts, "read_metrics", lambda *_: opened)
    code, printed = call("--to", "there")
    assert code == 0 and runs == [("open@my_net_2-there",), ()], printed
    assert (
        "there/ is there already" in printed and "the report: there/reports/index.html" in printed
    )
    assert params.load(file).seed == 7

    opened["remarks"].append("With the scaling tf more would be right.")
    code, printed = call("--to", "there")
    assert code == 2 and runs[2:] == [("open@my_net_2-there",)], "nothing is explained"
    assert (
        "With the scaling tf" in printed
        and "Correct models.my_net_2.network in there/params" in printed
    )
    assert call("--to", "there", "--implausible")[0] == 0 and runs[-1] == ()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--scaling", "tf"], "--scaling tf: there/params.yaml has none from before"),
        (["--classes", "b", "a"], "--classes"),
        (["--labels", "labels.csv"], "--labels labels.csv: there/params.yaml has None"),
    ],
)
def test_a_command_that_says_otherwise_than_what_is_there_is_refused(
    call, words: list[str], message: str
) -> None:
    assert call("--only-make", "--to", "there")[0] == 0
    before = Path("there/params.yaml").read_bytes()
    code, printed = call("--to", "there", *words)
    assert code == 2 and message in printed
    assert Path("there/params.yaml").read_bytes() == before


def test_bad_input_is_refused_in_a_line_and_leaves_nothing(call, given: Path, tmp_path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    shutil.copy(given / "photos" / "class 0" / "0.png", flat)
    pictures(tmp_path / "three", True, *[(20, 20)] * 4, classes=3)
    tiny = keras.Sequential([layers.Input((1, 1, 3)), layers.Flatten(), layers.Dense(2)])
    tiny.save(tmp_path / "tiny.keras")
    (tmp_path / "renamed.keras").write_bytes(b"\x80\x04K\x01.")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()
    for given_words, words, message in (
        ({"images": flat}, [], "have no labels, so that no study is made of them"),
        ({"images": tmp_path / "nowhere"}, [], "there is no such folder"),
        ({"images": tmp_path / "three"}, [], "gives 2 scores, and the dataset has 3 classes"),
        ({"file": tmp_path / "no.keras"}, [], "no such file"),
        ({"file": tmp_path}, [], "this is a folder"),
        ({"file": tmp_path / "tiny.keras"}, [], "1×1 pixels and 3 channels; expected 8 to 512"),
        ({"file": tmp_path / "renamed.keras"}, [], "no network that Keras has saved"),
        ({}, ["--size", "0"], "--size 0: expected 8 to 512 pixels"),
        ({}, ["--size", "32"], "takes images of 16×12 pixels; leave out --size"),
        ({}, ["--classes", "class 1", "class 2"], "no class 'class 2'; did you mean"),
        ({}, ["--classes", "class 1", "class 1"], "classes: two have one name"),
        ({}, ["--to", "taken"], "taken: it exists and is not empty"),
        ({}, ["--to", given / "photos" / "study"], "lies in the pictures' folder"),
    ):
        code, printed = call("--only-make", *words, **given_words)
        error = printed[printed.rindex("error: ") :]
        assert code == 2 and message in error and error.count("\n") == 1, printed
        left = {"flat", "three", "taken", "tiny.keras", "renamed.keras"}
        assert {path.name for path in tmp_path.iterdir()} == left


def test_of_pictures_without_labels_there_is_a_page(
    call, given: Path, tmp_path, monkeypatch
) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    for number, path in enumerate(sorted((given / "photos").glob("*/*.png"))):
        shutil.copy(path, loose / f"{number:02}.png")
    (loose / "99.png").write_bytes(b"not a picture")
    study = shrunken_params("simple_cnn-digits")
    study["explain"] |= {
        "gradients": {"saliency": {}}, "perturbation": {"occlusion": {}}, "shapley": {}
    }  # fmt: skip
    (tmp_path / "defaults").mkdir()
    overlay.write(tmp_path / "defaults" / "params.yaml", study)
    monkeypatch.setattr(explain_model.folder, "REPOSITORY", tmp_path / "defaults")
    for _ in range(2):  # once more in the same place
        code, printed = call("--classes", "cat", "dog", images=loose)
        assert code == 0, printed
    assert "explained 12 of 17 pictures" in printed
    assert re.search(r"note: \S*99.png: .*; left out", printed)
    assert "note: Its pictures have no labels" in printed
    assert "the page: My_net_2_unlabelled/index.html" in printed
    page = Path("My_net_2_unlabelled/index.html").read_text("utf-8")
    for text in (unlabelled.UNCHECKED, unlabelled.UNMEASURED, "Saliency", "Occlusion", "00.png"):
        assert text in page
    assert page.count('class="photo"') == 12
    assert "ccuracy" not in page and "params.yaml" not in page
    assert not Path("My_net_2_unlabelled/params.yaml").exists()
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "one.png").write_bytes(b"not a picture")
    for words, images, message in (
        ([], tmp_path / "empty", "there are no pictures in it"),
        ([], tmp_path / "broken", r"broken/one\.png: .*left out\n.*no picture in it can be read"),
        (["--size", "-5"], loose, "--size -5: expected 8 to 512 pixels"),
        (["--to", "defaults"], loose, "defaults: a study, or a file, is there"),
        (["--classes", "cat"], loose, "should have at least 2|2 scores|at least 2"),
    ):
        code, printed = call(*words, images=images)
        assert code == 2 and re.search(message, printed), printed
