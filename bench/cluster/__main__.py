"""What a Ray cluster costs a small study, and what it brings: `python -m bench.cluster`

overhead: the whole study on one node of one core that is there already, beside `make repro` on that
core, two cells. nodes: two nodes of one core each beside one, three cells. Both are the demo's, in
scratch copies in which nothing has run, with one thread; --tiny: the tests' two cells.

simulation: many cells on many nodes, from the durations recorded with the digits example, or those
of a study that ran here (--study). What a task costs beside its stages is an option: what the two
other parts measured.

  python -m bench.cluster --only overhead --rounds 3
  python -m bench.cluster --only simulation --study ../birds
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.cluster.__main__")

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import machine, record
from bench.cluster import recorded, running, simulation
from bench.results import PROJECT, Measurement
from heatproof.cluster import ray_cluster
from heatproof.run.errors import UserError
from heatproof.statistics.numbers import duration, plural

CELLS = (16, 160, 1600)
NODES = (1, 2, 4, 10, 30, 100)
# At most a tenth more than without a cluster; two nodes in a 1.7th of the time of one.
OVERHEAD, TWO_NODES = 1 / 1.1, 1.7


def main() -> None:
    """Measure what was asked for."""
    parser = record.parser(__doc__)
    parser.prog = "python -m bench.cluster"
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS], metavar="PART")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--tiny", action="store_true", help="two tiny cells")
    parser.add_argument("--study", type=Path, help="whose durations the simulation takes")
    parser.add_argument("--times", type=float, default=1, help="as long as recorded, cells' stages")
    parser.add_argument("--node-seconds", type=float, default=0.5, help="of a task, on its node")
    parser.add_argument("--head-seconds", type=float, default=0.1, help="of a task, on the head")
    options = parser.parse_args()
    if {"overhead", "nodes"} & {*options.only}:
        ray_cluster.require_ray()
    machine.warn_if_busy()
    with record.into(options.results) as take:
        for part in options.only:
            PARTS[part](options, take)


def overhead(options: argparse.Namespace, take: Callable[..., None]) -> None:
    """Measure the engine beside `make repro`, on one core."""
    core = _cores(1)
    sides = {
        PROJECT: lambda study: running.on_nodes(study, [core]),
        "make repro": lambda study: running.plain(study, core),
    }
    _compare("overhead, one core", sides, running.MODELS[:2], OVERHEAD, options, take)


def nodes(options: argparse.Namespace, take: Callable[..., None]) -> None:
    """Measure two nodes beside one."""
    first, second = ([core] for core in _cores(2))
    sides = {
        PROJECT: lambda study: running.on_nodes(study, [first, second]),
        "one node": lambda study: running.on_nodes(study, [first]),
    }
    _compare("two nodes of one core", sides, running.MODELS, TWO_NODES, options, take)


def simulated(options: argparse.Namespace, take: Callable[..., None]) -> None:
    """Print how long many cells would take on many nodes."""
    pattern = recorded.of_study(options.study) if options.study else recorded.of_example()
    pattern = simulation.longer(pattern, options.times)
    cost = simulation.Cost(options.node_seconds, options.head_seconds)
    source = options.study or "examples/digits/seconds.json"
    if options.times != 1:
        source = f"{options.times:g} times those of {source}"
    print(
        f"durations: {source}. A cell takes {pattern.seconds_per_cell:.0f} s in "
        f"{pattern.tasks_per_cell:g} tasks, of which the longest chain {pattern.longest:.0f} s; "
        f"the head alone {pattern.first:.0f} s before all cells and {pattern.last:.1f} s after "
        f"{len(pattern.tasks)}. Beside its stages a task costs {cost.node:g} s on its node and "
        f"{cost.head:g} s on the head"
    )
    print(*lines(pattern, cost), sep="\n")


PARTS = {"overhead": overhead, "nodes": nodes, "simulation": simulated}


def lines(pattern: simulation.Pattern, cost: simulation.Cost) -> list[str]:
    """Return the table of a simulation, as Markdown."""
    heads = " | ".join(plural(number, "node") for number in NODES)
    rows = [f"| cells | {heads} |", "|---" * (1 + len(NODES)) + "|"]
    for cells in CELLS:
        outcomes = [simulation.simulate(pattern, cells, number, cost) for number in NODES]
        texts = [
            f"{duration(each.seconds)} ({each.speedup:.1f}×, {each.limit})" for each in outcomes
        ]
        rows.append(f"| {cells:,} | {' | '.join(texts)} |")
    return rows


def _compare(
    case: str,
    sides: dict[str, Callable[[running.Scratch], float]],
    models: Sequence[str],
    goal: float,
    options: argparse.Namespace,
    take: Callable[..., None],
) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for place, (name, run) in enumerate(sides.items()):
                study = running.study(Path(folder) / f"{number}-{place}", models, options.tiny)
                seconds[name].append(run(study))
                print(f"{case}: {name} {seconds[name][-1]:.1f} s", flush=True)
    kind = "tiny cells" if options.tiny else f"{len(models)} small cells"
    note = "Ray's nodes are there already; all that a run does beside them counts"
    take(Measurement("cluster", f"{case}, {kind}", "s", "less", seconds, goal=goal, note=note))


def _cores(count: int) -> list[int]:
    there = sorted(os.sched_getaffinity(0))
    if len(there) < count:
        raise UserError(f"{count} cores are needed, there are {len(there)}")
    return there[:count]
