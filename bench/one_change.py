"""One parameter of one cell changed, all else done before: `python -m bench.one_change`

The wall time of `make repro` beside the sum of the useful work of the stages that it runs, in a
scratch copy of a study: a small one (the demo's; `--tiny`: the tests'), or a finished one
(`--study`, of which files are only read; the copy takes as much disk as its data/ and its cache).
The parameter is a model's, so that all stages of its cells run again, and those of the whole study.
At most 10 % over is the goal.

Useful work: right after the run each of these stages is run once more, in a process that has
already loaded the stage's module and its libraries, has configured TensorFlow and has opened a
tracked run, as `bench.startup` does. What its `main` then takes is its
work, reading and writing files, tracing and compiling included. So all that the wall time has
beyond the sum is starting Python and libraries, and DVC.

A small cell cannot reach the goal. Its 11 stages were 40.0 s of work, and 13.6 s beyond it. In CPU
time, elsewhere: TensorFlow and what else stages share takes 5.7 s to load, once a run; DVC 0.3 s;
and each stage 0.45 s to import the schema of params.yaml and to read it, which a copy of a loaded
process does as well, since code may have changed: 5 s of 11 stages. A tenth of 40 s is less than
the first alone.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.one_change")

import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import record, studies
from bench.results import PROJECT, Measurement
from bench.startup import STAGES
from heatproof.run.errors import UserError, nearest
from tests import overlay
from tests.scratch import Scratch, copy_repository, environment

CHANGED = "models.{model}.training.label_smoothing"
SMALL = "simple_cnn"
MADE = ("data", "metrics", ".dvc/cache", "dvc.lock", "params.yaml")
STEP = 0.01  # each round has a value of its own, or DVC's run-cache would serve it
OVER = 1.1

WORK = """
import importlib, json, sys, time
from heatproof.run import runtime, tracking
module, uses_keras = sys.argv[1], json.loads(sys.argv[2])
if uses_keras:
    runtime.choose_kernels()
    runtime.load_keras()
stage = importlib.import_module(module)
from heatproof.config import params
study = params.load()
if uses_keras:
    runtime.configure(study.threads, study.seed, training=".train" in module)
    with tracking.run("bench", "bench", {"seed": study.seed}):
        pass
sys.argv[:] = [module, *sys.argv[3:]]
started = time.perf_counter()
stage.main()
print(json.dumps(time.perf_counter() - started))
"""


def work_of(study: Scratch, stage: str) -> float:
    """Run a stage in a process that is ready for it; return the seconds."""
    locked = overlay.read(study.path / "dvc.lock")["stages"]
    _, _, module, *words = shlex.split(locked[stage]["cmd"])
    uses_keras = STAGES[module.removeprefix("stages.")]
    done = subprocess.run(
        [sys.executable, "-c", WORK, module, json.dumps(uses_keras), *words],
        cwd=study.path, env=environment(STUDY_TRACKING="on"), check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def reproduce(study: Scratch) -> tuple[float, list[str]]:
    """Run `make repro`; return the seconds and the stages that ran.

    Raises:
        RuntimeError: it failed; with what it printed.
    """
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tools.repro"], cwd=study.path,
        env=environment(STUDY_TRACKING="on"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    seconds = time.monotonic() - started
    if done.returncode:
        raise RuntimeError(done.stdout)
    return seconds, re.findall(r"^Running stage '(.+)':$", done.stdout, re.MULTILINE)


def require_cell(model: str, parameters: dict[str, Any]) -> None:
    """Raise a UserError if no cell of a study is of the model."""
    known = sorted({cell["model"] for cell in parameters["cells"].values()})
    if model not in known:
        raise UserError(
            f"--model {model}: no cell has it{nearest(model, known)}; known: {', '.join(known)}"
        )


def finished(path: Path, study: Path) -> Scratch:
    """Make a study at `path` of this code and what another one has made.

    Raises:
        UserError: the other one has made nothing.
    """
    copy_repository(path)
    studies.copy_finished(study, path, MADE)
    scratch = Scratch(path)
    scratch.git("init", "-q")
    return scratch


def main() -> None:
    """Measure the wall time and the stages' work; exit with 1 if the goal is missed."""
    parser = record.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="two tiny cells")
    parser.add_argument("--study", type=Path, metavar="FOLDER", help="a finished study")
    parser.add_argument("--model", default=SMALL, help="whose parameter changes")
    options = parser.parse_args()
    walls, works = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study"
        if options.study:
            require_cell(options.model, studies.parameters(options.study))
            study = finished(path, options.study.resolve())
        else:
            study = studies.small(path, options.tiny)
            require_cell(options.model, study.params)
        print(f"running what is not done of: {', '.join(study.params['cells'])}", flush=True)
        _, ran = reproduce(study)
        if options.study and ran:
            raise UserError(f"{options.study}: not finished by this code: {', '.join(ran)} ran")
        for number in range(1, options.rounds + 1):
            study.change(CHANGED.format(model=options.model), STEP * number)
            wall, ran = reproduce(study)
            work = {stage: work_of(study, stage) for stage in ran}
            walls.append(wall)
            works.append(sum(work.values()))
            print(f"make repro {wall:.1f} s, of which {works[-1]:.1f} s are work:")
            print(*(f"  {stage:40} {taken:6.1f}" for stage, taken in work.items()), sep="\n")
    size = "tiny" if options.tiny else "small"
    case = f"of {options.model} in the whole study" if options.study else f"{size} cell"
    with record.into(options.results) as take:
        take(measured(walls, works, len(work), case))


def measured(walls: list[float], works: list[float], stages: int, case: str) -> Measurement:
    """Return the wall times beside the stages' useful work, a number per round."""
    return Measurement(
        "one-change",
        f"a training parameter, {case}",
        "s",
        "less",
        {PROJECT: walls, "its stages' useful work": works},
        goal=1 / OVER,
        note=f"{stages} stages ran; work is what each stage's main takes in a process that has "
        "loaded all it needs",
    )
