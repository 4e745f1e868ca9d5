"""Twenty nodes killed at random times, one after another: the bytes are those of one machine."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heatproof.cluster import local_nodes
from tests.cluster.requirement import RAY
from tests.scratch import Scratch, environment

pytestmark = [pytest.mark.cluster, RAY, pytest.mark.thorough, pytest.mark.timeout(7200)]
CELL = "simple_cnn-digits"
KILLS = 20
SEED = 25


def made(path: Path) -> Scratch:
    """Return a study of a cell and two more seeds, in which there is something to kill."""
    study = Scratch.make(path, CELL)
    content = study.params
    content["threads"] = 1
    for schedules in content["models"]["simple_cnn"]["schedules"].values():
        for schedule in schedules.values():
            schedule |= {"epochs": 30, "train_images": 1200}
    for seed in (7, 8):
        content["runs"][f"{CELL}-seed{seed}"] = {
            "model": "simple_cnn", "dataset": "digits", "seed": seed,
        }  # fmt: skip
    study.write_params(content)
    study.git("commit", "-q", "-a", "-m", "Three longer trainings")
    return study


def test_twenty_random_kills_end_in_the_same_bytes(tmp_path: Path) -> None:
    plain, study = made(tmp_path / "plain"), made(tmp_path / "killed")
    done = plain.run("tools.repro", timeout=3000)
    assert done.returncode == 0, done.stdout
    draw = random.Random(SEED)
    killed = 0
    with local_nodes.nodes(0, 1, 1) as cluster:  # the head has no tasks, and is not killed
        alive = [1, 2]
        while killed < KILLS:
            # Where it ends between two kills, another study begins from the start.
            run = subprocess.Popen(
                [sys.executable, "-m", "tools.cluster", "run", cluster.address], cwd=study.path,
                env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            while killed < KILLS and run.poll() is None:
                time.sleep(draw.uniform(1, 15))
                victim = alive.pop(draw.randrange(len(alive)))
                cluster.kill(victim)
                cluster.add(1)
                alive.append(len(cluster.nodes) - 1)
                killed += 1
            said, _ = run.communicate()
            assert run.returncode == 0, said
            assert "Traceback" not in said, said
            assert study.contents("data", "metrics") == plain.contents("data", "metrics"), said
            assert study.repro() == (set(), set()), said
            if killed < KILLS:
                study = made(tmp_path / f"killed-{killed}")
