"""The greatest resident memory of each stage: `python -m bench.memory`

Each stage of the chosen cells, and those of the whole study, runs once as a process of its own, in
a scratch copy of a trained study (`--study`, of which files are only read; the copy takes as much
disk as its data/). The figure is the operating system's: the most that was resident at any time
(`ru_maxrss`), of the process or of one that it starts. At most 2 GiB is the goal for each.

All is as params.yaml says, with one exception: a training has one epoch of a few steps. Its data
are the real ones, all that it trains on and validates with, and so are the network, the batch, and
what is written at an epoch's end.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.memory")

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import record, studies
from bench.results import PROJECT, Measurement, under
from heatproof.config import params
from heatproof.config.yaml_file import read_yaml
from heatproof.storage import paths
from tests import overlay
from tests.scratch import environment

PART = "memory"
LIMIT_GIB = 2.0
COPIED = ("heatproof", "stages", "claims.yaml", "dvc.yaml", "params.yaml", "data", "metrics")
TRAINS = "stages.train"  # what the modules begin with that train
STEPS = 20

# Starts a stage and writes what it took and how it ended: a process begins with the greatest memory
# of the one that starts it, so that one has to be small.
STARTER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as file:
    print(used.ru_maxrss, os.waitstatus_to_exitcode(status), file=file)
"""

Commands = dict[str, list[str]]

# A stage as it is, but for the length of its training epochs.
SHORT = """
import runpy, sys
steps, module = int(sys.argv[1]), sys.argv[2]
from heatproof.run import runtime
configure = runtime.configure
def configured(*words, **named):
    configure(*words, **named)  # only then may Keras be imported
    from heatproof.training.batches import Batches
    whole = Batches.num_batches.fget
    def few(batches):
        return whole(batches) if batches.seed is None else min(steps, whole(batches))
    Batches.num_batches = property(few)
    runtime.configure = configure
runtime.configure = configured
sys.argv[:] = [module, *sys.argv[3:]]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def commands(locked: Mapping[str, Any], cells: Sequence[str], datasets: Sequence[str]) -> Commands:
    """Return the words of each stage to run, by its name, those that train last.

    They write weights of a few steps, which the others shall not use.

    Args:
        locked: the stages of dvc.lock.
        cells: whose stages; those of the whole study are added.
        datasets: those of the cells.
    """
    keys = {"", *cells, *datasets}
    words = {
        name: shlex.split(stage["cmd"])
        for name, stage in locked.items()
        if name.partition("@")[2] in keys
    }
    return dict(sorted(words.items(), key=lambda entry: entry[1][2].startswith(TRAINS)))


def cells_by_default(study: params.Params, folder: Path) -> list[str]:
    """Return each model's cell with the most to hold: the one of the largest prepared data."""
    chosen: dict[str, tuple[int, str]] = {}
    for cell, parts in study.cells.items():
        path = folder / paths.raw(parts.dataset) / paths.IMAGES
        size = path.stat().st_size if path.exists() else 0
        chosen[parts.model] = max(chosen.get(parts.model, (-1, "")), (size, cell))
    return [cell for _, cell in chosen.values()]


def peak_gib(words: Sequence[str], folder: Path, steps: int) -> tuple[float, str]:
    """Run a stage; return its greatest resident memory in GiB, and what it printed if it failed.

    Args:
        words: `python -m <module>` and its options.
        folder: where it runs.
        steps: of a training epoch.
    """
    _, _, module, *rest = words
    how = ["-c", SHORT, str(steps), module] if module.startswith(TRAINS) else ["-m", module]
    mirror = {key: os.environ[key] for key in ("DATASETS_MIRROR",) if key in os.environ}
    with tempfile.TemporaryFile() as printed, tempfile.NamedTemporaryFile("r") as reported:
        subprocess.run(
            [sys.executable, "-S", "-c", STARTER, reported.name, sys.executable, *how, *rest],
            cwd=folder, env=environment(**mirror), stdout=printed, stderr=subprocess.STDOUT,
            check=True,
        )  # fmt: skip
        kib, code = map(int, reported.read().split())
        printed.seek(0)
        lines = printed.read().decode(errors="replace").strip().splitlines()
    return kib / 2**20, (lines or ["it ended"])[-1] if code else ""


def measured(stage: str, gib: float, failure: str, steps: int) -> Measurement:
    """Return a stage's memory beside the limit; without a value where the stage failed."""
    note = (
        f"one epoch of {steps} steps, on all of the real data" if stage.startswith("train") else ""
    )
    absent = {PROJECT: failure} if failure else {}
    return under(PART, stage, "GiB", [] if failure else [gib], LIMIT_GIB, absent=absent, note=note)


def copy(study: Path, scratch: Path, cells: Sequence[str]) -> None:
    """Copy a study, with one epoch under any budget for the models of these cells.

    Raises:
        UserError: the study was not made, or its folder is none.
    """
    studies.copy_finished(study, scratch, COPIED)
    content = overlay.read(scratch / "params.yaml")
    for model in {content["cells"][cell]["model"] for cell in cells}:
        for rows in content["models"][model].get("schedules", {}).values():
            for schedule in rows.values():
                schedule["epochs"] = 1
    overlay.write(scratch / "params.yaml", content)


def main() -> None:
    """Measure each stage; exit with 1 if one has more than the limit, or failed."""
    parser = record.parser(__doc__)
    parser.add_argument("--study", type=Path, default=Path(), help="folder of a finished study")
    parser.add_argument(
        "--cells", nargs="+", help="if left out, of each model the one with the largest data"
    )
    parser.add_argument("--stages", nargs="+", help="only these, such as train or assess")
    parser.add_argument("--steps", type=int, default=STEPS, help="of a training epoch")
    options = parser.parse_args()
    folder = options.study.resolve()
    study = params.load(folder / params.PARAMS)
    for cell in options.cells or ():
        study.cell(cell)  # refuses one that there is none of
    cells = options.cells or cells_by_default(study, folder)
    datasets = sorted({study.cell(cell).dataset for cell in cells})
    with tempfile.TemporaryDirectory() as scratch, record.into(options.results) as take:
        copy(folder, Path(scratch), cells)
        locked = read_yaml(folder / "dvc.lock")["stages"]
        for stage, words in commands(locked, cells, datasets).items():
            if options.stages and stage.partition("@")[0] not in options.stages:
                continue
            gib, failure = peak_gib(words, Path(scratch), options.steps)
            take(measured(stage, gib, failure, options.steps))
