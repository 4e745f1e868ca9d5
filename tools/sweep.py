"""`make sweep`: a network's strides and kernels compared, as DVC experiments.

Every combination is queued with `dvc exp run --queue`, and DVC's queue runs them in folders of its
own, so that the workspace stays as it is. Called again, the same experiments are queued afresh, so
that the table always tells of the code and parameters at hand; what has not changed since comes
out of the run-cache and trains nothing.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.sweep")

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.run.git import git
from tools import experiments as experiments_page
from tools.shell import dvc

TRACKED = ("dvc.yaml", str(params.PARAMS), "stages/train.py")
# A worker needs a moment to start: so many looks at an idle queue mean that it did not.
PATIENCE = 6
# A worker may also die of a message that it read while it was being written (kombu's queue is a
# folder of files); another one resumes where it stopped.
STARTS = 4
COLUMNS = {
    "accuracy": ("accuracy", "{:.4f}"),
    "low": ("accuracy_low", "{:.4f}"),
    "high": ("accuracy_high", "{:.4f}"),
    "val accuracy": ("val_accuracy", "{:.4f}"),
    "parameters": ("parameters", "{:,}"),
    "FLOPs": ("flops", "{:,}"),
}


def check_repository() -> None:
    """Refuse what DVC's queue would stumble over.

    Raises:
        UserError: there is no commit, the pipeline or some of its code is unknown to git, or the
            path is one that DVC's queue fails in.
    """
    if subprocess.run(
        ["git", "rev-parse", "--verify", "-q", "HEAD"], capture_output=True
    ).returncode:
        raise UserError(
            "there is no git commit here, and DVC's experiments start from one: "
            "git init; git add .; git commit -m 'My study'"
        )
    if not str(Path.cwd()).isascii():
        raise UserError(
            f"{Path.cwd()}: DVC's queue cannot work in a folder whose path has letters beyond "
            "ASCII (it writes the path into a file of its own as ASCII): rename the folder, or "
            "run one experiment at a time in place with `dvc exp run -S ...`"
        )
    tracked = git("ls-files", "--", *TRACKED).splitlines()
    left_out = [name for name in TRACKED if name not in tracked]
    left_out += git(
        "ls-files", "-o", "--exclude-standard", "--", "stages", "heatproof"
    ).splitlines()
    if left_out:
        raise UserError(
            f"git does not know {', '.join(left_out)}, so an experiment would run without: "
            f"git add {' '.join(left_out)}"
        )


def experiments(cell: str, strides: list[int], kernels: list[int]) -> dict[str, list[str]]:
    """Return the experiments' names, each with the parameters it sets (`-S`)."""
    study = params.load()
    chosen = study.cell(cell)
    network = f"models.{chosen.model}.network"
    known = type(study.run(cell).network).model_fields
    for parameter in ("stride", "kernel_size"):
        if parameter not in known:
            raise UserError(f"--cell {cell}: {network} has no {parameter} to compare")
    return {
        f"{chosen.dataset}-stride{stride}-kernel{kernel}": [
            f"{network}.stride={stride}",
            f"{network}.kernel_size={kernel}",
        ]
        for stride, kernel in itertools.product(strides, kernels)
    }


def queue(names: dict[str, list[str]], target: str, also: list[str]) -> None:
    """Queue the experiments, in place of earlier ones of the same names."""
    gone = [n for n in names if n in _by_name(_shown("HEAD"))]
    if gone:
        dvc("exp", "remove", *gone)  # and its entry in the queue
    waiting = [line.split() for line in dvc("queue", "status").splitlines()]
    stale = [n for n in names if any(n in words for words in waiting)]
    if stale:
        dvc("queue", "remove", *stale)
    for name, changes in names.items():
        settings = [part for change in (*changes, *also) for part in ("-S", change)]
        dvc("exp", "run", "--queue", "--name", name, *settings, target)
        print(f"queued {name}", flush=True)


def run(names: list[str]) -> None:
    """Let DVC's worker run the queue, and return when it is through with these experiments.

    `dvc exp run --run-all` would wait forever for one that fails before it starts.

    Raises:
        UserError: the worker stopped again and again with experiments still waiting.
    """
    done: set[str] = set()
    for _ in range(STARTS):
        # The worker outlives this command for a moment, and must not keep its output open.
        started = subprocess.run(
            [sys.executable, "-m", "dvc", "queue", "start"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if started.returncode == 0 and _all_done(names, done):
            return
    raise UserError(
        "DVC's queue stopped with experiments still waiting: see `dvc queue status`, then run "
        "make sweep again"
    )


def _all_done(names: list[str], done: set[str]) -> bool:
    """Watch the queue until these experiments are `done`, or no worker is left to do them."""
    pause, without_worker = 2.0, 0
    while without_worker < PATIENCE:
        lines = dvc("queue", "status").splitlines()
        for words in (line.split() for line in lines):
            for name in set(names).intersection(words) - done:
                if words[-1] in ("Success", "Failed"):
                    done.add(name)
                    outcome = "finished" if words[-1] == "Success" else "failed"
                    print(f"{outcome} {name} ({len(done)} of {len(names)})", flush=True)
        if len(done) == len(names):
            return True
        without_worker = without_worker + 1 if "0 active, 0 idle" in lines[-1] else 0
        time.sleep(pause)
        pause = min(pause * 1.5, 15)
    return False


def table(names: list[str], cell: str, commit: str) -> tuple[str, list[str]]:
    """Return what `dvc exp show` knows of the experiments, best first, and those without result."""
    experiments = _by_name(_shown(commit))
    rows, missing = [], []
    for name in names:
        metrics = experiments.get(name, {}).get("metrics") or {}
        headline = (metrics.get(f"metrics/evaluate/{cell}.json") or {}).get("data") or {}
        if "accuracy" in headline:
            values = [style.format(headline[key]) for key, style in COLUMNS.values()]
            rows.append((headline["accuracy"], [name, *values]))
        else:
            missing.append(name)
    lines = [["experiment", *COLUMNS], *(row for _, row in sorted(rows, reverse=True))]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = "\n".join(
        "  ".join(
            value.ljust(width) if i == 0 else value.rjust(width)
            for i, (value, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
    return text, missing


def main() -> None:
    """Queue, run, compare."""
    parser = argparse.ArgumentParser(
        prog="make sweep", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--cell", default="baseline_cnn-cifar10")
    parser.add_argument("--strides", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--kernels", type=int, nargs="+", default=[3, 4])
    parser.add_argument(
        "-S",
        dest="also",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set another parameter in every experiment",
    )
    arguments = parser.parse_args()
    check_repository()
    # Experiments belong to the commit they start from, also if another is made meanwhile.
    commit = git("rev-parse", "HEAD").strip()
    names = experiments(arguments.cell, arguments.strides, arguments.kernels)
    # A queued experiment runs in another folder, from which a relative path leads astray.
    if os.environ.get("DATASETS_MIRROR"):
        os.environ["DATASETS_MIRROR"] = str(Path(os.environ["DATASETS_MIRROR"]).resolve())
    queue(names, f"evaluate@{arguments.cell}", arguments.also)
    run(list(names))
    text, missing = table(list(names), arguments.cell, commit)
    print(f"\n{text}\n\nBring one back with: dvc exp apply <experiment>")
    experiments_page.write()
    print(f"Side by side, with what they learned: {experiments_page.FOLDER / 'index.html'}")
    if missing:
        raise UserError(
            f"no result for {', '.join(missing)}: see why with `dvc queue logs {missing[0]}`, "
            "then run make sweep again"
        )


def _shown(commit: str) -> list[dict[str, Any]]:
    return json.loads(dvc("exp", "show", "--rev", commit, "--json"))


def _by_name(shown: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the shown experiments, by name, with params and metrics."""
    return {
        experiment["name"]: experiment["revs"][0]["data"] or {}
        for baseline in shown
        for experiment in baseline["experiments"] or []
        if experiment["name"] and experiment["revs"]
    }
