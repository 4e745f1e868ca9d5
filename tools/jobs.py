"""Several cells at once: `make repro JOBS=2`.

DVC runs one stage after the other. Here the stages of a cell and its further runs (other seeds,
folds) are one command of DVC's, and as many of these run at once as asked for; DVC's own lock keeps
their notes in dvc.lock apart. What belongs to no cell, and all that one cell takes from another,
comes before or after, by a plain `dvc repro`, which also makes sure that nothing was left out.
"""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import networkx as nx

from heatproof.cluster import plan
from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from tools import pipeline
from tools.shell import prepare


def run(jobs: int, folder: Path, again: str) -> int:
    """Run the study in `folder`, `jobs` cells at a time; return the exit code.

    Args:
        jobs: how many, at least 1.
        folder: the repository, which is the current folder.
        again: the command that resumes after an interruption.
    """
    study = params.load(folder / params.PARAMS)
    if warning := crowding(jobs, study.threads, len(os.sched_getaffinity(0))):
        print(warning, flush=True)
    runs = {run: study.run(run).cell for run in study.run_names}
    before, cells = plan.divide(graph_of(folder), runs)
    if before and (code := _repro(folder, again, *before)):
        return code
    seconds = dict.fromkeys(cells, 0.0)
    for run, cell in runs.items():
        seconds[cell] = seconds.get(cell, 0.0) + _seconds(folder, run)
    longest_first = sorted(cells, key=lambda cell: -seconds[cell])
    started = time.monotonic()
    print(f"{len(longest_first)} cells, {jobs} at a time", flush=True)
    codes: dict[str, int] = {}

    def work(cell: str) -> None:
        codes[cell] = _cell(folder, cell, cells[cell])

    try:
        with ThreadPoolExecutor(jobs) as workers:
            list(workers.map(work, longest_first))
    except KeyboardInterrupt:
        # The cells at work had the same Ctrl-C, and have ended by now.
        done = [cell for cell in longest_first if codes.get(cell) == 0]
        print(
            f"interrupted with {len(done)} of {len(longest_first)} cells done"
            f"{': ' if done else ''}{', '.join(done)}. Completed stages and "
            f"epochs of the others are saved: `{again}` resumes from here",
            file=sys.stderr,
        )
        return pipeline.INTERRUPTED
    failed = [cell for cell in longest_first if codes[cell]]
    if failed:
        print(
            f"error: failed: {', '.join(failed)}; what they printed says why. Completed work is "
            "saved: the same command resumes from here",
            file=sys.stderr,
        )
        return 1
    print(f"cells done in {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
    return _repro(folder, again)


def crowding(jobs: int, threads: int, cores: int) -> str:
    """Say so where the jobs have more threads than there are cores; empty where they have not.

    The threads of a job are not divided among the jobs, since their number changes the last bits of
    every result. Small cells gain all the same: much of their time is starting and reading.
    """
    if jobs * threads <= cores:
        return ""
    return (
        f"{jobs} jobs of {threads} threads (params.yaml: threads) share {cores} cores: large cells "
        f"gain nothing from more than JOBS={max(1, cores // threads)} here"
    )


def graph_of(folder: Path) -> nx.DiGraph:
    """Return DVC's graph of stages by name, an edge from each stage to what it needs."""
    from dvc.repo import Repo

    prepare()
    with Repo(str(folder)) as repository:
        graph = repository.index.graph
        names = {stage: stage.addressing for stage in graph}
        return nx.relabel_nodes(graph, names)


def _seconds(folder: Path, run: str) -> float:
    """Return how long a run's stages took last time, as its timing says; 0 where there is none."""
    seconds = 0.0
    for path in (folder / "data" / "timing").glob(f"*/{run}.json"):
        with suppress(UserError):  # damaged, or of an earlier release: it only orders the cells
            timing = artifacts.read_timing(path.parent.name, run, folder)
            seconds += sum(value for name, value in timing.items() if name.endswith("_seconds"))
    return seconds


_printing = threading.Lock()


def _cell(folder: Path, cell: str, names: list[str]) -> int:
    """Run a cell's stages, each line of what they print marked with the cell."""
    dvc = [sys.executable, "-m", "tools.pipeline", "--wait-for-lock"]
    process = subprocess.Popen(
        [*dvc, "repro", "--single-item", *names],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    assert process.stdout is not None  # it is a pipe
    for line in process.stdout:
        if line.strip():
            with _printing:
                print(f"{cell}: {line.rstrip()}", flush=True)
    return process.wait()


def _repro(folder: Path, again: str, *targets: str) -> int:
    sys.stdout.flush()
    ended = pipeline.run("--wait-for-lock", "repro", *targets)
    if ended.interrupted:
        print(pipeline.where_it_stands(ended, again, folder), file=sys.stderr)
    return ended.code
