"""The whole site, built from files and read back."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.report import rendering, study
from heatproof.report.pages import overview
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.storage.folders import file_name
from stages import report
from tests.report import fixture, read_pages, trust_results
from tests.report.built_site import DATA, REPORTS, WHOLE, built, check, pages


def test_every_cell_has_its_page_and_everything_links_up(small_site, monkeypatch):
    monkeypatch.chdir(small_site)
    made = pages()
    assert set(made) == {*WHOLE, DATA, *(f"cells/{name}.html" for name in fixture.CELLS)}
    check(made)
    assert "cells/simple_cnn-digits.html" in made["index.html"].links
    for name, page in made.items():
        root = "../" if "/" in name else ""
        assert {f"{root}{other}" for other in WHOLE if other != name} <= set(page.links), name
        assert f"{root}{DATA}" in page.links or name == DATA, name


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


def test_the_same_inputs_give_the_same_bytes_without_tensorflow(
    small_study, small_site, folder, repository
):
    # In another folder and process, with another order of sets.
    code = (
        "import sys; from stages import report; report.main(); "
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'mlflow')))"
    )
    environment = os.environ | {"PYTHONPATH": str(repository), "PYTHONHASHSEED": "11"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    contents = read_pages.contents(REPORTS)
    assert contents == read_pages.contents(small_site / REPORTS)
    # Seven pages on the whole study, two cells with seven sprites each, the guide's sprite, the
    # page of the data and its sprite.
    assert len([name for name in contents if name != "provenance.json"]) == 26


def test_counterfactuals_are_shown(small_site):
    page = read_pages.read(small_site / REPORTS / "cells/simple_cnn-digits.html")
    assert {"counterfactuals", "smallest-changes", "adversarial"} <= set(page.ids)
    assert re.search(r"; 4 of \d+ pixels changed, by at most 0.8", page.text)
    assert "rounding to 8 bits reverts the prediction" in page.text
    assert "no change to " in page.text
    assert "at every step tried" in page.text


def test_the_layer_of_class_activation_maps_is_named(small_site):
    page = read_pages.read(small_site / REPORTS / "cells/simple_cnn-digits.html")
    assert "CAM methods use the layer conv_2." in page.text


def test_settings_that_are_not_set_are_not_listed(small_site):
    page = read_pages.read(small_site / REPORTS / "cells/simple_cnn-digits.html")
    settings = page.text.split(" Settings ")[-1].split(" Provenance")[0]
    assert "batch_size" in settings and "None" not in settings


def test_nothing_from_outside_is_requested_and_the_policy_allows_nothing(small_site, monkeypatch):
    monkeypatch.chdir(small_site)
    for name, page in pages().items():
        policy = next(v for _, v in page.attributes if v.startswith("default-src"))
        assert policy.startswith("default-src 'none';"), name
        assert "unsafe" not in policy
        assert "http" not in policy
        addresses = [v for k, v in page.attributes if k in ("href", "src", "srcset", "action")]
        assert not [a for a in addresses if re.match(r"(?!data:)[a-z]+:|//", a)], name
        assert not [k for k, _ in page.attributes if k == "style" or k.startswith("on")], name


def test_no_template_turns_escaping_off():
    templates = sorted((Path(rendering.__file__).parent / "templates").iterdir())
    assert len(templates) >= 4
    for path in templates:
        assert not re.search(r"\|\s*safe|autoescape|Markup", path.read_text()), path.name
    assert rendering.environment().autoescape is True


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
    fixture.write_study(repository, pictures=fixture.digits(class_names=HOSTILE))
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


def test_a_study_without_claims_says_nothing_of_any(small_study):
    Path("claims.yaml").unlink()
    made = built()
    check(made)
    assert made.keys() >= set(WHOLE) - {"claims.html"} and "claims.html" not in made
    assert not small_study.published
    for name, page in made.items():
        others = re.findall(r"(?i)\bclaims?\b|\bpublication|replication|published \w+", page.text)
        assert not set(others) - {"published schedules"}, name


def test_a_claim_leads_to_its_cell(small_study):
    trust_results.write_claims(small_study.budget, "simple_cnn-digits")
    made = built()
    check(made)
    assert "cells/simple_cnn-digits.html" in made["claims.html"].links
    assert "1 holds, 1 does not hold" in made["index.html"].text


def test_assess_metrics_older_than_the_code_are_named(small_study):
    artifacts.write_metrics("assess", "simple_cnn-digits", {"sanity": {}, "cascade": []})
    with pytest.raises(UserError, match=r"assess/simple_cnn-digits\.json: .*measures.*repro"):
        report.main()


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
    assert file_name(name) == expected


def test_the_overview_counts_what_is_incomplete(small_study):
    paths.metrics("assess", "simple_cnn-digits").unlink()
    values = overview.context(study.collect(small_study))
    assert [c.name for c in values["incomplete"]] == ["simple_cnn-digits"]
    assert "1 network of 2 incomplete" in built()["index.html"].text
