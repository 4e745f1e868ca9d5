"""The demo's preparation: a study of its own, made once, and left alone.

What the demo trains is covered by the same stages in test_repro; `make demo` runs them in full.
"""

from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.new import folder
from heatproof.run.errors import UserError
from heatproof.run.git import git
from heatproof.storage import stage_seconds
from heatproof.storage.artifacts import write_metrics
from tests import overlay
from tests.scratch import ROOT
from tools import demo


def test_it_is_a_study_of_three_cells_and_is_left_alone(tmp_path: Path, capsys) -> None:
    made = tmp_path / "für alle" / "demo"
    demo.prepare(made)
    study = params.load(made / "params.yaml")
    assert len(study.cells) == 3
    assert list(study.datasets) == ["digits"]
    real = overlay.overlaid(
        overlay.read(ROOT / "params.yaml"), {"cells": overlay.read(made / "params.yaml")["cells"]}
    )
    assert params.Params.model_validate(real) == study, "the published parameters"
    assert git("status", "--porcelain", folder=made) == ""
    mine = (made / "params.yaml").read_text().replace("seed: 42", "seed: 7")
    (made / "params.yaml").write_text(mine)
    capsys.readouterr()
    demo.prepare(made)
    assert (made / "params.yaml").read_text() == mine
    assert capsys.readouterr().out == ""
    stages = (made / "dvc.yaml").read_text()
    (made / "dvc.yaml").write_text("stages: {}\n")
    demo.prepare(made)
    assert (made / "dvc.yaml").read_text() == stages


def test_how_long_its_stages_take_is_known_from_the_beginning(tmp_path: Path) -> None:
    demo.prepare(tmp_path / "demo")
    content = overlay.read(tmp_path / "demo" / "params.yaml")
    stages = overlay.read(tmp_path / "demo" / "dvc.yaml")["stages"]
    names = {stage for stage, entry in stages.items() if "foreach" not in entry}
    names |= {
        f"{stage}@{key}"
        for stage, entry in stages.items()
        for key in content.get(entry.get("foreach", "").strip("${}")) or ()
    }
    known = stage_seconds.read(tmp_path / "demo")
    assert known.keys() == names, "examples/digits/seconds.json"
    assert 60 < sum(known.values()) < 600, "minutes, as the Makefile says"


def test_a_model_that_was_taken_out_is_named(tmp_path: Path, monkeypatch) -> None:
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    content = overlay.read(tmp_path / "params.yaml")
    overlay.write(
        tmp_path / "params.yaml",
        overlay.overlaid(
            content, {"cells": {"lenet5-mnist": {"model": "lenet5", "dataset": "mnist"}}}
        ),
    )
    monkeypatch.setattr(folder, "REPOSITORY", tmp_path)
    with pytest.raises(
        UserError, match=r"models: 'simple_cnn' is not in the repository's params.yaml"
    ):
        demo.prepare(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


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
