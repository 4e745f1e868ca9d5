"""The tables of results are made from metrics/, and stale committed results are named."""

from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import paths
from heatproof.storage.artifacts import write_metrics
from tests import overlay
from tests.scratch import shrunken_params
from tools import results

CELL = "simple_cnn-digits"
HEADLINE = {
    "accuracy": 0.98765, "accuracy_low": 0.97, "accuracy_high": 0.99, "macro_f1": 0.9876,
    "parameters": 1954, "flops": 115722, "epochs": 3, "ece": 0.01, "val_accuracy": 0.9,
    "train_accuracy": 1.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    overlay.write(Path("params.yaml"), shrunken_params(CELL))


def test_the_table_has_a_row_for_each_cell_of_params_yaml():
    write_metrics("evaluate", CELL, HEADLINE)
    _, _, row = results.table().splitlines()
    images = params.load().run(CELL).schedule.train_images
    assert row == (
        f"| simple_cnn | digits | 98.77% | 97.00% – 99.00% | 0.988 | 1,954 | 0.1 M | 3 | {images} |"
    )


def test_accuracies_have_a_row_for_each_model_and_a_column_for_each_dataset():
    study = params.load()
    for name in study.cells:
        write_metrics("evaluate", name, HEADLINE)
    head, _, *rows = results.accuracies().splitlines()
    assert head == "| model | digits |"
    assert rows == ["| simple_cnn | 98.77% |"]


def test_a_cell_without_results_is_a_message():
    with pytest.raises(UserError, match=r"metrics/evaluate/.*: there is no such file"):
        results.table()
    write_metrics("evaluate", CELL, {"accuracy": 0.5})
    with pytest.raises(UserError, match=r"accuracy_low, .* missing"):
        results.table()


def test_missing_markers_are_a_message():
    Path("page.md").write_text("# no markers")
    with pytest.raises(UserError, match=r"page\.md: the markers"):
        results.replaced(Path("page.md"), lambda: "| a |")


def test_stale_results_are_named_and_absent_data_are_no_reason():
    paths.METRICS.mkdir()
    for name in ("claims.json", "old.json"):
        (paths.METRICS / name).write_text("{}")
    recorded = {
        name: {} for name in ("train@a", "train@b", "evaluate@a", "report", "assess@a", "fetch@d")
    } | {"claims": {"outs": [{"path": "metrics/claims.json"}]}}
    deleted = {"changed deps": {"data/processed/d.npz": "deleted"}}
    status = {
        "train@a": [
            {"changed deps": {"data/code/models/x.txt": "modified", "data/runs/a.json": "deleted"}}
        ],
        "train@b": [{"changed deps": {"params.yaml": {"models.b.network": "modified"}}}, deleted],
        "train@c": [deleted],
        "evaluate@a": [{"changed outs": {"metrics/evaluate/a.json": "modified"}}],
        "assess@a": [deleted, {"changed outs": {"data/metrics/assess/a.json": "not in cache"}}],
        "fetch@d": ["changed command"],
        "claims": [{"changed deps": {"claims.yaml": "deleted"}}],
        "report": [{"changed deps": {"data/code/report.txt": "modified"}}],
    }
    assert results.stale(status, recorded) == [
        "train: 3 stale: code, models.b.network, not run yet, options of the run",
        "evaluate: 1 stale: metrics/evaluate/a.json",
        "fetch: 1 stale: changed command",
        "claims: 1 stale: claims.yaml",
        "metrics/old.json: no stage makes it",
    ]
    assert results.stale({"assess@a": [deleted]}, recorded | {"old": {}}) == []


@pytest.mark.parametrize("page", results.TABLES, ids=str)
def test_the_repository_has_the_markers_that_the_table_goes_between(page, repository):
    text, replaced = results.replaced(repository / page, lambda: "x")
    assert text != replaced
