"""`make sweep`: a network's strides and kernels compared, as DVC experiments.

Each combination is run by `dvc exp run --temp`, in a folder of DVC's own, so that the workspace
stays as it is; with --cluster, nodes have run its stages before (`sweep_cluster`). Called again,
the same experiments are run afresh, so that the table always tells of the code and parameters at
hand; what has not changed since comes out of the run-cache and trains nothing.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.sweep")

import argparse
import itertools
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.run.git import git
from tools import calling, sweep_cluster
from tools import experiments as page
from tools.run_lock import run_lock
from tools.shell import dvc

TRACKED = ("dvc.yaml", str(params.PARAMS), "stages/train.py")
# What the table shows of each experiment, and under which name.
COLUMNS = {
    "accuracy": "accuracy",
    "accuracy_low": "low",
    "accuracy_high": "high",
    "val_accuracy": "val accuracy",
    "parameters": "parameters",
    "flops": "FLOPs",
}


def check_repository() -> None:
    """Refuse what DVC's experiments would stumble over.

    Raises:
        UserError: there is no commit, or not all of them; the pipeline or some of its code is
            unknown to git; or the path is one that DVC fails in.
    """
    git("rev-parse", "--verify", "HEAD")
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        raise UserError(
            "this clone is a shallow one, in which DVC loses what experiments come to: "
            "git fetch --unshallow"
        )
    if not str(Path.cwd()).isascii():
        raise UserError(
            f"{Path.cwd()}: DVC cannot run experiments beside a folder whose path has letters "
            "beyond ASCII (it writes the path into a file of its own as ASCII): rename the folder, "
            "or run one experiment at a time in place with `dvc exp run -S ...`"
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


def run(
    names: Mapping[str, Iterable[str]], target: str, also: list[str], cluster: str = ""
) -> list[str]:
    """Run the experiments, in place of earlier ones of the same names; return which failed.

    Args:
        names: -> the parameters that each sets.
        target: the stage that is wanted.
        also: parameters that all set.
        cluster: the address of one that runs their stages before; "" for none.

    Raises:
        UserError: the cluster cannot be used.
    """
    all_changes = {name: [*changes, *also] for name, changes in names.items()}
    failed = []
    if cluster:
        again = calling.command("sweep", options=shlex.join(sys.argv[1:]))
        failed = sweep_cluster.run(cluster, all_changes, target, again)
    if gone := sorted(names.keys() & set(dvc("exp", "list", "--name-only").split())):
        dvc("exp", "remove", *gone)
    for number, (name, changes) in enumerate(all_changes.items(), 1):
        if name in failed:
            continue
        print(f"{name} ({number} of {len(names)})", flush=True)
        settings = [word for change in changes for word in ("-S", change)]
        words = ["exp", "run", "--temp", "--name", name, *settings, target]
        if subprocess.run([sys.executable, "-m", "dvc", *words], check=False).returncode:
            failed.append(name)
    return failed


def table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Return a table of experiments, the most accurate first."""
    frame = pd.DataFrame.from_dict(figures, orient="index", columns=[*COLUMNS])
    frame = frame.sort_values("accuracy", ascending=False).rename(columns=COLUMNS)
    counts = dict.fromkeys(("parameters", "FLOPs"), "{:,.0f}".format)
    return frame.rename_axis(columns="experiment").to_string(
        float_format="{:.4f}".format, formatters=counts
    )


def main() -> None:
    """Run, compare."""
    parser = argparse.ArgumentParser(
        prog="heatproof sweep",
        description="Compare a network's strides and kernels, as DVC experiments.",
    )
    parser.add_argument("--cell", default="baseline_cnn-cifar10", help="a cell of baseline_cnn")
    parser.add_argument(
        "--strides", type=int, nargs="+", default=[1, 2, 3], help="of every convolution, in pixels"
    )
    parser.add_argument(
        "--kernels", type=int, nargs="+", default=[3, 4], help="sides of every kernel, in pixels"
    )
    parser.add_argument(
        "-S",
        dest="also",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set another parameter in every experiment",
    )
    parser.add_argument(
        "--cluster",
        default="",
        metavar="ADDRESS",
        help="run the experiments at once on a Ray cluster: auto, local (this machine alone), "
        "ray://HOST:PORT or HOST:PORT",
    )
    arguments = parser.parse_args()
    check_repository()
    names = experiments(arguments.cell, arguments.strides, arguments.kernels)
    # An experiment runs in another folder, from which a relative path leads astray.
    if os.environ.get("DATASETS_MIRROR"):
        os.environ["DATASETS_MIRROR"] = str(Path(os.environ["DATASETS_MIRROR"]).resolve())
    with run_lock(Path.cwd(), calling.command("sweep"), "sweep"):
        failed = run(names, f"evaluate@{arguments.cell}", arguments.also, arguments.cluster)
    starts = page.collect()
    # The present commit's last: of two commits' experiments of one name its own counts.
    outcomes = {e.name: e for start in reversed(starts) for e in start.experiments}
    figures = {n: outcomes[n].figures.get(arguments.cell) for n in names if n in outcomes}
    measured = {n: known for n, known in figures.items() if known and n not in failed}
    if measured:
        print(f"\n{table(measured)}\n\nBring one back with: dvc exp apply <experiment>")
    page.write(starts)
    print(f"Side by side, with what they learned: {page.FOLDER / 'index.html'}")
    if missing := [name for name in names if name not in measured]:
        raise UserError(
            f"no result for {', '.join(missing)}: what was printed of them says why; then run "
            f"{calling.command('sweep')} again"
        )
