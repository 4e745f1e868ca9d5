"""`make repro JOBS=2`: two cells at once end where one after the other would."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import networkx as nx
import pytest

from heatproof.cluster import plan
from tests.scratch import Scratch, environment
from tools import jobs

SIMPLE, BASELINE = "simple_cnn-digits", "baseline_cnn-digits"


def test_cells_are_divided_and_what_they_share_comes_first() -> None:
    graph = nx.DiGraph(
        [
            ("preprocess@d", "fetch@d"),
            *((f"train@{cell}", "preprocess@d") for cell in ("a-d", "b-d", "c-d")),
            *((f"assess@{cell}", f"train@{cell}") for cell in ("a-d", "b-d", "c-d")),
            ("assess@c-d", "train@b-d"),  # c-d takes something of another cell
            ("train@a-d-fold1of2", "preprocess@d"),  # a-d's: other cells run beside it
            ("report", "assess@a-d"),
            ("report", "train@a-d-fold1of2"),
        ]
    )
    runs = {cell: cell for cell in ("a-d", "b-d", "c-d")} | {"a-d-fold1of2": "a-d"}
    before, cells = plan.divide(graph, runs)
    assert before == ["fetch@d", "preprocess@d", "train@b-d"]
    assert cells == {
        "a-d": ["train@a-d", "assess@a-d", "train@a-d-fold1of2"],
        "b-d": ["assess@b-d"],
        "c-d": ["train@c-d", "assess@c-d"],
    }


def test_more_threads_than_cores_give_a_warning() -> None:
    assert jobs.crowding(2, 2, 4) == ""
    said = jobs.crowding(3, 2, 4)
    assert "3 jobs of 2 threads" in said and "4 cores" in said and "JOBS=2" in said


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_two_at_once_leave_nothing_to_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    study = Scratch.make(tmp_path_factory.mktemp("two") / "at once", SIMPLE, BASELINE)
    # Tracked, so that both write to a database that neither has made yet.
    done = subprocess.run(
        [sys.executable, "-m", "tools.repro", "--jobs", "2"], cwd=study.path, text=True,
        env=environment(STUDY_TRACKING="on"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "warning" not in done.stdout.lower(), done.stdout
    for cell in (SIMPLE, BASELINE):
        assert f"{cell}: Running stage 'assess@{cell}':" in done.stdout
    crowded = 2 * study.params["threads"] > len(os.sched_getaffinity(0))
    assert (" gain nothing from more than JOBS=" in done.stdout) == crowded
    assert study.repro() == (set(), set())
    assert "up to date" in study.run("dvc", "status").stdout
    with closing(sqlite3.connect(study.path / "mlflow.db")) as database:
        listed = [name for (name,) in database.execute("select name from runs")]
    assert [listed.count(cell) for cell in (SIMPLE, BASELINE)] == [1, 1], "a run of each cell"
    names = set(listed)
    assert {f"train {SIMPLE}", f"train {BASELINE}"} <= {n.replace("@", " ") for n in names}, names


def test_what_cannot_be_is_refused(tmp_path) -> None:
    for words, said in (
        (("--jobs", "0"), "JOBS=0: expected 1 or more"),
        (("--jobs", "2", "report"), "leave out TARGET, or JOBS"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "tools.repro", *words], capture_output=True, text=True,
            env=environment(), check=False,
        )  # fmt: skip
        assert done.returncode == 2 and said in done.stderr
        assert "Traceback" not in done.stderr
