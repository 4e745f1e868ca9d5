"""Several cells at once beside one after the other: `python -m bench.jobs`

`make repro JOBS=n` on small cells (the demo's; `--tiny`: the tests'), in scratch copies in which
nothing has run, in turns with `make repro` on all cores and with as few threads as each job has.
The cores are divided among the jobs in params.yaml (`threads`), since that number decides the last
bits of the results and is therefore nothing that a command may choose.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.jobs")

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import record, studies
from bench.results import PROJECT, Measurement
from tests.scratch import environment


def run(path: Path, jobs: int, threads: int, tiny: bool) -> float:
    """Run a whole small study; return the seconds.

    Raises:
        RuntimeError: it failed; with what it printed.
    """
    study = studies.small(path, tiny)
    study.change("threads", threads)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tools.repro", "--jobs", str(jobs)], cwd=path, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout)
    return time.monotonic() - started


def main() -> None:
    """Measure the seconds of each side."""
    parser = record.parser(__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="two tiny cells")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    divided = max(1, cores // options.jobs)
    sides = {
        PROJECT: (options.jobs, divided),
        f"one at a time, {cores} threads": (1, cores),
        f"one at a time, {divided} threads": (1, divided),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for place, (name, (jobs, threads)) in enumerate(sides.items()):
                path = Path(folder) / f"{number}-{place}"
                seconds[name].append(run(path, jobs, threads, options.tiny))
    case = f"JOBS={options.jobs}, {'tiny' if options.tiny else 'small'} cells"
    note = f"{divided} threads per job, on {cores} cores"
    with record.into(options.results) as take:
        take(Measurement("jobs", case, "s", "less", seconds, note=note))
