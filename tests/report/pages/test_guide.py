"""How to read this: terms are linked both ways, and the example tells its cell's own numbers.

That links lead to parts that exist, whatever results are missing, built.check asks of every page.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from heatproof.attribution import registry
from heatproof.report import rendering, study
from heatproof.report.pages import guide
from heatproof.report.sections import example
from heatproof.report.text import methods
from heatproof.storage import artifacts, paths
from heatproof.trust.verdict import AVOID, USE, CellVerdict, MethodVerdict
from stages import report
from tests.report import fixture, read_pages

GUIDE = Path("reports/guide.html")


def terms(page: read_pages.Page) -> list[str]:
    return [name for name in page.ids if name.startswith("term-")]


def rendered(params) -> str:
    """The guide of the results in the current folder."""
    values = guide.context(study.collect(params), {}) | {"root": ""}
    return rendering.environment().get_template("guide.html").render(values)


def test_every_page_leads_to_a_term_and_every_term_to_its_place(small_site, monkeypatch):
    monkeypatch.chdir(small_site)
    made = {p: read_pages.read(p) for p in Path("reports").rglob("*.html")}
    known = set(made[GUIDE].ids)
    assert len(terms(made[GUIDE])) > 35
    for path, page in made.items():
        if path == GUIDE:
            continue
        linked = {link.partition("#")[2] for link in page.links if "guide.html" in link}
        assert linked - {""} or path.name == "claims.html", path
        assert linked - {""} <= known, path
    html = GUIDE.read_text()
    for term in terms(made[GUIDE]):
        entry = html[html.index(f'id="{term}"') :].partition("</dd>")[0]
        assert re.search(
            r'href="(index|methods|libraries|claims|(cells|datasets)/[^"]+)\.html', entry
        ), term
    # What a cell's page has without fail is linked to where it is.
    key_figures = re.findall(r'href="cells/[^"]+#figures">(.*?)</a>', html)
    assert set(key_figures) == {"Key figures"}


def test_the_example_is_chosen_by_its_rule_and_shows_its_numbers(small_study):
    first, second = small_study.cells
    assert example.choose(study.collect(small_study)).name == first
    content = artifacts.read_metrics("evaluate", first)
    changed = {"accuracy": 0.8712, "train_accuracy": 0.9712, "ece": 0.0345}
    changed["top_confusions"] = [{"true": "3", "predicted": "8", "count": 7, "rate": 0.19}]
    artifacts.write_metrics("evaluate", first, content | changed)
    text = read_pages.parse(rendered(small_study)).text
    assert "87.1 % are predicted correctly" in text
    assert "10.0 points more than on test images" in text
    assert "3 predicted as 8, 7 images or 19.0 % of the class" in text
    assert "calibration error is 3.5 %" in text
    paths.metrics("assess", first).unlink()
    assert example.choose(study.collect(small_study)).name == second


def test_the_largest_mean_is_not_left_beside_a_verdict_against_it(small_study):
    (result, _) = study.collect(small_study).cells
    best = example.values(result)["best"][0]
    against = MethodVerdict(AVOID, "It shows edges.", ())
    name = next(n for n in result.verdict.methods if methods.describe(n).label == best)
    result.__dict__["verdict"] = CellVerdict({name: against}, (), float("nan"))
    assert example.values(result)["advised_against"] == against
    result.__dict__["verdict"] = CellVerdict({name: replace(against, level=USE)}, (), float("nan"))
    assert example.values(result)["advised_against"] is None


def test_it_shows_pictures_and_the_studys_own_verdicts(small_study):
    collected = study.collect(small_study)
    shown = example.pictures(collected, example.choose(collected))
    assert [shot.caption.partition(":")[0] for shot in shown.mistake][1:] == ["Grad-CAM"] * 2
    assert shown.zero == () and shown.levels.rows
    assert len({row.verdict.level for row in shown.levels.rows}) == len(shown.levels.rows)
    html = rendered(small_study)
    assert html.count("images/guide.png") == len(shown.mistake)
    assert all(row.verdict.reason in html for row in shown.levels.rows)


@pytest.mark.parametrize(
    ("sure", "right", "verdict"),
    [(0.95, 0.9, ": overconfident"), (0.85, 0.9, "underconfident"), (0.901, 0.9, "calibrated")],
)
def test_over_and_under_confidence_are_distinguished(small_study, sure, right, verdict):
    name = next(iter(small_study.cells))
    one = {"low": 0.8, "high": 1.0, "count": 10, "confidence": sure, "accuracy": right}
    empty = {"low": 0.0, "high": 0.8, "count": 0, "confidence": None, "accuracy": None}
    content = artifacts.read_metrics("evaluate", name) | {"reliability": [empty, one]}
    artifacts.write_metrics("evaluate", name, content)
    assert verdict in read_pages.parse(rendered(small_study)).text


def test_a_study_without_results_still_has_its_guide(folder, repository):
    fixture.params_file(repository)
    report.main()
    page = read_pages.read(GUIDE)
    assert "State what you do not know" in page.text
    assert len(terms(page)) > 35


def test_every_family_names_its_methods(small_study):
    text = read_pages.parse(rendered(small_study)).text
    assert all(f"{m.label} ({m.reference})" in text for m in registry.methods().values())


def test_ten_to_fifteen_questions_some_with_a_hint(small_study):
    html = rendered(small_study)
    questions = html[html.index('<ol class="questions">') :].partition("</ol>")[0]
    entries = questions.split("<li>")[1:]
    assert 10 <= len(entries) <= 15
    assert all("Look at <a href=" in entry for entry in entries)
    assert {"<details>" in entry for entry in entries} == {True, False}
