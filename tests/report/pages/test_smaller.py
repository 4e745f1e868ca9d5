"""The page on derived networks: beside their origins, before they are compared, and links to it."""

from pathlib import Path

import pytest

from heatproof.config.params import Params
from heatproof.config.runs import ComparedRun, DerivedCell
from heatproof.report import rendering, site, study
from heatproof.report.pages import smaller
from heatproof.report.text import methods
from heatproof.storage import artifacts
from tests.report import built_site, cell_page, read_pages
from tests.report.derived_comparisons import ORIGIN, compared, write


@pytest.fixture
def derived(small_study: Params) -> Params:
    """Return parameters with two networks that are derived from a cell, and a second training."""
    entry = DerivedCell(
        model="small", dataset="digits", origin=ORIGIN, reads="data/code/derive.txt"
    )
    tiny = entry.model_copy(update={"model": "tiny", "origin": "small-digits"})
    run = ComparedRun(model="simple_cnn", dataset="digits", run=f"{ORIGIN}-seed43")
    lists = {"derived": {"small-digits": entry, "tiny-digits": tiny}, "compared": {ORIGIN: run}}
    return small_study.model_copy(update=lists)


def page(params: Params) -> read_pages.Page:
    values = smaller.context(study.collect(params)) | {"root": "", "here": "smaller"}
    return read_pages.parse(rendering.page(rendering.environment(), "smaller.html", values))


def test_nothing_compared_yet(derived: Params) -> None:
    text = page(derived).text
    assert "2 networks not compared yet: small-digits, tiny-digits" in text
    assert "No derived network was compared with its origin yet." in text


def test_the_site_has_the_page_and_leads_to_it(derived: Params) -> None:
    tiny = compared(0.12, -0.03, 0.0, 500) | {"origin": "small-digits"}
    write({"small-digits": compared(), "tiny-digits": tiny})
    site.build(study.collect(derived), Path("reports"))
    pages = built_site.pages()
    built_site.check(pages)
    shown = pages["smaller.html"]
    assert "4.0 times smaller, 0.10 points less accurate, which may be chance" in shown.text
    assert "no better than those of randomised weights do" in shown.text
    assert "rounded to <4> bits" in shown.text
    assert "Two trainings, all methods 100 0.50" in shown.text
    assert "1.5×" in shown.text
    assert {"derived-small-digits", "derived-tiny-digits", "numbers"} <= set(shown.ids)
    overview = pages["index.html"]
    assert "Of 2 derived networks, 1 keeps maps" in overview.text
    assert "smaller.html" in overview.links
    origin = pages[f"cells/{ORIGIN}.html"]
    assert "Made from this network: small-digits." in origin.text
    assert "../smaller.html" in origin.links


def test_a_study_without_any_has_no_such_page(small_site: Path) -> None:
    assert not (small_site / "reports" / "smaller.html").exists()
    links = read_pages.read(small_site / "reports" / "index.html").links
    assert "smaller.html" not in links


def test_an_integer_network_says_what_each_method_explains(derived: Params) -> None:
    cell = "baseline_cnn-digits"
    entry = derived.derived["small-digits"].model_copy(update={"model": "baseline_cnn"})
    write({cell: compared()})
    _, shown, _ = cell_page.page(derived.model_copy(update={"derived": {cell: entry}}), cell)
    names = artifacts.read_metrics("assess", cell)["agreement"]["methods"]
    program, floats = (
        ", ".join(
            methods.describe(name).label
            for name in names
            if (methods.describe(name).needs == "predictions") == of_program
        )
        for of_program in (True, False)
    )
    assert program and floats
    assert f"Maps of the integer program: {program}." in shown.text
    assert f"Maps of the floating-point network with its weights: {floats}." in shown.text
