"""What the machine itself can do: `python -m bench.limits`

Two figures that other benches' shares are of. The float32 product of two matrices of 2,048², in
GFLOP/s, on all cores, as TensorFlow multiplies; and a copy from one large array to another, a part
each core, in GB/s of bytes read and written. Each is measured in a process of its own, in turns;
the best round counts, since a limit is what was reached at least once.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.limits")

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bench import machine, record, results
from bench.results import LIMITS, MACHINE

ROOT = Path(__file__).resolve().parents[1]
PRODUCT, COPY = "float32 product of 2,048²", "copy of a large array"
UNITS = {PRODUCT: "GFLOP/s", COPY: "GB/s"}
COPIED_BYTES = 2**29  # many times what any cache holds


class Enough(Exception):
    """The round is long enough."""


def product_rate(seconds: float) -> float:
    """Return GFLOP/s of large products, after one that is not counted."""
    from bench.training.sides import multiply

    done, started = 0.0, 0.0

    def count(gflop: float) -> None:
        nonlocal done, started
        if not started:
            started = time.perf_counter()
            return
        done += gflop
        if time.perf_counter() - started >= seconds:
            raise Enough

    try:
        multiply(count)
    except Enough:
        return done / (time.perf_counter() - started)
    raise RuntimeError("the product ended by itself")


def copy_rate(seconds: float, count: int = COPIED_BYTES) -> float:
    """Return GB/s of copying an array of `count` bytes: as many are read as written."""
    cores = len(os.sched_getaffinity(0))
    source, target = np.ones(count // 8), np.zeros(count // 8)
    parts = list(zip(np.array_split(source, cores), np.array_split(target, cores), strict=True))
    with ThreadPoolExecutor(cores) as threads:

        def copy() -> None:
            list(threads.map(lambda part: np.copyto(part[1], part[0]), parts))

        copy()
        passes, started = 0, time.perf_counter()
        while passes == 0 or time.perf_counter() - started < seconds:
            copy()
            passes += 1
        elapsed = time.perf_counter() - started
    return passes * 2 * source.nbytes / elapsed / 1e9


RATES = {PRODUCT: product_rate, COPY: copy_rate}


def known(file: Path | None, name: str) -> float | None:
    """Return a limit's best round as a results file has it of a machine like this one.

    Args:
        file: of results; None, or one that is not there, has none.
        name: PRODUCT or COPY.
    """
    if file is None or not file.exists():
        return None
    here = machine.description()
    like = [
        max(each.sides[MACHINE])
        for each, where in results.get(file)
        if (each.part, each.case) == (LIMITS, name)
        and all(where.get(fact) == here[fact] for fact in machine.HARDWARE)
    ]
    return like[0] if like else None


def main() -> None:
    """Print the best round of each limit."""
    parser = record.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="a round's least length")
    parser.add_argument("--of", choices=RATES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.of:
        print(json.dumps(RATES[options.of](options.seconds)))
        return
    rates: dict[str, list[float]] = {name: [] for name in RATES}
    for _ in range(options.rounds):
        for name, rounds in rates.items():
            rounds.append(in_a_process(name, options.seconds))
    with record.into(options.results) as take:
        for name, rounds in rates.items():
            take(results.Measurement(LIMITS, name, UNITS[name], "more", {MACHINE: rounds}))


def in_a_process(name: str, seconds: float) -> float:
    """Return one round of a limit (PRODUCT or COPY), in its unit."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.limits", "--of", name, "--seconds", str(seconds)],
        cwd=ROOT, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])
