"""The site built where there is one already, or something else in its place."""

from pathlib import Path

import pytest

from heatproof.report import site
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from stages import report
from tests.report import fixture, read_pages
from tests.report.built_site import DATA, REPORTS, WHOLE, built


def test_an_interrupted_run_leaves_the_earlier_site(small_study, monkeypatch):
    report.main()
    before = read_pages.contents(REPORTS)
    artifacts.write_timing("train", "simple_cnn-digits", {"train_seconds": 1.0})

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(site.cell, "context", interrupted)
        with pytest.raises(KeyboardInterrupt):
            report.main()
    assert read_pages.contents(REPORTS) == before
    assert [p.name for p in Path().glob(".reports*")] == []
    report.main()
    assert read_pages.contents(REPORTS) != before


def test_a_run_killed_between_the_renames_is_put_right(small_study):
    report.main()
    before = read_pages.contents(REPORTS)
    REPORTS.rename(".reports.old")
    Path(".reports.new").mkdir()
    report.main()
    assert read_pages.contents(REPORTS) == before
    assert [p.name for p in Path().glob(".reports*")] == []


def test_a_cell_that_is_gone_loses_its_page(small_study, repository):
    report.main()
    fixture.params_file(repository, {"simple_cnn-digits": fixture.cell("simple_cnn", "digits")})
    made = built()
    assert set(made) == {*WHOLE, DATA, "cells/simple_cnn-digits.html"}


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
