"""The README tells what metrics/ holds, and the committed results belong together."""

from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, tables
from tools import results

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_readmes_table_is_the_one_that_metrics_give():
    text = results.README.read_text(encoding="utf-8")
    assert results.replaced(text, results.table()) == text


def test_every_committed_metric_belongs_to_the_budget_in_force():
    study = params.load()
    for cell in study.cells:
        trained = artifacts.read_metrics("train", cell)
        assert trained["epochs"] == study.schedule_of(cell).epochs
        history = tables.read_table(paths.history(cell))
        assert len(history) == trained["epochs_run"]


def test_missing_markers_are_a_message():
    with pytest.raises(UserError, match="markers"):
        results.replaced("# no markers", "| a |")
