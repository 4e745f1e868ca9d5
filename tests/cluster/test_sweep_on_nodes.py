"""A sweep on a real cluster of two nodes on this machine, one experiment of it with a mistake."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.requirement import RAY
from tests.scratch import Scratch, environment
from tools import cluster_nodes

CELL = "baseline_cnn-digits"
GOOD = ("digits-stride2-kernel4", "digits-stride3-kernel4")
WRONG = "digits-stride0-kernel4"

pytestmark = [pytest.mark.cluster, RAY, pytest.mark.timeout(900)]


def test_experiments_run_on_nodes_at_once_and_are_recorded_as_without_them(tmp_path: Path) -> None:
    study = Scratch.make(tmp_path / "study", CELL)
    study.change("threads", 1)
    study.git("commit", "-q", "-a", "-m", "One thread")
    before = (study.path / "params.yaml").read_bytes()
    with cluster_nodes.started([1, 1]) as told:
        done = subprocess.run(
            [sys.executable, "-m", "tools.sweep", "--cell", CELL, "--strides", "0", "2", "3",
             "--kernels", "4", "--cluster", told["address"]],
            cwd=study.path, env=environment(**told["variables"]), text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    said = done.stdout
    assert "Traceback" not in said, said
    assert "2 experiments on" in said and "2 at a time" in said, said
    # The mistake is told in a line, and the others run.
    assert done.returncode != 0 and f"no result for {WRONG}:" in said, said
    assert any(
        line.startswith(f"{WRONG}: error: ") and "stride" in line for line in said.splitlines()
    )
    for name in GOOD:
        assert f"{name}: train@{CELL} started on " in said, said
        assert not (study.path / ".dvc" / "tmp" / "sweep" / name).exists()
    # Recording them here ran nothing.
    assert said.count(f"Stage 'train@{CELL}' is cached") == len(GOOD), said
    assert f"Running stage 'train@{CELL}'" not in said, said
    names = study.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert sorted(names) == sorted(GOOD)
    assert (study.path / "params.yaml").read_bytes() == before
    assert study.git("status", "--porcelain") == ""
