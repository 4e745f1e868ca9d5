"""Two studies on one page: what is compared, and what is said where it cannot be."""

import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from heatproof.config.params import Params
from heatproof.report.pages import two_studies
from heatproof.report.sections import two_sides
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from tests import overlay
from tests.report import read_pages
from tests.report.two_studies import CELL, changed, read, remove

PAGE = Path("comparison")
OTHER = "baseline_cnn-digits"


@pytest.fixture(scope="module")
def studies(tmp_path_factory, written_study: tuple[Path, Params]) -> tuple[Path, Path]:
    """A study, and one of which a cell was made worse; they are only read."""
    place = tmp_path_factory.mktemp("two")
    return written_study[0], changed(written_study[0], place / "changed")


@pytest.fixture
def second(studies: tuple[Path, Path], folder: Path) -> Path:
    """A copy of the second, to be changed further."""
    return Path(shutil.copytree(studies[1], folder / "second"))


def written(first: Path, second: Path) -> read_pages.Page:
    two_studies.write(read(first), read(second), PAGE, "heatproof compare a b")
    return read_pages.read(PAGE / "index.html")


def test_it_says_what_changed_and_what_came_of_it(studies, folder: Path) -> None:
    page = written(*studies)
    assert len(page.ids) == len(set(page.ids)) and page.headings.count(1) == 1
    assert "models.simple_cnn.network.kernel_size" in page.text
    assert "1 parameter differs. On simple_cnn-digits A is more accurate, by" in page.text
    assert "No difference of accuracy is shown on 1 cell." in page.text
    assert "Saliency changed A use" in page.text and "B do not use" in page.text
    assert "The same on both sides, to the last bit" in page.text, "the other cell"
    assert set(page.pictures) == {"images/0.png"} and (PAGE / "images" / "0.png").is_file()
    assert not (PAGE / "images" / "1.png").exists()
    before = read_pages.contents(PAGE)
    written(*studies)
    assert read_pages.contents(PAGE) == before


def test_the_accuracies_are_compared_image_by_image(studies) -> None:
    first, second = (read(each).cells[CELL] for each in studies)
    pair = two_sides.pair(first, second)
    right = [
        artifacts.read_predictions(CELL, each).predicted
        == artifacts.read_predictions(CELL, each).labels
        for each in studies
    ]
    assert pair.paired["difference"] == pytest.approx(right[1].mean() - right[0].mean())
    assert pair.paired["first_only"] == (right[0] & ~right[1]).sum()
    assert [row.method.name for row in pair.changed] == ["saliency"]
    assert pair.rows[0].method.name == "saliency", "what changed comes first"


def test_maps_of_the_same_images_stand_side_by_side(studies) -> None:
    first, second = (read(each).cells[CELL] for each in studies)
    pair = two_sides.pair(first, second)
    by_name = {row.method.name: row for row in pair.rows}
    assert by_name["lime"].correlation == pytest.approx(1.0), "the same maps"
    signed = [row for row in pair.rows if row.correlation == pytest.approx(-1.0)]
    assert signed, "turned round"
    assert len(pair.examples) == two_sides.IMAGES == len(by_name["lime"].pictures)
    images = artifacts.read_maps(CELL, ["gradients"], studies[0])
    assert {x.index for x in pair.examples} <= set(images.image_index.tolist())
    assert len({x.index for x in pair.examples}) == two_sides.IMAGES, "each image once"


def test_without_predictions_there_are_intervals_and_a_reason(studies, second: Path) -> None:
    remove(second)
    page = written(studies[0], second)
    assert "not tested: no predictions of B are at hand" in page.text
    assert "What is not at hand Of B, second simple_cnn-digits: no predictions" in page.text
    assert "Run it with heatproof repro." in page.text


def test_without_any_result_the_headline_of_git_is_left(studies, second: Path) -> None:
    shutil.rmtree(second / "data")
    page = written(studies[0], second)
    accuracy = artifacts.read_metrics("evaluate", OTHER, (), studies[0])["accuracy"]
    assert f"{100 * accuracy:.1f} %" in page.text
    assert "no metrics, predictions, verdicts and maps" in page.text
    shutil.rmtree(second / "metrics")
    page = written(studies[0], second)
    assert "No verdicts or maps to compare" not in page.text, "A has verdicts"
    assert "No maps to compare: of B there are none" in page.text


def test_other_test_images_are_not_compared_one_by_one(studies, second: Path) -> None:
    path = second / paths.processed("digits")
    path.write_bytes(path.read_bytes() + b" ")
    assert "not tested: the test images are not the same" in written(studies[0], second).text


def test_cells_of_one_side_only_are_named(studies, second: Path) -> None:
    content = overlay.read(second / "params.yaml")
    content["cells"] = {"lenet5-digits": {"model": "lenet5", "dataset": "digits"}}
    overlay.write(second / "params.yaml", content)
    page = written(studies[0], second)
    assert "No cell is in both: there is no accuracy, verdict or map to compare." in page.text
    assert f"Only in A: {CELL}, {OTHER}" in page.text and "Only in B: lenet5-digits" in page.text


def test_the_same_study_elsewhere_differs_by_nothing(studies, folder: Path) -> None:
    copy = Path(shutil.copytree(studies[0], folder / "copy"))
    page = written(studies[0], copy)
    assert "No parameter differs." in page.text and "None of" in page.text
    assert page.text.count("The same on both sides, to the last bit") == 2
    assert "Nothing: both have the same parameters" in page.text


def test_files_of_another_version_are_told_and_not_read(studies, second: Path) -> None:
    content = artifacts.read_metrics("assess", CELL, (), second)
    content.pop("tests")
    remove(second, paths.metrics("assess", CELL))
    with chdir(second):
        artifacts.write_metrics("assess", CELL, content)
        artifacts.write_metrics("assess", OTHER, content | {"tests": {"faithful": 3}})
    (second / paths.explanations(CELL, "gradients")).write_bytes(b"broken")
    page = written(studies[0], second)
    assert f"{paths.metrics('assess', CELL)}" in page.text and str(second) not in page.text
    assert "written by a version whose files are not read here" in page.text
    assert "the file is damaged" in page.text


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "this is not a study, it has no params.yaml"), ("a: [", "params.yaml"),
     ("a: &a {b: *a}", "its anchors make more of it than can be read"),
     ("a0: &a0 [1]\n" + "".join(
         f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]\n" for i in range(9)
      ), "its anchors make more of it than can be read"),
     ("seed: 1", "lists no cells"), ("cells: 3", "lists no cells")],
)  # fmt: skip
def test_what_is_no_study_is_refused(folder: Path, content: str | None, expected: str) -> None:
    (folder / "it").mkdir()
    if content is not None:
        (folder / "it" / "params.yaml").write_text(content)
    with pytest.raises(UserError, match=expected):
        read(folder / "it", "it")


def test_hostile_names_stay_text(studies, second: Path) -> None:
    bad = "<script>alert(1)</script>{{ 7 * 7 }}"
    content = overlay.read(second / "params.yaml")
    content[bad] = bad
    content["cells"][bad] = {"model": bad, "dataset": bad}
    overlay.write(second / "params.yaml", content)
    two_studies.write(read(studies[0]), read(second, bad), PAGE, bad)
    page = read_pages.read(PAGE / "index.html")
    assert page.tags.count("script") == 1 and "<script>alert(1)" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert not [key for key, _ in page.attributes if key.startswith("on")]


@pytest.mark.parametrize("value", ['"<b>"', "[]", "{}", "null", "1e999", "1" + "0" * 400, "NaN"])
def test_a_headline_that_is_no_number_is_none(studies, second: Path, value: str) -> None:
    shutil.rmtree(second / "data")
    headline = second / paths.headline("evaluate", CELL)
    headline.write_text(f'{{"accuracy": {value}, "ece": {value}}}')
    (second / "params.yaml").write_text(
        (second / "params.yaml").read_text() + "\nmore: [{1: a, b: c}]\n"
    )
    assert read(second).cells[CELL].figures == {}
    written(studies[0], second)
