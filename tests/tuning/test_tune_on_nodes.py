"""A search whose trainings run on a real cluster of two nodes on this machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.requirement import RAY
from tests.scratch import Scratch, environment
from tools import cluster_nodes

CELL = "simple_cnn-digits"
SEARCH = {"schedules.learning_rate": {"low": 0.001, "high": 0.1, "log": True}}

pytestmark = [pytest.mark.cluster, RAY, pytest.mark.timeout(900)]


def test_trials_run_on_nodes_and_are_kept_here(tmp_path: Path) -> None:
    study = Scratch.make(tmp_path / "study", CELL)
    study.change("threads", 1)
    study.change("tune", {CELL: SEARCH})
    study.repro("preprocess@digits")
    with cluster_nodes.started([1, 1]) as told:
        done = subprocess.run(
            [sys.executable, "-m", "tools.tune", CELL, "--trials", "3", "--seeds", "0",
             "--cluster", told["address"]],
            cwd=study.path, env=environment(**told["variables"]), text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "2 trainings at a time on 2 nodes" in done.stdout
    assert sum(line.startswith("trial ") for line in done.stdout.splitlines()) == 3
    assert (study.path / "tuning" / f"{CELL}.html").is_file()
