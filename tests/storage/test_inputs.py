"""A stage's results are refused once something that they were made with is another."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from heatproof.config import params
from heatproof.run import source_code, stage
from heatproof.run.errors import UserError
from heatproof.run.stage import PARAMS
from heatproof.storage import atomic, inputs
from tests.scratch import ROOT

STAGE = "claims"  # with folders among its dependencies
CODE = Path("stages/counting.py")
WEIGHTS = Path("data/explanations/a/maps.npz")
SMALL = Path("claims.yaml")
STUDY = params.load(ROOT / PARAMS)
RUN = next(iter(STUDY.runs))
BUDGET = f"budget: {STUDY.budget}"


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
        (edited(PARAMS, "bootstrap_samples:", "bootstrap_samples: 1"), "evaluate.boot"),
        (edited(PARAMS, BUDGET, "budget: other"), "budget in params.yaml"),
        (edited(PARAMS, BUDGET, f"{BUDGET} # as ever"), ""),
        (edited(PARAMS, "right_per_class:", "right_per_class: 1"), ""),  # claims reads no images
        (edited(PARAMS, BUDGET, "budget: ["), "budget in params.yaml"),
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
        inputs.begin(f"evaluate@{RUN}", PARAMS)
    inputs.begin(f"fetch@{STUDY.runs[RUN].dataset}", PARAMS)


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_options_of_a_run_that_changed_after_they_were_noted_are_not_used(stage) -> None:
    noted, options = Path(f"data/runs/{RUN}.json"), STUDY.run(RUN).description()
    atomic.write_text(noted, options)
    inputs.begin(f"{stage}@{RUN}", PARAMS)
    noted.write_text(options.replace('"epochs": ', '"epochs": 1'))
    with pytest.raises(UserError, match=f"the run {RUN} in params.yaml changed since {noted}"):
        inputs.begin(f"{stage}@{RUN}", PARAMS)


@pytest.mark.parametrize("stage", ["train@removed", "no_stage"])
def test_a_stage_that_is_gone_is_told_in_a_line(stage) -> None:
    with pytest.raises(UserError, match=f"dvc.yaml: has no stage {stage} any more"):
        inputs.begin(stage, PARAMS)


def test_a_program_that_dvc_runs_is_watched_and_reads_what_it_began_with(monkeypatch) -> None:
    result, read = Path("data/claims.json"), []

    def main() -> None:
        edited(PARAMS, BUDGET, "budget: other")()
        read.append(stage.begun_with(PARAMS).read_text("utf-8"))
        atomic.write_text(result, "of the budget before")

    monkeypatch.setitem(sys.modules, "stages.claims", SimpleNamespace(main=main))
    monkeypatch.setenv(stage.STAGE, STAGE)
    with pytest.raises(UserError, match="claims: budget in params"):
        stage.call("stages.claims")
    assert BUDGET in read[0] and not result.exists()
    assert list(Path(".dvc/tmp").iterdir()) == []
    with stage.parameters_kept():  # within a run DVC reads the copy as well
        stage.call("stages.claims")
    assert result.exists()
