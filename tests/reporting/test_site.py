"""The whole site, built from files and read back."""

import os
import re
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from stages import artifacts, report
from stages.errors import UserError
from stages.reporting import methods, overview, site, study
from tests.reporting import fixture, galleries, pages, trusted

REPORTS = Path("reports")
WHOLE = ("index.html", "methods.html", "compare.html", "claims.html", "guide.html")


def built() -> dict[str, pages.Page]:
    report.main()
    return {p.relative_to(REPORTS).as_posix(): pages.read(p) for p in REPORTS.rglob("*.html")}


def check(site_pages: dict[str, pages.Page]) -> None:
    """What holds for every page: links and pictures exist, ids are unique, headings descend."""
    for name, page in site_pages.items():
        here = (REPORTS / name).parent
        assert len(page.ids) == len(set(page.ids)), name
        assert page.headings[0] == 1, name
        assert page.headings.count(1) == 1, name
        steps = pairwise(page.headings)
        assert all(after <= before + 1 for before, after in steps), name
        for link in page.links:
            path, _, anchor = link.partition("#")
            target = name if not path else os.path.relpath(here / path, REPORTS)
            assert target in site_pages, f"{name}: {link}"
            assert not anchor or anchor in site_pages[target].ids, f"{name}: {link}"
        for picture in page.pictures:
            assert (here / picture).is_file(), f"{name}: {picture}"


def test_every_cell_has_its_page_and_everything_links_up(small_study):
    made = built()
    assert set(made) == {*WHOLE, *(f"cells/{name}.html" for name in small_study.cells)}
    check(made)
    assert "cells/simple_cnn-digits.html" in made["index.html"].links
    for name, page in made.items():
        root = "../" if name.startswith("cells/") else ""
        assert {f"{root}{other}" for other in WHOLE if other != name} <= set(page.links), name


def test_the_figures_are_those_of_the_metrics_files(small_study):
    name = "simple_cnn-digits"
    content = artifacts.read_metrics("evaluate", name)
    figures = {"accuracy": 0.8767, "accuracy_low": 0.8612, "accuracy_high": 0.8999}
    figures |= {"macro_f1": 0.8543, "parameters": 4242, "flops": 1_234_567}
    artifacts.write_metrics("evaluate", name, content | figures)
    artifacts.write_timing("evaluate", name, {"inference_ms_per_image": 0.0731})
    artifacts.write_timing("train", name, {"train_seconds": 492.0, "images_per_second": 1.0})
    made = built()
    for text in ("87.7 %", "86.1 to 90.0 %", "4.24 k", "1.23 M", "0.073", "8 min 12 s", "0.854"):
        assert text in made["index.html"].text
        assert text in made[f"cells/{name}.html"].text
    assert "4,242" in made[f"cells/{name}.html"].text


def test_the_same_inputs_give_the_same_bytes(folder, repository, monkeypatch):
    found = []
    for number in ("one", "other folder"):
        place = folder / number
        place.mkdir()
        monkeypatch.chdir(place)
        params = fixture.params_file(repository)
        pictures = fixture.digits()
        fixture.write_dataset_metrics("digits", pictures)
        galleries.write_dataset("digits", pictures)
        for name in params.cells:
            fixture.write_cell(params, name, pictures)
        # In a process of its own, with another order of sets and dictionaries' hashes.
        environment = os.environ | {"PYTHONPATH": str(repository)}
        environment["PYTHONHASHSEED"] = str(len(number))
        subprocess.run([sys.executable, "-m", "stages.report"], check=True, env=environment)
        found.append(pages.contents(REPORTS))
    assert found[0] == found[1]
    # Five pages on the whole study, two cells with five sprites each, the strip.
    assert len(found[0]) == 18


def test_what_would_have_to_change_is_shown(small_study):
    page = built()["cells/simple_cnn-digits.html"]
    assert {"changes", "counterfactuals", "adversarial"} <= set(page.ids)
    assert re.search(r"; 4 of \d+ pixels changed, at most by 0.8", page.text)
    assert "rounded to 8 bits, the answer is the old one again" in page.text
    assert "no change found that makes it" in page.text
    assert "stays, whatever step was tried" in page.text


def test_building_needs_no_tensorflow(small_study, repository):
    code = (
        "import sys; from stages import report; report.main(); "
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'mlflow')))"
    )
    environment = os.environ | {"PYTHONPATH": str(repository)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_nothing_from_outside_is_asked_for_and_the_policy_allows_nothing(small_study):
    for name, page in built().items():
        policy = next(v for _, v in page.attributes if v.startswith("default-src"))
        assert policy.startswith("default-src 'none';"), name
        assert "unsafe" not in policy
        assert "http" not in policy
        addresses = [v for k, v in page.attributes if k in ("href", "src", "srcset", "action")]
        assert not [a for a in addresses if re.match(r"(?!data:)[a-z]+:|//", a)], name
        assert not [k for k, _ in page.attributes if k == "style" or k.startswith("on")], name


def test_no_template_turns_escaping_off():
    templates = sorted((Path(site.__file__).parent / "templates").iterdir())
    assert len(templates) >= 4
    for path in templates:
        assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text()), path.name
    assert site.environment().autoescape is True


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    'it\'s "quoted" & more',
    "two\nlines\tand a tab",
    "{{ 7 * 7 }}",
    "\u202egnp.exe",
    "🦉" * 40,
    "nul\x01byte",
    "</style></title>",
    "",
)


def test_hostile_class_names_stay_text(folder, repository):
    params = fixture.params_file(repository)
    pictures = fixture.digits(class_names=HOSTILE)
    fixture.write_dataset_metrics("digits", pictures)
    galleries.write_dataset("digits", pictures)
    for name in params.cells:
        fixture.write_cell(params, name, pictures)
    made = built()
    check(made)
    for name, page in made.items():
        data = page.attributes.count(("type", "application/json"))
        assert page.tags.count("script") == 1 + data, name
        assert page.tags.count("style") == 1, name
        assert "img" not in page.tags, name
        assert not [key for key, _ in page.attributes if key.startswith("on")], name
    text = made["cells/simple_cnn-digits.html"].text
    assert "<script>alert(1)" in text
    assert "{{ 7 * 7 }}" in text
    assert "two lines and a tab" in text
    assert "(no name)" in text


def test_missing_results_are_said_and_are_no_error(folder, repository):
    params = fixture.params_file(repository)
    made = built()
    check(made)
    assert "0 of 2 networks evaluated" in made["index.html"].text
    page = made["cells/simple_cnn-digits.html"]
    assert "metrics/evaluate/simple_cnn-digits.json" in page.text
    for text in ("Not evaluated yet", "No explanations yet", "Not assessed yet", "No training"):
        assert text in page.text
    assert "No explanations assessed yet" in made["methods.html"].text
    assert "No explanations assessed yet" in made["index.html"].text
    assert "Not compared yet" in made["claims.html"].text
    assert len(params.cells) == 2


PARTS = (
    *("metrics/train", "metrics/history", "metrics/evaluate", "metrics/explain_gradients"),
    *("metrics/assess", "metrics/timing", "metrics/preprocess", "data/explanations"),
    *("data/predictions", "data/trust", "data/processed"),
)


@pytest.mark.parametrize("part", PARTS)
def test_each_missing_part_leaves_the_rest(small_study, part):
    shutil.rmtree(part)
    check(built())


def test_a_class_never_predicted_has_no_precision(folder, repository):
    cells = {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")}
    params = fixture.params_file(repository, cells)
    fixture.write_cell(params, "simple_cnn-digits", fixture.digits(), never=4)
    page = built()["cells/simple_cnn-digits.html"]
    assert "Never predicted: 4." in page.text
    assert re.search(r"4 never predicted \d+ – 0\.0 %", page.text)


def test_a_perfect_single_cell_says_so(folder, repository):
    cells = {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")}
    params = fixture.params_file(repository, cells)
    fixture.write_cell(params, "simple_cnn-digits", fixture.digits(), right=1.0)
    made = built()
    check(made)
    page = made["cells/simple_cnn-digits.html"]
    assert page.text.count("None: every test image was answered right.") == 2
    assert "1 trained network: 1 architecture on 1 dataset" in made["index.html"].text


def test_a_hundred_classes_and_a_diverged_training(folder, repository):
    cells = {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")}
    params = fixture.params_file(repository, cells)
    pictures = fixture.digits(class_names=tuple(f"class {i}" for i in range(100)), limit=1000)
    fixture.write_cell(params, "simple_cnn-digits", pictures, right=0.6)
    path = artifacts.history_path("simple_cnn-digits")
    history = artifacts.read_table(path)
    history.loc[2:, ["loss", "val_loss"]] = float("nan")
    artifacts.write_table(path, history)
    made = built()
    check(made)
    page = made["cells/simple_cnn-digits.html"]
    assert "../images/simple_cnn-digits-test.png" in page.pictures
    assert "NaN" not in page.text
    assert (REPORTS / "cells/simple_cnn-digits.html").stat().st_size < 2_000_000


def test_one_epoch_is_told_in_a_table(small_study):
    path = artifacts.history_path("simple_cnn-digits")
    artifacts.write_table(path, artifacts.read_table(path).head(1))
    made = built()
    check(made)
    assert "One epoch makes no curve" in made["cells/simple_cnn-digits.html"].text


def test_forty_cells_are_quick_and_every_curve_is_named(folder, repository):
    models = [f"network_{number}" for number in range(40)]
    cells = {f"{m}-digits": fixture.cell(m, "digits", "simple_cnn") for m in models}
    params = fixture.params_file(repository, cells)
    pictures = fixture.digits()
    for name in cells:
        fixture.write_cell(params, name, pictures)
    started = time.process_time()
    made = built()
    assert time.process_time() - started < 20
    check(made)
    assert len(made) == 45
    assert (REPORTS / "index.html").stat().st_size < 500_000


def test_pages_stay_small_with_every_method(folder, repository):
    cells = {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")}
    params = fixture.params_file(repository, cells)
    fixture.write_cell(params, "simple_cnn-digits", fixture.digits())
    (result,) = study.collect(params).cells
    every = tuple(methods.METHODS)
    trusted.write_cell(params, "simple_cnn-digits", result.explanations(), "planted", every)
    made = built()
    check(made)
    assert all(f"method-{name}" in made["methods.html"].ids for name in every)
    assert (REPORTS / "cells/simple_cnn-digits.html").stat().st_size < 500_000
    assert (REPORTS / "methods.html").stat().st_size < 300_000
    assert (REPORTS / "index.html").stat().st_size < 100_000


def test_a_claim_leads_to_its_cell(small_study):
    trusted.write_claims(small_study.budget, "simple_cnn-digits")
    made = built()
    check(made)
    assert "cells/simple_cnn-digits.html" in made["claims.html"].links
    assert "1 holds, 1 does not hold" in made["index.html"].text


def test_assess_metrics_older_than_the_code_are_named(small_study):
    artifacts.write_metrics("assess", "simple_cnn-digits", {"sanity": {}, "cascade": []})
    with pytest.raises(UserError, match=r"assess/simple_cnn-digits\.json: .*measures.*repro"):
        report.main()


def test_an_interrupted_run_leaves_the_earlier_site(small_study, monkeypatch):
    report.main()
    before = pages.contents(REPORTS)
    artifacts.write_timing("train", "simple_cnn-digits", {"train_seconds": 1.0})

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(site.cell, "context", interrupted)
        with pytest.raises(KeyboardInterrupt):
            report.main()
    assert pages.contents(REPORTS) == before
    assert [p.name for p in Path().glob(".reports*")] == []
    report.main()
    assert pages.contents(REPORTS) != before


def test_a_run_killed_between_the_renames_is_put_right(small_study):
    report.main()
    before = pages.contents(REPORTS)
    REPORTS.rename(".reports.old")
    Path(".reports.new").mkdir()
    report.main()
    assert pages.contents(REPORTS) == before
    assert [p.name for p in Path().glob(".reports*")] == []


def test_a_cell_that_is_gone_loses_its_page(small_study, repository):
    report.main()
    fixture.params_file(repository, {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")})
    made = built()
    assert set(made) == {*WHOLE, "cells/simple_cnn-digits.html"}


def test_a_metrics_file_that_lacks_a_figure_is_named(small_study):
    content = artifacts.read_metrics("evaluate", "simple_cnn-digits")
    del content["ece"]
    artifacts.write_metrics("evaluate", "simple_cnn-digits", content)
    with pytest.raises(UserError, match=r"evaluate/simple_cnn-digits\.json: ece missing.*repro"):
        report.main()
    assert not REPORTS.exists()


def test_a_file_in_the_place_of_the_site_is_not_overwritten(small_study):
    REPORTS.write_text("mine")
    with pytest.raises(UserError, match="expected a folder"):
        report.main()
    assert REPORTS.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18-cifar10", "resnet18-cifar10"),
        ("../../etc/passwd", "~2E.~2F..~2Fetc~2Fpasswd"),
        ("a b&c", "a~20b~26c"),
        ("é", "~C3~A9"),
        ("a~20b", "a~7E20b"),
    ],
)
def test_file_names_stay_in_their_folder_and_need_no_quoting(name, expected):
    assert site.file_name(name) == expected


def test_the_overview_counts_what_is_incomplete(small_study):
    artifacts.metrics_path("assess", "simple_cnn-digits").unlink()
    values = overview.context(study.collect(small_study))
    assert [c.name for c in values["incomplete"]] == ["simple_cnn-digits"]
    assert "1 network of 2 incomplete" in built()["index.html"].text
