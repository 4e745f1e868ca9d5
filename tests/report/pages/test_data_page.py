"""A dataset's page: what was found in it, and what it does to accuracy."""

import re
from dataclasses import replace

import numpy as np
import pytest

from heatproof.report.pages.data import MAX_ROWS, balance, class_rows, size_notes
from heatproof.storage import artifacts, origins, paths
from tests.report import fixture
from tests.report.built_site import DATA, built, check

CELL = "simple_cnn-digits"


def with_copies(leaked: int, exact: int) -> None:
    """Say of the study's dataset that its first test images are copies of training images."""
    content = artifacts.read_metrics("inspect", "digits")
    copies = content["copies"] | {
        "leak": True, "test_images": leaked, "test_exact": exact, "leaked": list(range(leaked)),
        "images": 2 * leaked,
    }  # fmt: skip
    copies["groups"]["across"] = {
        "count": leaked, "shown": [{"images": 9, "exact": True, "pictures": [0, 1, 2, 3]}]
    }  # fmt: skip
    artifacts.write_metrics("inspect", "digits", content | {"copies": copies})


def test_a_clean_dataset_says_so(small_study):
    made = built()
    check(made)
    text = made[DATA].text
    assert "No copies of images, and none that is unusually dark, bright or blank." in text
    assert "Every image is there once." in text
    assert "10 classes, of " in text
    assert (
        "among the training images" not in made["index.html"].text + made[f"cells/{CELL}.html"].text
    )


def test_a_leak_is_a_headline_with_the_accuracy_without_it(small_study):
    predictions = artifacts.read_predictions(CELL)
    right = predictions.predicted == predictions.labels
    with_copies(leaked=100, exact=4)
    made = built()
    check(made)
    without, copies = (f"{100 * float(right[part].mean()):.1f} %"
                       for part in (slice(100, None), slice(100)))  # fmt: skip
    overview, cell, data = (made[n].text for n in ("index.html", f"cells/{CELL}.html", DATA))
    assert "100 of 200 test images (50.0 %) have a near duplicate among the training" in overview
    assert "4 of them an exact copy" in overview
    assert f"{DATA}#copies" in made["index.html"].links
    assert f"On the others it is {without} instead of" in cell
    assert "LEAK: 100 of 200 test images" in data and "9 images, 4 shown" in data
    assert without in data and copies in data


def test_contradicted_labels_are_shown_with_both_probabilities(small_study):
    for name in fixture.CELLS:
        predictions = artifacts.read_predictions(name)
        logits = np.eye(10, dtype=np.float32)[predictions.labels] * 9
        logits[7] = 0
        logits[7, (predictions.labels[7] + 1) % 10] = 9
        artifacts.write_predictions(name, replace(predictions, logits=logits))
    text = built()[DATA].text
    assert f"1 of {len(predictions.labels)} images; by the mean prediction of " in text
    assert re.search(r"label \d 0\.0 %\s*predicted \d 99\.9 %\s*test image 7", text)
    assert "Training images cannot be judged by networks that were fitted to them" in text


@pytest.mark.parametrize("place", [paths.raw, paths.processed])
def test_without_a_dataset_no_label_is_judged(small_study, place):
    file_or_folder = place("digits")
    file_or_folder.rename(file_or_folder.with_name("elsewhere"))
    made = built()
    check(made)
    assert "The dataset’s images are not in this folder: create them with" in made[DATA].text
    assert "Training images cannot be judged" not in made[DATA].text


def test_remarks_of_the_source_are_shown(small_study):
    known = replace(origins.UNKNOWN, remarks=("1 file is no image: <b>README.txt",))
    origins.write("digits", known)
    assert "1 file is no image: <b>README.txt" in built()[DATA].text


def test_a_report_without_inspection_has_no_page(small_study):
    paths.metrics("inspect", "digits").unlink()
    made = built()
    check(made)
    assert DATA not in made


@pytest.mark.parametrize("classes", [3, 1000])
def test_of_many_classes_the_largest_and_smallest_are_listed(classes: int) -> None:
    counts = np.arange(classes, 0, -1).tolist()
    content = {
        "class_names": [f"class {i}" for i in range(classes)],
        "parts": {"training": sum(counts), "validation": 0, "test": classes},
        "per_class": {"training": counts, "validation": [0] * classes, "test": [1] * classes},
    }
    rows = class_rows(content)
    assert len(rows) == min(classes, MAX_ROWS)
    assert rows[0] == ("class 0", {"training": classes, "test": 1})
    assert rows[-1] == (f"class {classes - 1}", {"training": 1, "test": 1})
    assert balance(content).startswith(f"{classes:,} classes, of 1 to {classes:,} training images")


def test_sizes_of_files_in_words() -> None:
    one = {"min": [32, 32], "max": [32, 32], "median": [32, 32], "enlarged": 0, "stretched": 0}
    assert size_notes(None) == size_notes(one) == ""
    many = one | {"max": [90, 40], "enlarged": 1, "stretched": 2}
    assert size_notes(many) == (
        "median 32×32; 1 image smaller than what the networks see; "
        "2 images whose ratio of sides changes by more than half"
    )


def test_names_from_the_data_are_escaped(folder, repository):
    names = tuple(f"<script>alert({i})</script>" for i in range(10))
    pictures = fixture.digits(class_names=names)
    fixture.write_study(repository, pictures=pictures)
    built()
    html = (folder / "reports" / DATA).read_text(encoding="utf-8")
    assert "<script>alert" not in html and "&lt;script&gt;alert(3)" in html
