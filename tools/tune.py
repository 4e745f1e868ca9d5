"""`heatproof tune CELL`: a cell's parameters searched for by Optuna, by validation images alone.

Trials are plain runs of this machine, or of a Ray cluster: they use the training of the pipeline
and are recorded in MLflow beside the cell's stages. They are no DVC experiments, each of which
would cost DVC's seconds and leave weights in its cache: what is kept of a trial is its accuracy.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.tune")

import argparse
import math
import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from heatproof.config import params
from heatproof.config.params import Params
from heatproof.run import tracking
from heatproof.run.stage import parameters_kept
from heatproof.storage.folders import file_name
from heatproof.tuning.workers import Pool, Process
from tools import calling, jobs, tune_cluster
from tools.run_lock import run_lock
from tools.tune_search import Tuning

TRIALS, SEEDS = 30, 5


def main() -> None:
    """Search, or take over what was found."""
    parser = _parser()
    arguments = parser.parse_args()
    study = params.load()
    again = calling.command("tune", arguments.cell, _options(parser, arguments))
    with run_lock(Path.cwd(), again, f"tune-{file_name(arguments.cell)}"):
        tune = Tuning(study, arguments.cell, again)
        if arguments.apply:
            tune.apply()
            return
        until = time.monotonic() + 60 * arguments.timeout
        with parameters_kept(), tracking.sender():
            place = _place(study, arguments.cell, arguments.cluster, arguments.jobs)
            tune.run(arguments.trials, arguments.seeds, until, place)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heatproof tune",
        description="Search for better parameters of a cell (params.yaml: tune), by validation "
        "images alone: no test image is read. The same command resumes a search.",
    )
    parser.add_argument("cell", metavar="CELL", help="a cell of params.yaml, <model>-<dataset>")
    parser.add_argument(
        "--trials",
        type=_number_from(1),
        default=TRIALS,
        metavar="N",
        help="how many there are to be in all, those of earlier calls among them",
    )
    parser.add_argument(
        "--timeout",
        type=_minutes,
        default=math.inf,
        metavar="MINUTES",
        help="begin no trial later than so many minutes from now",
    )
    parser.add_argument(
        "--jobs",
        type=_number_from(1),
        metavar="N",
        help="trials at once, each with params.yaml's threads: one here, on a cluster as many as "
        "there is room for; with more than one, another call may draw other trials",
    )
    parser.add_argument(
        "--cluster",
        default="",
        metavar="ADDRESS",
        help="train on a Ray cluster: auto, local (this machine alone), ray://HOST:PORT or "
        "HOST:PORT",
    )
    parser.add_argument(
        "--seeds",
        type=_number_from(0),
        default=SEEDS,
        metavar="N",
        help="from how many new seeds the best values and those of params.yaml are trained, to "
        "be compared; 0: no comparison",
    )
    parser.add_argument(
        "--apply",
        action="store_true",
        help="put the best values into params.yaml, and train nothing",
    )
    return parser


@contextmanager
def _place(
    study: Params, cell: str, cluster: str, at_once: int | None
) -> Iterator[tuple[Pool, int]]:
    """Yield what trains, here or on a cluster, and how many trainings at once."""
    if cluster:
        with tune_cluster.pool(cluster, study, cell, at_once) as found:
            yield found
        return
    if crowded := jobs.crowding(at_once or 1, study.threads, len(os.sched_getaffinity(0))):
        print(crowded, flush=True)
    pool = Pool(partial(Process, cell), at_once or 1)
    try:
        yield pool, at_once or 1
    finally:
        pool.end()


def _options(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> str:
    """Return the options of a search that a call was given, as one would type them."""
    words = []
    for name in ("trials", "timeout", "jobs", "seeds", "cluster"):
        value = getattr(arguments, name)
        if value != parser.get_default(name):
            words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join(words)


def _minutes(text: str) -> float:
    with suppress(ValueError):
        if (value := float(text)) > 0:
            return value
    raise argparse.ArgumentTypeError(f"{text}: expected a number of minutes above 0")


def _number_from(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text) if text.isdecimal() else -1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text}: expected a whole number from {least} on")
        return value

    return number
