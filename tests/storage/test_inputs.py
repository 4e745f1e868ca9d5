"""A stage's results are refused once something that they were made with is another."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from heatproof.config import params
from heatproof.run import source_code
from heatproof.run.errors import UserError
from heatproof.run.stage import PARAMS
from heatproof.storage import atomic, inputs
from tests.scratch import ROOT

STAGE = "claims"  # with folders among its dependencies
CODE = Path("stages/counting.py")
WEIGHTS = Path("data/explanations/a/maps.npz")
SMALL = Path("claims.yaml")
STUDY = params.load(ROOT / PARAMS)
OPTIONS = STUDY.run("simple_cnn-mnist").description()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A study as `claims` finds it, whose code is one module that nobody has imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(source_code, "ROOT", tmp_path)
    monkeypatch.setattr(params, "load", lambda: STUDY)
    monkeypatch.setattr(atomic, "guard", atomic.guard)
    for name in ("dvc.yaml", "params.yaml", "claims.yaml"):
        shutil.copy(ROOT / name, name)
    CODE.parent.mkdir()
    CODE.write_text("ONE = 1\n")
    WEIGHTS.parent.mkdir(parents=True)
    WEIGHTS.write_bytes(b"maps")
    for name in ("code/claims.txt", "code/evaluate.txt", "code/train.txt"):
        path = Path("data") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{source_code.digest(tmp_path / CODE)}  {CODE}\n")
    yield
    sys.modules.pop("stages.counting", None)


def edited(path: Path, before: str, after: str) -> Callable[[], object]:
    return lambda: path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")


def written_again(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))


def imported_while_it_was_another() -> None:
    CODE.write_text("ONE = 2\n")
    module = ModuleType("stages.counting")
    module.__file__ = str(CODE.resolve())
    sys.modules["stages.counting"] = module
    written_again(CODE)
    CODE.write_text("ONE = 1\n")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: None, ""),
        (edited(PARAMS, "bootstrap_samples:", "bootstrap_samples: 1"), "evaluate.bootstrap"),
        (edited(PARAMS, "budget: cpu", "budget: best"), "budget in params.yaml"),
        (edited(PARAMS, "budget: cpu", "budget: cpu # as ever"), ""),
        (edited(PARAMS, "right_per_class:", "right_per_class: 1"), ""),  # claims reads no images
        (edited(PARAMS, "budget: cpu", "budget: ["), "budget in params.yaml"),
        (PARAMS.unlink, "budget in params.yaml"),
        (edited(SMALL, "claims", "Claims"), "claims.yaml"),
        (lambda: written_again(SMALL), ""),
        (lambda: written_again(WEIGHTS), str(WEIGHTS)),  # large ones are not hashed
        (WEIGHTS.unlink, str(WEIGHTS)),
        (lambda: WEIGHTS.with_name("b.npz").touch(), "data/explanations/a/b.npz"),
        (lambda: Path("data/code/train.txt").unlink(), ""),
        (edited(CODE, "1", "2"), str(CODE)),
        (edited(CODE, "1", "("), str(CODE)),
        (CODE.unlink, str(CODE)),
        (edited(CODE, "1", "1  # one"), ""),
        (imported_while_it_was_another, str(CODE)),
    ],
)  # fmt: skip
def test_what_changed_is_named_and_nothing_else_counts(change, named) -> None:
    begun = inputs.begin(STAGE, PARAMS)
    change()
    changes = list(begun.changes())
    assert bool(changes) == bool(named) and named in ", ".join(changes)
    if named:
        with pytest.raises(UserError, match="changed while it ran, so its results are not kept"):
            begun.require_unchanged()


def test_no_file_is_put_in_place_and_the_earlier_one_stays() -> None:
    result = Path("data/claims.json")
    atomic.write_text(result, "earlier")
    inputs.begin(STAGE, PARAMS)
    edited(CODE, "1", "2")()
    with pytest.raises(UserError, match=f"{STAGE}: {CODE} changed"):
        atomic.write_text(result, "later")
    assert [path.name for path in result.parent.glob("*claims*")] == ["claims.json"]
    assert result.read_text() == "earlier"


def test_code_that_changed_after_it_was_listed_is_not_run() -> None:
    edited(CODE, "1", "2")()
    with pytest.raises(UserError, match=f"{CODE} changed since data/code/ lists it: run the same"):
        inputs.begin("evaluate@simple_cnn-mnist", PARAMS)
    inputs.begin("fetch@mnist", PARAMS)


@pytest.mark.parametrize("stage", ["train@simple_cnn-mnist", "evaluate@simple_cnn-mnist"])
def test_options_of_a_run_that_changed_after_they_were_noted_are_not_used(stage) -> None:
    noted = Path("data/runs/simple_cnn-mnist.json")
    atomic.write_text(noted, OPTIONS)
    inputs.begin(stage, PARAMS)
    noted.write_text(OPTIONS.replace('"epochs": ', '"epochs": 1'))
    with pytest.raises(UserError, match=f"simple_cnn-mnist in params.yaml changed since {noted}"):
        inputs.begin(stage, PARAMS)


@pytest.mark.parametrize("stage", ["train@removed", "no_stage"])
def test_a_stage_that_is_gone_is_told_in_a_line(stage) -> None:
    with pytest.raises(UserError, match=f"dvc.yaml: has no stage {stage} any more"):
        inputs.begin(stage, PARAMS)
