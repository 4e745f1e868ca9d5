"""Values put into params.yaml: its comments and layout stay, and nothing else changes."""

import difflib
import shutil
from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.config.tuned import run_with
from heatproof.run.errors import UserError
from heatproof.tuning import applying
from tests.scratch import ROOT

CELL = "simple_cnn-mnist"
VALUES = {
    "schedules.learning_rate": 0.00321,
    "training.label_smoothing": 0.1,
    "network.kernel_size": 5,
    "network.filters": [16, 16],
}


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_the_real_file_keeps_every_other_line(tmp_path):
    path = tmp_path / "params.yaml"
    shutil.copyfile(ROOT / "params.yaml", path)
    before, study = path.read_text("utf-8"), params.load(path)
    applying.apply(path, applying.places(study, CELL, VALUES))
    after = path.read_text("utf-8")
    assert changed_lines(before, after) == [
        "-    network: {architecture: simple_cnn, filters: [8, 8], kernel_size: 3}",
        "+    network: {architecture: simple_cnn, filters: [16, 16], kernel_size: 5}",
        "+        mnist: {learning_rate: 0.00321, training: {label_smoothing: 0.1}}",
    ]
    assert params.load(path).run(CELL) == run_with(study, CELL, VALUES)
    assert [each.name for each in tmp_path.iterdir()] == ["params.yaml"]


def test_other_datasets_keep_their_schedules(tmp_path):
    path = tmp_path / "params.yaml"
    shutil.copyfile(ROOT / "params.yaml", path)
    study = params.load(path)
    rate = {"schedules.learning_rate": 0.5, "training.label_smoothing": 0.2}
    applying.apply(path, applying.places(study, "mobilenet_v2-mnist", rate))
    now = params.load(path)
    assert now.run("mobilenet_v2-mnist").schedule.learning_rate == 0.5  # type: ignore[union-attr]
    for cell in study.runs:
        if not cell.startswith("mobilenet_v2-mnist"):
            assert now.run(cell) == study.run(cell)


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        ("a:  # why\n  b: 1   # because\n", ("a", "b"), "a:  # why\n  b: 2   # because\n"),
        ("a: {b: 1}\n\n# end\n", ("a", "c", "d"), "a: {b: 1, c: {d: 2}}\n\n# end\n"),
        ("a:\n  'b': 1\n", ("a", "b"), "a:\n  'b': 2\n"),
    ],
)
def test_layout(text, keys, expected):
    assert applying.changed(text, {keys: 2}) == expected


def test_what_an_anchor_would_change_too_is_not_written(tmp_path):
    path = tmp_path / "params.yaml"
    text = (ROOT / "params.yaml").read_text("utf-8")
    head, tail = text.split("  simple_cnn:\n", 1)
    start = tail.index("      paper:\n")
    aliased = (
        tail[:start].replace("      cpu:\n", "      cpu: &same\n")
        + "      paper: *same\n"
        + tail[tail.index("      best:\n") :]
    )
    path.write_text(f"{head}  simple_cnn:\n{aliased}", "utf-8")
    study, before = params.load(path), path.read_text("utf-8")
    with pytest.raises(UserError, match=r"anchors.*simple_cnn\.schedules\.paper.*write by hand"):
        applying.apply(path, applying.places(study, CELL, {"schedules.learning_rate": 0.5}))
    assert path.read_text("utf-8") == before


def test_a_value_that_is_not_valid_is_not_written(tmp_path: Path):
    path = tmp_path / "params.yaml"
    shutil.copyfile(ROOT / "params.yaml", path)
    study, before = params.load(path), path.read_text("utf-8")
    with pytest.raises(UserError, match="kernel_size = 0"):
        applying.apply(path, applying.places(study, CELL, {"network.kernel_size": 0}))
    assert path.read_text("utf-8") == before
    assert [each.name for each in tmp_path.iterdir()] == ["params.yaml"]
