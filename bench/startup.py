"""How long a stage takes before its first useful work: `python -m bench.startup`

Each stage is a process of its own, which does what the stage does before its work: it loads Keras
where the stage needs it, the stage's module with all that it imports, reads params.yaml, configures
TensorFlow and begins the tracked run (in a folder of its own), which MLflow is loaded for only when
there is something to log. Measured from the start of the process by a clock that the two share; the
median of some rounds, after one that brings files into memory. So it is where a stage starts by
itself, as under `dvc repro`; under `make repro` it is a copy of a process that has its libraries
loaded (heatproof/run/forkserver.py), which `bench.one_change` measures. A stage that misses its
limit makes the exit code 1.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.startup")

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import record
from bench.results import Measurement, under

ROOT = Path(__file__).resolve().parents[1]
WITH_TENSORFLOW, WITHOUT = 5.0, 1.0  # seconds

# Whether it needs Keras, by stage: its call of `command.start` says so.
STAGES = {
    path.stem: "uses=" in path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "stages").glob("[a-z]*.py"))
}
STARTED = """
import importlib, json, sys, time
started, stage, uses_keras = float(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
laps = {}
def lap(name):
    laps[name] = time.monotonic() - started
if uses_keras:
    from heatproof.run import runtime
    runtime.choose_kernels()
    with runtime.without_unused():
        runtime.load_keras()
    lap("Keras")
importlib.import_module(f"stages.{stage}")
lap("module")
from heatproof.config import params
study = params.load()
lap("params.yaml")
if uses_keras:
    from heatproof.run import tracking
    runtime.configure(study.threads, study.seed)
    lap("TensorFlow")
    with tracking.run(stage, "bench", {"seed": study.seed}):
        lap("tracking")
print(json.dumps(laps))
"""


def laps(stage: str, tracked: bool) -> dict[str, float]:
    """Start a stage's process; return the seconds from its start to each thing being done."""
    with tempfile.TemporaryDirectory() as folder:
        tracking = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"} if tracked else {}
        done = subprocess.run(
            [sys.executable, "-c", STARTED, str(time.monotonic()), stage,
             json.dumps(STAGES[stage])],
            cwd=ROOT, check=True, capture_output=True, text=True,
            env=os.environ | {"STUDY_TRACKING": "" if tracked else "off"} | tracking,
        )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def limit_of(stage: str) -> float:
    """Return the seconds that a stage may take."""
    return WITH_TENSORFLOW if STAGES[stage] else WITHOUT


def measured(stage: str, seconds: list[float]) -> Measurement:
    """Return a stage's seconds, a number per round, beside its limit: the median counts."""
    return under("startup", stage, "s", seconds, limit_of(stage), judged_by="median")


def main() -> None:
    """Measure each stage; exit with 1 if one misses its limit."""
    parser = record.parser(__doc__)
    parser.add_argument("stages", nargs="*", help="all if left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--untracked", action="store_true", help="with STUDY_TRACKING=off")
    options = parser.parse_args()
    with record.into(options.results) as take:
        for stage in options.stages or STAGES:
            laps(stage, not options.untracked)
            rounds = [laps(stage, not options.untracked) for _ in range(options.rounds)]
            take(measured(stage, [max(each.values()) for each in rounds]))
            medians = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
            print("    until", ", ".join(f"{name} {taken:.2f}" for name, taken in medians.items()))
