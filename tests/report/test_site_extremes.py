"""The whole site of unusual results: missing, perfect, diverged, very many."""

import re
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest

from heatproof.attribution import registry
from heatproof.report import study
from heatproof.storage import artifacts, formats, paths, tables
from tests.report import fixture, trust_results
from tests.report.built_site import REPORTS, built, check


def test_missing_results_are_listed_and_are_no_error(folder, repository):
    params = fixture.params_file(repository)
    made = built()
    check(made)
    assert "0 of 2 networks evaluated" in made["index.html"].text
    assert "0 of 2 training runs finished" in made["index.html"].text
    page = made["cells/simple_cnn-digits.html"]
    assert "data/metrics/evaluate/simple_cnn-digits.json" in page.text
    for text in ("Not evaluated yet", "No explanations yet", "Not assessed yet", "No training"):
        assert text in page.text
    assert "No explanations assessed yet" in made["methods.html"].text
    assert "No explanations assessed yet" in made["index.html"].text
    assert "Not compared yet" in made["claims.html"].text
    assert len(params.cells) == 2


# Two at a time that no section of a page reads together.
PARTS = (
    ("data/metrics/train", "data/explanations"),
    ("data/history", "data/predictions"),
    ("data/metrics/evaluate", "data/trust"),
    ("data/metrics/explain_gradients", "data/processed"),
    ("data/metrics/assess", "data/timing"),
    ("data/metrics/preprocess",),
)


@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_each_missing_part_leaves_the_rest(small_study, parts):
    for part in parts:
        shutil.rmtree(part)
    check(built())


def test_a_class_never_predicted_has_no_precision(folder, repository):
    cells = {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")}
    params = fixture.params_file(repository, cells)
    fixture.write_cell(params, "simple_cnn-digits", fixture.digits(), never=4)
    page = built()["cells/simple_cnn-digits.html"]
    assert "Never predicted: 4." in page.text
    assert re.search(r"4 never predicted \d+ – 0\.0 %", page.text)


def marked(page, word):
    """Check that the page opens without maps, and that every map of its gallery has this mark."""
    assert ("class", "opening-maps") not in page.attributes
    maps = sum(name == "data-method" for name, _ in page.attributes)
    assert maps and page.text.count(f"{word} ") >= maps


def test_maps_that_are_not_assessed_say_so_and_none_is_to_be_believed(small_study):
    name = "simple_cnn-digits"
    shutil.rmtree("data/metrics/assess")
    paths.explanations(name, "features").unlink(missing_ok=True)
    made = built()
    check(made)
    assert "Explanations not assessed yet." in made["index.html"].text
    assert not [each for each in made["index.html"].pictures if "strip-" in each]
    page = made[f"cells/{name}.html"]
    marked(page, "not assessed")
    assert "whether its maps can be believed is not assessed, so none is shown here" in page.text
    assert not [each for each in made["guide.html"].pictures if "verdict-" in each]


def test_a_network_at_chance_is_told_first_and_nothing_rests_on_its_maps(small_study):
    chance, other = "simple_cnn-digits", "baseline_cnn-digits"
    evaluate = artifacts.read_metrics("evaluate", chance)
    per_class = {
        name: each | {"predicted": 400 if name == "3" else 0}
        for name, each in evaluate["per_class"].items()
    }
    low = {"accuracy": 0.1, "accuracy_low": 0.07, "accuracy_high": 0.13}
    artifacts.write_metrics("evaluate", chance, evaluate | low | {"per_class": per_class})
    paths.history(chance).unlink()
    assess = artifacts.read_metrics("assess", chance)
    artifacts.write_metrics("assess", chance, assess | {"above_chance": False})
    made = built()
    check(made)
    overview, page = made["index.html"].text, made[f"cells/{chance}.html"].text
    assert page.index("Before all else") < page.index(" missing: heatproof repro")
    for text in (overview, page):
        assert "It always predicts the same class, 3, whatever the image shows." in text
        assert "It never predicts 9 of 10 classes of the test images: 0, 1, 2, 4, 5" in text
    assert "1 network of 2 to be read with care" in overview
    assert re.search(r"simple_cnn .* chance ", overview)
    assert "These numbers mean nothing about the methods." in page
    assert "best:" not in page.split("Trust in the maps")[-1].split("Settings")[0]
    assert "No explanation is to be believed: its accuracy is not above" in overview
    assert f"images/strip-{chance}.png" not in made["index.html"].pictures
    marked(made[f"cells/{chance}.html"], "means nothing")
    assert f"{other.replace('-', ' on ')}." in overview  # the finding is of the other network alone
    methods = made["methods.html"].text
    assert re.search(
        rf"Left out everywhere on this page, since its .* show nothing: {chance}", methods
    )
    assert "methods on 1 network of 2" in methods
    assert other in made["guide.html"].text and chance not in made["guide.html"].text


def test_figures_and_maps_that_are_not_known_leave_the_rest(small_study):
    cell = "simple_cnn-digits"

    def unknown(content, name=""):
        if isinstance(content, dict):
            return {key: unknown(each, key) for key, each in content.items()}
        is_figure = isinstance(content, float) and "accuracy" not in name
        return float("nan") if is_figure else content

    for stage in ("evaluate", "assess"):
        artifacts.write_metrics(stage, cell, unknown(artifacts.read_metrics(stage, cell)))
    found = artifacts.read_explanations(cell, "gradients")
    maps = {name: np.full_like(each, np.nan) for name, each in found.maps.items()}
    artifacts.write_explanations(cell, "gradients", replace(found, maps=maps))
    check(built())


def test_a_perfect_single_cell_has_a_page(folder, repository):
    cells = {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")}
    params = fixture.params_file(repository, cells)
    fixture.write_cell(params, "simple_cnn-digits", fixture.digits(), right=1.0)
    made = built()
    check(made)
    page = made["cells/simple_cnn-digits.html"]
    assert page.text.count("None: every test image was predicted correctly.") == 2
    assert "1 trained network: 1 architecture on 1 dataset" in made["index.html"].text


def test_a_hundred_classes_and_a_diverged_training(folder, repository):
    cells = {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")}
    params = fixture.params_file(repository, cells)
    pictures = fixture.digits(class_names=tuple(f"class {i}" for i in range(100)), limit=1000)
    fixture.write_cell(params, "simple_cnn-digits", pictures, right=0.6)
    path = paths.history("simple_cnn-digits")
    history = tables.read_table(path)
    history.loc[2:, ["loss", "val_loss"]] = float("nan")
    tables.write_table(path, history)
    made = built()
    check(made)
    page = made["cells/simple_cnn-digits.html"]
    assert "../images/simple_cnn-digits-test.png" in page.pictures
    assert "NaN" not in page.text
    assert (REPORTS / "cells/simple_cnn-digits.html").stat().st_size < 2_000_000


def test_one_epoch_is_shown_in_a_table(small_study):
    path = paths.history("simple_cnn-digits")
    tables.write_table(path, tables.read_table(path).head(1))
    made = built()
    check(made)
    assert "Values of the only epoch" in made["cells/simple_cnn-digits.html"].text


def test_many_cells_are_quick(folder, repository, monkeypatch):
    # The files of one cell stand for all.
    monkeypatch.setattr(formats, "seal", lambda made_by, content: "sealed")
    models = [f"network_{number}" for number in range(12)]
    cells = {f"{m}-digits": fixture.cell(m, "digits") for m in models}
    params = fixture.params_file(repository, cells)
    first, *others = cells
    fixture.write_cell(params, first, fixture.digits())
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        name = path.relative_to(folder).as_posix()
        for other in others if first in name else ():
            copy = folder / name.replace(first, other)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, copy)
    started = time.process_time()
    made = built()
    assert time.process_time() - started < 6
    check(made)
    assert len(made) == 7 + 12
    assert (REPORTS / "index.html").stat().st_size < 200_000


def test_pages_stay_small_with_every_method(folder, repository):
    cells = {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")}
    params = fixture.params_file(repository, cells)
    fixture.write_cell(params, "simple_cnn-digits", fixture.digits())
    (result,) = study.collect(params).cells
    every = tuple(n for n, m in registry.methods().items() if m.needs != "attention")
    trust_results.write_cell(params, "simple_cnn-digits", result.explanations(), "planted", every)
    made = built()
    check(made)
    assert all(f"method-{name}" in made["methods.html"].ids for name in every)
    assert (REPORTS / "cells/simple_cnn-digits.html").stat().st_size < 550_000
    assert (REPORTS / "methods.html").stat().st_size < 300_000
    assert (REPORTS / "index.html").stat().st_size < 100_000
