"""`make verify`: a cell run again says of each stage whether it repeats."""

import json
from contextlib import chdir
from pathlib import Path

import h5py
import numpy as np
import pytest
from dvc.repo import Repo

from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from tests import overlay
from tests.scratch import Scratch
from tests.small_cell import write_params
from tools import comparing, pipeline, verify

CELL = "simple_cnn-digits"


def write(path: Path, content) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("one", "two", "where"),
    [
        ({"a": {"b": [1.0, 2.0]}}, {"a": {"b": [1.0, 2.01]}}, ""),
        ({"a": {"b": [1.0, 2.0]}}, {"a": {"b": [1.0, 2.2]}}, "a.b.1: 0.2 apart"),
        ({"a": 0.5, "b": 1}, {"a": 0.5}, "b is in one of them only"),
        ({"a": "cat"}, {"a": "dog"}, "a: cat and dog"),
        ({"a": None}, {"a": 0.0}, "a: unknown in one of them only"),
        ({"big": 1000.0}, {"big": 1019.0}, ""),
        ({"big": 1000.0}, {"big": 1030.0}, "big: 30 apart"),
    ],
)
def test_metrics_within_the_tolerance_are_the_same(tmp_path, one, two, where) -> None:
    paths = write(tmp_path / "1.json", one), write(tmp_path / "2.json", two)
    assert comparing.apart(*paths, 0.02) == where


def test_arrays_tables_and_weights_are_compared_too(tmp_path) -> None:
    for number, (value, shape) in enumerate([(1.0, 4), (1.01, 4), (1.5, 4), (1.0, 5)]):
        array = np.full(shape, value)
        np.savez(tmp_path / f"{number}.npz", maps=array)
        (tmp_path / f"{number}.csv").write_text("epoch,loss\n" + f"1,{value}\n" * shape)
        with h5py.File(tmp_path / f"{number}.weights.h5", "w") as file:
            file["layers/conv/0"] = array
    for kind, name in ((".npz", "maps"), (".csv", "loss"), (".weights.h5", "layers/conv/0")):
        said = [
            comparing.apart(tmp_path / f"0{kind}", tmp_path / f"{n}{kind}", 0.02) for n in (1, 2, 3)
        ]
        assert said[0] == ""
        assert said[1] == f"{name}: 0.5 apart"
        assert said[2].endswith(": (4,) and (5,)")


def test_durations_do_not_count_and_what_is_gone_is_reported(tmp_path) -> None:
    outs = [{"path": "data/timing/train/a.json", "md5": "1"}, {"path": "x.json", "md5": "2"}]
    others = [{"path": o["path"], "md5": o["md5"] * 2} for o in outs]
    (verdict,) = verify.compared({"outs": outs}, {"outs": others}, tmp_path, tmp_path, 0.02)
    assert verdict.path == "x.json" and verdict.outcome == verify.DIFFERS
    assert "dvc checkout" in verdict.where


def test_an_accuracy_may_be_one_of_those_from_other_seeds(tmp_path, monkeypatch) -> None:
    """Of 0.97, 0.98 and 0.99 a fourth is within 3 · 0.01 · sqrt(4 / 3) = 0.0346 of 0.98."""
    monkeypatch.chdir(tmp_path)
    other = "baseline_cnn-digits"
    entry = {"model": "simple_cnn", "dataset": "digits"}
    runs = {f"{CELL}-seed{seed}": entry | {"seed": seed} for seed in (43, 44)}
    write_params(CELL, other, runs=runs)
    for run, accuracy in zip((CELL, *runs), (0.97, 0.98, 0.99), strict=True):
        artifacts.write_metrics("evaluate", run, {"accuracy": accuracy})
    second = tmp_path / "second"
    for accuracy, expected in ((0.98, True), (0.9460, True), (0.9453, False), (1.0147, False)):
        second.mkdir(exist_ok=True)
        with chdir(second):
            artifacts.write_metrics("evaluate", CELL, {"accuracy": accuracy})
        within, words = comparing.beside_seeds(CELL, second)
        assert within == expected
    assert words == "accuracy 1.0147, from 3 seeds 0.9800 ± 0.0346"
    assert comparing.beside_seeds(other, second) is None


def test_what_is_run_again_has_all_that_no_stage_makes_with_or_without_git(tmp_path) -> None:
    stages = {
        "one": {"cmd": "true", "deps": ["code", "../photos", "own"], "outs": ["data/one"]},
        "two": {
            "cmd": "true",
            "deps": ["data/one/x.txt"],
            "params": ["seed"],
            "outs": ["data/two"],
        },
        "three": {"cmd": "true", "deps": ["data"], "outs": ["pages"]},  # a folder above outputs
    }
    source = tmp_path / "source"
    for path in ("code/deep/a.py", "own/b.png", "data/one/x.txt", "other.txt", "../photos/c.png"):
        write(source / path, 1)
    write(source / "params.yaml", {"seed": 1})
    write(source / "dvc.yaml", {"stages": stages})
    write(source / ".dvc" / "config", 0).write_text(verify.DVC_CONFIG)
    verify.copied(source, tmp_path / "target")
    made = {
        p.relative_to(tmp_path / "target").as_posix() for p in (tmp_path / "target").rglob("*.*")
    }
    assert made == {".dvc", "code/deep/a.py", "own/b.png", "params.yaml", "dvc.yaml"}


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_cell_repeats_until_somebody_changes_a_result(
    tmp_path_factory, tmp_path, monkeypatch
) -> None:
    """Where the user's own configuration of DVC names a cache for all studies."""
    (tmp_path / "dvc").mkdir()
    (tmp_path / "dvc" / "config").write_text(f"[cache]\n    dir = {tmp_path}/shared\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    study = Scratch.make(tmp_path_factory.mktemp("verified"), CELL)
    nothing = study.run("tools.verify", CELL)
    assert nothing.returncode == 2 and "nothing was run yet" in nothing.stdout
    study.repro(f"evaluate@{CELL}")
    partly = study.run("tools.verify", CELL)
    assert partly.returncode == 2 and "dvc repro " in partly.stdout
    # Of the whole cell, only these stages: the others take long and are compared in the same way.
    pipeline = overlay.read(study.path / "dvc.yaml")
    kept = ("fingerprint", "fetch", "preprocess", "train", "evaluate")
    pipeline["stages"] = {name: pipeline["stages"][name] for name in kept}
    overlay.write(study.path / "dvc.yaml", pipeline)

    done = study.run("tools.verify", CELL)
    assert done.returncode == 0, done.stdout
    assert f"Running stage 'train@{CELL}'" in done.stdout and "skipping run" not in done.stdout
    assert f"identical         train@{CELL}" in done.stdout and "everything repeats" in done.stdout
    assert not (study.path / verify.FOLDER).exists()
    assert study.git("status", "--porcelain", "--", "data", "metrics") == "?? metrics/\n"

    lock = overlay.read(study.path / "dvc.lock")
    outs = lock["stages"][f"evaluate@{CELL}"]["outs"]
    next(out for out in outs if out["path"].startswith("metrics/evaluate"))["md5"] = "0" * 32
    overlay.write(study.path / "dvc.lock", lock)
    changed = study.run("tools.verify", CELL)
    assert changed.returncode == 1
    assert f"differs           evaluate@{CELL}" in changed.stdout
    assert f"identical         train@{CELL}" in changed.stdout
    assert f"metrics/evaluate/{CELL}.json: other bytes" in changed.stdout


@pytest.mark.parametrize("within", [True, False, None])
def test_another_machines_network_is_judged_beside_other_seeds(
    tmp_path, monkeypatch, capsys, within
) -> None:
    """All outputs differ, as after a training elsewhere: its accuracy decides."""
    names = ["preprocess@digits", f"train@{CELL}", f"evaluate@{CELL}", f"assess@{CELL}"]

    def lock(md5: str, same: str) -> dict:
        return {
            n: {"outs": [{"path": f"{n}.npz", "md5": same if n.startswith("preprocess") else md5}]}
            for n in names
        }

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify, "recorded", lambda at: lock("1" if at == tmp_path else "2", "0"))
    monkeypatch.setattr(verify, "stages_of", lambda folder, cell: names)
    monkeypatch.setattr(verify, "copied", lambda source, target: target.mkdir())
    monkeypatch.setenv("STUDY_TRACKING", "off")
    ended = pipeline.Ended(0, 4, "", frozenset(names))
    monkeypatch.setattr(verify.pipeline, "run", lambda *_: ended)
    found = None if within is None else (within, "accuracy 0.9, from 3 seeds 0.9 ± 0.1")
    monkeypatch.setattr(verify, "beside_seeds", lambda *_: found)
    assert verify.verify(CELL, 0.02, tmp_path / "again") == bool(within)
    lines = capsys.readouterr().out
    assert (f"within tolerance  train@{CELL}" in lines) == bool(within)
    assert (f"of other weights  assess@{CELL}" in lines) == bool(within)
    assert (f"differs           assess@{CELL}" in lines) != bool(within)
    assert ("from 3 seeds" in lines) == (within is not None)


def test_what_was_not_run_is_not_verified(tmp_path, monkeypatch) -> None:
    """As where DVC finds the results in a cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDY_TRACKING", "off")
    monkeypatch.setattr(verify, "recorded", lambda at: dict.fromkeys("ab"))
    monkeypatch.setattr(verify, "stages_of", lambda folder, cell: ["a", "b"])
    monkeypatch.setattr(verify, "copied", lambda source, target: target.mkdir())
    ended = pipeline.Ended(0, 2, "", frozenset("a"))
    monkeypatch.setattr(verify.pipeline, "run", lambda *_: ended)
    with pytest.raises(UserError, match="DVC did not run b, so nothing is verified"):
        verify.verify(CELL, 0.02, tmp_path / "again")


def test_a_cell_runs_again_with_a_cache_of_its_own(tmp_path, monkeypatch) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "config").write_text("[cache]\n    dir = /shared\n")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "user"))
    study = tmp_path / "study"
    study.mkdir()
    Repo.init(str(study), no_scm=True).close()
    verify.copied(study, study / verify.FOLDER)
    with Repo(str(study / verify.FOLDER)) as repo:
        assert Path(repo.cache.local.path).is_relative_to(study / verify.FOLDER / ".dvc" / "cache")
