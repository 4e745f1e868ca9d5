"""The demo's preparation: the real pipeline, in a folder of its own, touched only where it changed.

What the demo trains is covered by the same stages in test_repro; `make demo` runs them in full.
"""

from pathlib import Path

import pytest

from heatproof.config import overlay, params
from heatproof.run.errors import UserError
from heatproof.storage.artifacts import write_metrics
from tests.scratch import ROOT, copy_repository
from tools import demo


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "für alle"
    copy_repository(path)
    return path


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_it_leaves_the_repository_alone(repository: Path) -> None:
    before = times(repository)
    demo.prepare(repository, repository / ".demo")
    after = {p: t for p, t in times(repository).items() if ".demo" not in p.parts}
    assert after == before


def test_it_is_the_real_pipeline_with_three_cells(repository: Path) -> None:
    demo.prepare(repository, repository / ".demo")
    for name in ("dvc.yaml", "stages/train.py", "heatproof/models/layers.py"):
        assert (repository / ".demo" / name).read_bytes() == (ROOT / name).read_bytes()
    study = params.load(repository / ".demo" / "params.yaml")
    assert {cell.model for cell in study.cells.values()} >= {"simple_cnn", "baseline_cnn"}
    assert len(study.cells) == 3
    assert set(study.datasets) == {"digits"}


def test_a_second_time_touches_nothing_but_what_changed(repository: Path) -> None:
    target = repository / ".demo"
    demo.prepare(repository, target)
    before = times(target)
    (repository / "stages" / "train.py").write_text("# another\n", encoding="utf-8")
    (repository / "stages" / "evaluate.py").unlink()
    demo.prepare(repository, target)
    after = times(target)
    assert before.keys() - after.keys() == {target / "stages" / "evaluate.py"}
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {target / "stages" / "train.py"}
    assert (target / "stages" / "train.py").read_text(encoding="utf-8") == "# another\n"


def test_the_users_parameters_reach_it(repository: Path) -> None:
    content = overlay.read(repository / "params.yaml")
    content["seed"] = 7
    content["budget"] = "paper"
    overlay.write(repository / "params.yaml", content)
    demo.prepare(repository, repository / ".demo")
    study = params.load(repository / ".demo" / "params.yaml")
    assert study.seed == 7
    assert study.budget == "cpu", "demo.yaml's word counts"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("demo.yaml", "", "demo.yaml: expected a mapping"),
        ("demo.yaml", "cells: [", "demo.yaml: not valid YAML: line 1"),
        ("demo.yaml", "cells: 3", "demo.yaml: cells = 3: should be a mapping"),
        ("demo.yaml", "cells: {a-b: {model: a}}", "demo.yaml: cells.a-b.dataset is missing"),
        ("params.yaml", "seed: 1\nseed: 2", "params.yaml: not valid YAML: line 2"),
        ("params.yaml", "twins: {}", "params.yaml: twins: this file is an earlier release's"),
    ],
)
def test_a_mistake_is_reported_before_anything_is_made(
    repository: Path, name: str, content: str, told: str
) -> None:
    (repository / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as mistake:
        demo.prepare(repository, repository / ".demo")
    assert told in str(mistake.value)
    assert not (repository / ".demo").exists()


def test_the_summary_names_cells_under_the_goal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    measured = {"accuracy_low": 0.9, "accuracy_high": 0.99, "parameters": 1234}
    write_metrics("evaluate", "good-digits", {**measured, "accuracy": 0.95})
    write_metrics("evaluate", "bad-digits", {**measured, "accuracy": 0.9499})
    text, under = demo.summary(["good-digits", "bad-digits"])
    assert under == ["bad-digits"]
    assert "1,234" in text
    assert "0.900–0.990" in text


def test_an_overlay_keeps_what_the_cells_use() -> None:
    real = overlay.read(ROOT / "params.yaml")
    one = {"simple_cnn-digits": {"model": "simple_cnn", "dataset": "digits"}}
    small = overlay.overlaid(real, {"cells": one, "explain": {"images": {"wrong_per_class": 0}}})
    assert list(small["models"]) == ["simple_cnn"]
    assert list(small["datasets"]) == ["digits"]
    assert list(small["models"]["simple_cnn"]["schedules"]["cpu"]) == ["default", "digits"]
    assert small["explain"]["images"]["wrong_per_class"] == 0
    assert (
        small["explain"]["images"]["right_per_class"]
        == real["explain"]["images"]["right_per_class"]
    )
    assert small["models"]["simple_cnn"]["network"] == real["models"]["simple_cnn"]["network"]
