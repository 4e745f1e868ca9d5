"""The app's page: what it offers, and what it says where there is nothing to offer."""

from pathlib import Path

import pytest

from heatproof.app import server
from heatproof.app.limits import Limits
from heatproof.config.params import Cell
from heatproof.report.pages import app_page
from heatproof.report.pages.app_page import Offer
from tests import small_cell
from tests.report import read_pages

CELL = "simple_cnn-digits"


def read(offer: Offer, folder: Path) -> read_pages.Page:
    path = folder / "page.html"
    path.write_text(app_page.page(offer), encoding="utf-8")
    return read_pages.read(path)


def test_names_are_only_names(tmp_path: Path) -> None:
    hostile = '"><script>alert(1)</script>'
    networks = {hostile: Cell(model=hostile, dataset="<img src=x onerror=alert(2)>")}
    page = read(Offer(networks, megabytes=32, links={"report/index.html": "The report"}), tmp_path)
    assert page.tags.count("script") == 1
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert hostile in [value for key, value in page.attributes if key == "value"]
    assert "up to 32 MiB" in page.text


def test_without_a_trained_network_it_says_what_to_run(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    small_cell.write_params(CELL)
    html = server._page(Limits())
    assert f"Train one with <code>dvc repro train@{CELL}</code>" in html
    assert "heatproof app --study demo" not in html and "<form" not in html
    assert "Open one with <code>dvc repro open@" in app_page.page(Offer(first=CELL, saved=True))
    assert "heatproof app --study demo" in app_page.page(Offer(demo=True))


def test_a_study_that_cannot_be_read_is_told_until_it_can(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    small_cell.write_params(CELL)
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("seed: 42", "seed: <b>"))
    html = server._page(Limits())
    assert "This study cannot be read." in html and "seed" in html and "&lt;b&gt;" in html
    Path("params.yaml").write_text(text)
    assert "cannot be read" not in server._page(Limits())


def test_trained_networks_are_offered_as_they_come(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    small_cell.write_params(CELL, "baseline_cnn-digits")
    weights = Path(f"data/models/{CELL}.weights.h5")
    weights.parent.mkdir(parents=True)
    weights.touch()
    html = server._page(Limits())
    assert f'<option value="{CELL}">simple_cnn on digits</option>' in html
    assert "baseline_cnn" not in html


@pytest.mark.parametrize("level", ["use", "use with care", "do not use"])
def test_the_page_knows_every_verdict(level: str) -> None:
    html = app_page.page(Offer({CELL: Cell(model="simple_cnn", dataset="digits")}, megabytes=1))
    kinds = next(line for line in html.splitlines() if "data-kinds" in line)
    assert f"&#34;{level}&#34;" in kinds
