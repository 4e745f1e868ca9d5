"""Several cells at once beside one after the other: `python -m bench.jobs`

`make repro JOBS=n` on small cells (the demo's; `--tiny`: the tests'), in scratch copies in which
nothing has run, in turns with `make repro` on all cores and with as few threads as each job has.
The cores are divided among the jobs in params.yaml (`threads`), since that number decides the last
bits of the results and is therefore nothing that a command may choose. While a side runs, its
processes are looked at a few times a second: how many stages are at work at once, and how many of
their threads are running or could, which should be no more than there are cores.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench import results, small_study
from heatproof.run import command
from tests.scratch import environment

EVERY = 0.1  # seconds between two looks
STAGE, COPIED = re.compile(rb"\0-m\0stages\."), re.compile(rb"\0-m\0tools\.loaded\0")


@dataclass
class Seen:
    """What was seen of a run: stages at work, and their running threads, one a look."""

    stages: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.running:
            return "no stage seen"
        return (
            f"at most {max(self.stages)} stages at once, on average "
            f"{statistics.mean(self.running):.1f} threads running"
        )


def workers_under(process: int) -> Iterator[tuple[int, bool]]:
    """Yield what works for stages under a process, and whether it is a stage by itself.

    Else it is a copy that a stage has its work done by, or the process that is copied (see
    tools/forkserver.py). Not what a stage starts itself, which is called as the stage until it has
    begun.
    """
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # it may have ended meanwhile
            for child in map(int, task.read_text().split()):
                command_line = Path(f"/proc/{child}/cmdline").read_bytes()
                if STAGE.search(command_line):
                    yield child, True
                    continue
                if COPIED.search(command_line):
                    yield child, False
                yield from workers_under(child)


def look(root: int, seen: Seen) -> None:
    """Count the stages under a process and their running threads; nothing where there is none."""
    stages = running = 0
    for process, stage in workers_under(root):
        stages += stage
        for path in Path(f"/proc/{process}/task").glob("*/stat"):
            with suppress(OSError):
                # The state is after the name, which may have spaces and brackets.
                running += path.read_text().rpartition(") ")[2][:1] == "R"
    if stages:
        seen.stages.append(stages)
        seen.running.append(running)


@contextmanager
def watching(root: int) -> Iterator[Seen]:
    """Look at a process' stages again and again, in a thread."""
    seen, ended = Seen(), threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY):
            look(root, seen)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def run(path: Path, jobs: int, threads: int, tiny: bool) -> tuple[float, Seen]:
    """Run a whole small study; return the seconds and what was seen of its processes.

    Raises:
        RuntimeError: it failed; with what it printed.
    """
    study = small_study.make(path, tiny)
    study.change("threads", threads)
    with (path.parent / f"{path.name}.log").open("w+", encoding="utf-8") as log:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.repro", "--jobs", str(jobs)],
            cwd=path, env=environment(), stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        with watching(process.pid) as seen:
            try:
                code = process.wait()
            except KeyboardInterrupt:  # which the run had too; its folder is about to go
                process.wait()
                raise
        seconds = time.monotonic() - started
        if code:
            log.seek(0)
            raise RuntimeError(log.read())
    return seconds, seen


def main() -> None:
    """Print the seconds of each side and what was seen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="two tiny cells")
    results.option(parser)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    divided = max(1, cores // options.jobs)
    sides = {
        results.PROJECT: (options.jobs, divided),
        f"one at a time, {cores} threads": (1, cores),
        f"one at a time, {divided} threads": (1, divided),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    seen: dict[str, Seen] = {}
    print(f"{cores} cores; a whole small study, seconds")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for place, (name, (jobs, threads)) in enumerate(sides.items()):
                path = Path(folder) / f"{number}-{place}"
                taken, seen[name] = run(path, jobs, threads, options.tiny)
                seconds[name].append(taken)
                print(f"JOBS={jobs} threads: {threads}  {taken:6.1f}  {seen[name]}", flush=True)
    results.keep(
        options.results,
        results.Measurement(
            "jobs",
            f"JOBS={options.jobs}, {'tiny' if options.tiny else 'small'} cells",
            "s",
            "less",
            seconds,
            note=f"{divided} threads a job, on {cores} cores; {seen[results.PROJECT]}; "
            f"one at a time with {cores} threads: {seen[f'one at a time, {cores} threads']}",
        ),
    )


if __name__ == "__main__":
    command.run(main)
