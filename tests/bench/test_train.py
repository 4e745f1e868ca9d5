"""What the training bench makes of rates, and what it says of peers that are not there."""

import sys
from pathlib import Path

import pytest

from bench import peers, train
from bench.comparison import compare
from bench.train import TENSORFLOW, TORCH, Rates, interpreters, lines, measurements

JAX = train.KERAS["jax"]
HERE = Path(sys.executable)


def rates(**peers_rates: list[float]) -> Rates:
    named = {train.KERAS[backend]: each for backend, each in peers_rates.items()}
    return Rates({"project": [120.0, 180.0], **named}, [900.0, 1000.0], 0.5, {TORCH: "too slow"})


def test_the_goal_is_of_the_best_peer_and_tensorflow_stays_beside_it() -> None:
    measured = rates(tensorflow=[90.0, 100.0], jax=[150.0, 140.0])
    best, alone = measurements("resnet18", measured, 0.27, "a note")
    assert (best.part, best.case, best.goal) == ("training", "resnet18", 1.25)
    assert compare(best).peer == JAX
    assert compare(best).ratio == pytest.approx(1.2)
    assert compare(best).met is False
    assert best.absent == {TORCH: "too slow"}
    assert list(best.shares.values()) == [0.27]
    assert list(alone.sides) == ["project", TENSORFLOW]
    assert compare(alone).ratio == pytest.approx(1.8)
    assert compare(alone).met is True


def test_where_no_goal_is_of_tensorflow_there_is_one_measurement() -> None:
    assert len(measurements("simple_cnn", rates(tensorflow=[1.0]), 0.1, "")) == 1
    assert len(measurements("resnet18", rates(jax=[1.0]), 0.1, "")) == 1


def test_every_side_has_a_line_and_an_absent_one_its_reason() -> None:
    project, tensorflow, torch = lines("resnet18", 64, rates(tensorflow=[90.0, 100.0]), 0.27)
    assert "150 (120 to 180)" in project
    assert "27% of" in project
    assert TENSORFLOW in tensorflow
    assert "1.80 times as fast (medians 1.58)" in tensorflow
    assert torch.endswith("too slow")


def test_each_backend_has_an_interpreter_or_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = peers.Environment(Path("elsewhere/bin/python"))
    pythons, absent = interpreters(["tensorflow", "torch"], found)
    assert pythons == {"tensorflow": HERE, "torch": found.python}
    assert absent == {}

    lacking = peers.Environment(found.python, "it has no keras")
    monkeypatch.setattr(train.importlib.util, "find_spec", lambda name: None)
    pythons, absent = interpreters(["jax", "torch"], lacking)
    assert pythons == {}
    assert absent[TORCH] == "it has no keras"
    assert "jax" in absent[JAX]


def test_an_environment_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert peers.find(tmp_path, ["torch"]).absent == "the peers' environment is not there"


def test_an_environment_says_what_it_lacks_and_which_versions_it_has(tmp_path: Path) -> None:
    as_environment(tmp_path, f'exec "{sys.executable}" "$@"')
    found = peers.find(tmp_path, ["keras", "no_such_module"])
    assert found.absent == "the peers' environment has no no_such_module"
    assert peers.find(tmp_path, ["keras"]).absent == ""
    assert f"keras {found.versions['keras']}" in str(found)


def test_an_environment_that_does_not_start_says_why(tmp_path: Path) -> None:
    as_environment(tmp_path, "echo 'no such library' >&2; exit 3")
    assert peers.find(tmp_path, ["keras"]).absent.endswith("does not start: no such library")


def test_what_the_peers_share_with_the_project_is_pinned_alike() -> None:
    ours, theirs = (
        {line.partition("==")[0].lower().replace("_", "-").replace(".", "-"): line
         for line in (peers.ROOT / path).read_text().splitlines() if "==" in line}
        for path in ("requirements.txt", "bench/requirements-peers.txt")
    )  # fmt: skip
    for name in ("keras", "h5py", "numpy", "pydantic", "ruamel-yaml"):
        assert ours[name].partition("==")[2] == theirs[name].partition("==")[2]


def as_environment(folder: Path, script: str) -> None:
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
