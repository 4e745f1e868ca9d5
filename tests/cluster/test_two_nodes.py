"""A study on a real cluster of two nodes on this machine, one of which is killed meanwhile."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cluster.requirement import RAY
from tests.scratch import Scratch, environment
from tools import cluster_nodes

CELL = "simple_cnn-digits"
SEED = f"{CELL}-seed7"
LOG = Path(".dvc/tmp/cluster.log")
KEPT = Path(".dvc/tmp/cluster/checkpoints")
EPOCHS = 60

pytestmark = [pytest.mark.cluster, RAY, pytest.mark.timeout(900)]


def made(path: Path) -> Scratch:
    """Return a study of one cell and another seed, whose trainings take a while."""
    study = Scratch.make(path, CELL)
    content = study.params
    content["threads"] = 1
    content["training"]["early_stopping_patience"] = 0
    content["models"]["simple_cnn"]["training"] = {"early_stopping_patience": 0}
    content["models"]["simple_cnn"]["network"]["filters"] = [4, 8]
    for schedules in content["models"]["simple_cnn"]["schedules"].values():
        for schedule in schedules.values():
            schedule |= {"epochs": EPOCHS, "train_images": 1200}
    content["runs"][SEED] = {"model": "simple_cnn", "dataset": "digits", "seed": 7}
    study.write_params(content)
    study.git("commit", "-q", "-a", "-m", "Two longer trainings")
    return study


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    study = made(tmp_path_factory.mktemp("plain"))
    done = study.run("tools.repro")
    assert done.returncode == 0, done.stdout
    return study


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, Any]]:
    with cluster_nodes.started([1, 1]) as told:
        yield told


def kill(node: str) -> None:
    """Kill a node with all that runs on it, as a power cut would."""
    raylets = [
        each
        for each in psutil.Process().children(recursive=True)
        if "raylet" in each.name() and f"--node-name={node}" in each.cmdline()
    ]
    assert len(raylets) == 1, raylets
    for process in (*raylets, *raylets[0].children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def started(study: Scratch, address: str, variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tools.cluster", "run", address], cwd=study.path, text=True,
        env=environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def wait_for(there: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not there():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


def test_a_node_is_killed_in_training_and_the_results_are_those_of_one_machine(
    plain: Scratch, cluster: dict[str, Any], tmp_path: Path
) -> None:
    study = made(tmp_path / "study")
    with started(study, cluster["address"], cluster["variables"]) as run:
        kept = [study.path / KEPT / f"{name}.npz" for name in (CELL, SEED)]
        wait_for(lambda: all(path.exists() for path in kept), run)
        kill("node 2")
        said, _ = run.communicate()
    assert run.returncode == 0, said
    assert "Traceback" not in said and "(raylet)" not in said, said
    assert said.count("is tried again") == 1, said
    log = (study.path / LOG).read_text(encoding="utf-8")
    assert log.count("resuming after epoch") == 1, "no epoch before the last kept one is repeated"
    assert study.contents("data", "metrics") == plain.contents("data", "metrics")
    assert study.repro() == (set(), set()) and study.changed() == set()

    again = started(study, "127.0.0.1:1", {})  # where nothing answers, and nothing needs to
    said, _ = again.communicate()
    assert again.returncode == 0 and "up to date" in said, said
