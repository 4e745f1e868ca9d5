"""How to read this: terms are linked both ways, and the example tells its cell's own numbers.

That links lead to parts that exist, whatever results are missing, built.check asks of every page.
"""

import re
from pathlib import Path

import pytest

from heatproof.attribution import registry
from heatproof.report import study
from heatproof.report.pages import guide
from heatproof.report.sections import example
from heatproof.report.text import glossary
from heatproof.storage import artifacts, paths
from stages import report
from tests.report import fixture, read_pages

GUIDE = Path("reports/guide.html")


def terms() -> list[str]:
    return [f"term-{term.id}" for group in glossary.groups() for term in group.terms]


def test_every_page_leads_to_a_term_and_every_term_to_its_place(small_site, monkeypatch):
    monkeypatch.chdir(small_site)
    made = {p: read_pages.read(p) for p in Path("reports").rglob("*.html")}
    known = set(made[GUIDE].ids)
    assert set(terms()) <= known
    for path, page in made.items():
        if path == GUIDE:
            continue
        linked = {link.partition("#")[2] for link in page.links if "guide.html" in link}
        assert linked - {""} or path.name == "claims.html", path
        assert linked - {""} <= known, path
    html = GUIDE.read_text()
    for term in terms():
        entry = html[html.index(f'id="{term}"') :].partition("</dd>")[0]
        assert re.search(r'href="(index|methods|claims|cells/[^"]+)\.html', entry), term


def test_the_example_is_chosen_by_its_rule_and_tells_its_numbers(small_study):
    first, second = small_study.cells
    assert example.choose(study.collect(small_study)).name == first
    content = artifacts.read_metrics("evaluate", first)
    changed = {"accuracy": 0.8712, "train_accuracy": 0.9712, "ece": 0.0345}
    changed["top_confusions"] = [{"true": "3", "predicted": "8", "count": 7, "rate": 0.19}]
    artifacts.write_metrics("evaluate", first, content | changed)
    values = guide.context(study.collect(small_study))
    text = " ".join(step.text for step, _ in values["steps"])
    assert "87.1 % are predicted correctly" in text
    assert "10.0 points more than on test images" in text
    assert "3 predicted as 8, 7 images or 19.0 % of the class" in text
    assert "calibration error is 3.5 %" in text
    paths.metrics("assess", first).unlink()
    assert example.choose(study.collect(small_study)).name == second


@pytest.mark.parametrize(
    ("sure", "right", "verdict"),
    [(0.95, 0.9, ": overconfident"), (0.85, 0.9, "underconfident"), (0.901, 0.9, "calibrated")],
)
def test_over_and_under_confidence_are_told_apart(small_study, sure, right, verdict):
    name = next(iter(small_study.cells))
    one = {"low": 0.8, "high": 1.0, "count": 10, "confidence": sure, "accuracy": right}
    empty = {"low": 0.0, "high": 0.8, "count": 0, "confidence": None, "accuracy": None}
    content = artifacts.read_metrics("evaluate", name) | {"reliability": [empty, one]}
    artifacts.write_metrics("evaluate", name, content)
    cell = study.collect(small_study).cells[0]
    assert verdict in " ".join(step.text for step in example.steps(cell))


def test_a_study_without_results_still_has_its_guide(folder, repository):
    fixture.params_file(repository)
    report.main()
    page = read_pages.read(GUIDE)
    assert "State what you do not know" in page.text
    assert set(terms()) <= set(page.ids)


def test_every_family_names_its_methods_and_every_place_has_a_name():
    sources = " ".join(term.source for term in glossary.family_terms())
    assert all(f"{m.label} ({m.reference})" in sources for m in registry.methods().values())
    places = {place for group in glossary.groups() for term in group.terms for place in term.places}
    assert places <= set(guide.PARTS)


def test_ten_to_fifteen_questions_some_with_a_hint(small_study):
    values = guide.context(study.collect(small_study))
    questions = values["questions"]
    assert 10 <= len(questions) <= 15
    assert all(question.links for question in questions)
    assert {bool(question.hint) for question in questions} == {True, False}
