"""Images of one's own, from files to a page and a panel."""

import os
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof import api, explain_image
from heatproof.attribution import registry
from heatproof.attribution.core.method import Attribution, UnsupportedNetwork
from heatproof.evaluation.remarks import NEEDED
from heatproof.explain_image import explain_images
from heatproof.report.charts import sprites
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from tests import scratch, small_cell
from tests.photos import holds, photo, pictures
from tests.report import read_pages

GRAY, COLOUR = "simple_cnn-digits", "baseline_cnn-cifar10"
FEW = ["gradcam", "saliency"]
OPEN_CELL = api.open_cell


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two small cells once; the tests read them and write elsewhere."""
    folder = tmp_path_factory.mktemp("study")
    with chdir(folder):
        small_cell.write_params(GRAY, COLOUR, explain=scratch.FEW_SAMPLES)
        for cell, side, channels in ((GRAY, 16, 1), (COLOUR, 12, 3)):
            small_cell.write_cell(cell, side, channels, mistaken=lambda predicted: predicted < 5)
    return folder


@pytest.fixture(scope="module")
def opened() -> dict[str, api.TrainedCell]:
    """Cells that are open already, with what was compiled for them."""
    return {}


@pytest.fixture
def here(
    opened: dict[str, api.TrainedCell],
    cells: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Stand in a folder of photos, the study elsewhere."""
    monkeypatch.chdir(tmp_path)
    usual = explain_images.__kwdefaults__ | {"study": cells, "wanted": FEW}
    monkeypatch.setattr(explain_images, "__kwdefaults__", usual)

    def open_once(name: str, study: Path = cells) -> api.TrainedCell:
        if name not in opened:
            opened[name] = OPEN_CELL(name, study)
        return opened[name]

    monkeypatch.setattr(api, "open_cell", open_once)
    return tmp_path


@pytest.mark.parametrize(("cell", "colour"), [(GRAY, False), (COLOUR, True)])
def test_the_page_shows_the_predictions(here: Path, cells, capsys, cell, colour) -> None:
    path = photo("photo.png", colour=colour)
    page = explain_images([path], cell)
    assert page == here / "explained" / f"photo-{cell}.html"
    assert Image.open(page.with_suffix(".png")).size[0] > 300
    printed = capsys.readouterr().out

    trained = api.open_cell(cell)
    image = trained.photo(path)
    [probabilities] = trained.predict(image)
    top = int(probabilities.argmax())
    text = read_pages.read(page).text
    assert f"{trained.class_names[top]} {100 * probabilities[top]:.1f} %" in text
    assert f"{trained.class_names[top]:22} {100 * probabilities[top]:6.2f} %  <- exp" in printed
    assert f"page:  {page}" in printed and str(page.with_suffix(".png")) in printed
    assert "48×36 pixels; the 36×36 in its middle kept" in text
    assert holds(page, sprites.to_rgb(np.rint(255 * image[0]).astype(np.uint8)))
    for method in FEW:
        [values] = trained.explain(method, image, np.array([top])).maps
        assert holds(page, sprites.to_rgb(sprites.levels(values, False))), method


def test_several_photos_share_a_page(here: Path, capsys) -> None:
    paths = [photo("a.png"), photo("bb.jpg", (5, 90)), photo("ccc.png", colour=True)]
    page = explain_images(paths, GRAY)
    assert page.name == f"a-and-2-more-{GRAY}.html"
    read = read_pages.read(page)
    assert {"photo-1", "photo-2", "photo-3"} <= set(read.ids)
    assert all(path.name in read.text for path in paths)
    assert "fewer than the network’s" in read.text.replace("'", "’"), "of 5×90"
    assert "is in colour" in read.text
    # A photo's maps do not depend on what is explained beside it.
    alone = pictures(explain_images(paths[1:2], GRAY))
    together = pictures(page)
    assert all(any(np.array_equal(one, other) for other in together) for one in alone)


def test_every_method_is_asked_if_none_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    # The methods themselves are another test's matter, and take their time.
    def answers(_: object, name: str, images: np.ndarray, __: object) -> Attribution:
        return Attribution(np.ones(images.shape[:3], np.float32))

    monkeypatch.setattr(api.TrainedCell, "explain", answers)
    page = explain_images([photo("photo.png")], GRAY, wanted=None)
    trained = api.open_cell(GRAY)
    listed = registry.suiting(trained.study.explain.methods, trained.network)
    assert set(trained.methods) == set(listed)
    drawn = read_pages.read(page).tags.count("figure") - 2  # the photo, and what is seen of it
    assert drawn == len(trained.methods)
    assert "may take minutes with a large one; --methods chooses" in capsys.readouterr().out


def test_the_expected_duration_is_printed_as_far_as_it_is_known(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = api.open_cell(GRAY)
    slow = ["lime", "deep_shap"]
    measured = {
        "explain_perturbation": {"lime_ms_per_image": 1500.0},
        "explain_shapley": {"deep_shap_ms_per_image": 250.0, "gradient_shap_ms_per_image": 9e9},
    }
    monkeypatch.setattr(artifacts, "read_timing", lambda stage, *_: measured[stage])
    said = explain_image._warned(trained, [*FEW, *slow], images=2)
    assert said.startswith("LIME and DeepSHAP need many passes")
    assert "took about 3.5 s where the study was run" in said
    assert explain_image._warned(trained, FEW, images=2) == ""
    del measured["explain_shapley"]["deep_shap_ms_per_image"]
    assert "may take minutes" in explain_image._warned(trained, slow, images=2)


def test_a_named_class_is_explained(here: Path, capsys) -> None:
    path = photo("photo.png")
    first = explain_images([path], GRAY, target="class 3").read_text()
    assert "<- explained" in capsys.readouterr().out
    assert "Why <bdi>class 3</bdi>?" in first and "the class you chose" in first
    assert explain_images([path], GRAY, target="3").read_text() == first
    assert explain_images([path], GRAY, target="4").read_text() != first
    with pytest.raises(UserError, match="no class 'clas 3'; did you mean 'class 3'"):
        explain_images([path], GRAY, target="clas 3")


def test_a_method_that_cannot_serve_is_shown_with_its_reason(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def refuses(*_: object) -> Attribution:
        raise UnsupportedNetwork("it has no <ReLU>")

    def serves(_: object, images: np.ndarray, __: object) -> Attribution:
        values = np.ones(images.shape[:3], np.float32)
        return Attribution(values, {"map_error": np.full(len(images), 0.0123)})

    monkeypatch.setattr(api, "open_cell", OPEN_CELL)
    methods = {"lrp_epsilon": refuses, "saliency": serves}
    monkeypatch.setattr(registry, "with_options", lambda *_: methods)
    page = explain_images([photo("photo.png")], GRAY, wanted=["gradients"])
    text = read_pages.read(page).text
    assert "LRP-ε: it has no <ReLU>" in text
    assert "map error 1.2 %" in text
    assert "not for this network: it has no <ReLU>" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.png",
        "two\nlines.png",
        "$x^2$.png",
        "-rf.png",
        "🦉" * 50 + ".png",
        os.fsdecode(b"\xff\xfe.png"),
        "\u202egnp.exe.png",
    ],
)
def test_a_hostile_name_is_only_a_name(here: Path, capsys, name: str) -> None:
    photo("plain.png")
    try:
        Path("plain.png").rename(name)
    except OSError:
        pytest.skip("this file system has no such names")
    page = explain_images([Path(name)], GRAY)
    assert page.parent == here / "explained"
    assert page.exists() and page.with_suffix(".png").exists()
    assert "onerror" not in [key for key, _ in read_pages.read(page).attributes]
    printed = capsys.readouterr().out
    assert not any(ord(letter) < 32 and letter != "\n" for letter in printed)
    assert printed.count("\n") == printed.rstrip().count("\n") + 1
    printed.encode()


def test_the_second_time_it_is_written_anew_or_not_at_all(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = photo("photo.png")
    page = explain_images([path], GRAY)
    first = page.read_bytes(), page.with_suffix(".png").read_bytes()
    assert explain_images([path], GRAY) == page
    assert (page.read_bytes(), page.with_suffix(".png").read_bytes()) == first
    Image.new("L", (9, 9), 7).save(path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space"):
        patched.setattr("os.fsync", full)
        explain_images([path], GRAY)
    assert (page.read_bytes(), page.with_suffix(".png").read_bytes()) == first
    explain_images([path], GRAY)
    assert page.read_bytes() != first[0]
    assert {p.name for p in page.parent.iterdir()} == {f"photo-{GRAY}.html", f"photo-{GRAY}.png"}


def test_ink_on_paper_is_found_or_hinted_at_and_inverted_by_hand(
    here: Path, cells: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    open_once = api.open_cell

    def on_black(name: str, study: Path) -> api.TrainedCell:
        cell = open_once(name, study)
        digits = np.zeros((50, 16, 16, 1), np.uint8)
        for index, image in enumerate(digits):
            image[4 : 6 + index % 10, 6:10] = 155 + 2 * index
        return replace(cell, dataset=replace(cell.dataset, train_images=digits))

    monkeypatch.setattr(api, "open_cell", on_black)
    paper = np.full((40, 20), 190, np.uint8)
    paper[10:30, 8:12] = 20
    Image.fromarray(paper).save("digit.png")
    page = explain_images([Path("digit.png")], GRAY)
    assert "note: Its border" not in capsys.readouterr().out
    assert "cut out, brought to" in read_pages.read(page).text
    page = explain_images([Path("digit.png")], GRAY, as_is=True)
    assert "note: Its border is bright" in capsys.readouterr().out
    assert "add --invert" in read_pages.read(page).text
    assert "filled with its border’s colour" in read_pages.read(page).text, (
        "nothing of it is cut away"
    )

    explain_images([Path("digit.png")], GRAY, invert=True)
    assert "--levels makes it black" in capsys.readouterr().out
    page = explain_images([Path("digit.png")], GRAY, invert=True, levels=True)
    assert "note: Its" not in capsys.readouterr().out
    expected = np.zeros((16, 16, 3), np.uint8)
    expected[4:12, 7:9] = 255  # 40×20 is 16×8 in the middle of 16×16
    seen = min(pictures(page), key=lambda p: 1e9 if p.shape != (16, 16, 3) else
               np.abs(p.astype(int) - expected).sum())  # fmt: skip
    assert np.abs(seen.astype(int) - expected).mean() < 12


@pytest.mark.parametrize("wrong", ["missing.png", "text.png"])
def test_what_is_no_image_stops_before_any_work(here: Path, wrong: str, monkeypatch) -> None:
    Path("text.png").write_text("no image")
    monkeypatch.setattr(api, "open_cell", lambda _: pytest.fail("the network was loaded"))
    with pytest.raises(UserError, match=wrong):
        explain_images([photo("good.png"), Path(wrong)], GRAY)
    assert not Path("explained").exists()


def test_what_else_can_be_put_right(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = photo("photo.png")
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        explain_images([path], "simple_cnn-digit")
    with pytest.raises(UserError, match="no method 'gradcan'; did you mean 'gradcam'"):
        explain_images([path], GRAY, wanted=["gradcan"])
    with pytest.raises(UserError, match=r"--study nowhere: there is no params\.yaml in it"):
        explain_images([path], GRAY, study=Path("nowhere"))
    with pytest.raises(UserError, match=r"--output .*photo\.png: this is a file"):
        explain_images([path], GRAY, output=path)
    monkeypatch.setattr(api, "open_cell", OPEN_CELL)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(UserError, match="KERAS_BACKEND=jax: explaining needs TensorFlow"):
        explain_images([path], GRAY)
    assert Path.cwd() == here
    assert not Path("explained").exists()


def test_the_measured_accuracy_is_shown_with_what_is_wrong_with_the_network(
    here: Path, cells: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = dict.fromkeys(NEEDED, 0) | {
        "accuracy": 0.9731, "accuracy_low": 0.95, "accuracy_high": 0.99, "test_images": 360,
        "majority_class": "7", "majority_accuracy": 0.9512,
        "per_class": {"7": {"support": 340, "predicted": 360},
                      "3": {"support": 20, "predicted": 0}},
    }  # fmt: skip
    with chdir(cells):
        artifacts.write_metrics("evaluate", GRAY, metrics)
    try:
        page = explain_images([photo("photo.png")], GRAY)
    finally:
        (cells / paths.metrics("evaluate", GRAY)).unlink()
    text = read_pages.read(page).text
    assert "360 test images is 97.3 % (always the majority class: 95.1 %)" in text
    printed = capsys.readouterr().out
    for sentence in ("It always predicts the same class, 7,", "is not above that of"):
        assert sentence in text and sentence in printed
