"""What this project adds to DVC when there is nothing to do: `python -m bench.dvc_floor`

Times `dvc repro` on the study, all up to date, against two equal graphs with commands that only
make their outputs and with no code to hash, in one run, taking turns: one whose stages depend on
the same parameters, which is the floor, and one without any parameters. What the study takes over
the floor is the project's doing. What the floor takes over the bare graph is DVC's: it reads
params.yaml again for every stage, and walks it for every entry. All are scratch copies: outputs are
stand-ins of a few bytes, and dvc.lock is what `dvc commit` says of them.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.dvc_floor")

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from ruamel.yaml import YAML

from bench import record
from bench.results import PROJECT, Measurement
from tests.scratch import Scratch, copy_repository, environment

ROOT = Path(__file__).resolve().parents[1]
LIMIT_TIMES = 1.3


# What `dvc commit` does, but for rewriting the whole of dvc.lock after every stage, which takes
# minutes with so many.
RECORDED = """
from dvc.repo import Repo
from dvc.stage.serialize import to_single_stage_lockfile
from ruamel.yaml import YAML
repo = Repo()
lock = {"schema": "2.0", "stages": {}}
with repo.lock:
    for stage in repo.index.stages:
        stage.save()
        stage.commit()
        lock["stages"][stage.name] = to_single_stage_lockfile(stage, with_files=True)
with open("dvc.lock", "w", encoding="utf-8") as file:
    YAML(typ="safe", pure=True).dump(lock, file)
"""


def resolved(repository: Path) -> dict[str, dict]:
    """Return every stage of a repository's dvc.yaml with its templates filled in."""
    code = (
        "import json; from dvc.repo import Repo\n"
        "stages = Repo().index.stages\n"
        "print(json.dumps({s.addressing: {'outs': [o.def_path for o in s.outs],"
        " 'deps': [d.def_path for d in s.deps if not hasattr(d, 'params')],"
        " 'params': [p for d in s.deps if hasattr(d, 'params') for p in d.params]}"
        " for s in stages}))"
    )
    return json.loads(_run(repository, code))


def fill(repository: Path, stages: dict[str, dict]) -> None:
    """Write a few bytes where each output belongs, and have DVC take them for the real ones.

    Where an output is a folder, what other stages take from it is in it.
    """
    made = {out for stage in stages.values() for out in stage["outs"]}
    parts = {dep for stage in stages.values() for dep in stage["deps"] if _within(dep, made)}
    for stage in stages.values():
        for out in (*stage["outs"], *(part for part in parts if _within(part, stage["outs"]))):
            path = repository / out
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix:
                path.write_text(f"{out}\n")
            else:
                path.mkdir(exist_ok=True)
                (path / "index.html").write_text(f"{out}\n")
    _run(repository, RECORDED)


def _within(path: str, folders: Collection[str]) -> bool:
    return any(str(parent) in folders for parent in Path(path).parents)


def empty_twin(path: Path, stages: dict[str, dict], parameters: bool) -> None:
    """Make a repository with the same graph, empty commands and no code to look at."""
    made = {out for stage in stages.values() for out in stage["outs"]}
    folders = {str(parent) for out in made for parent in Path(out).parents}
    twin = {
        name.replace("@", "_at_"): {
            "cmd": "true",
            "deps": [
                dep for dep in stage["deps"] if dep in made or dep in folders or _within(dep, made)
            ],
            "params": stage["params"] if parameters else [],
            "outs": stage["outs"],
        }
        for name, stage in stages.items()
    }
    (path / ".dvc").mkdir(parents=True)
    (path / ".dvc" / "config").write_text("[core]\n    no_scm = True\n    analytics = false\n")
    shutil.copy(ROOT / "params.yaml", path)
    with (path / "dvc.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump({"stages": twin}, file)
    fill(path, stages)


def seconds_to_do_nothing(repository: Path) -> float:
    """Return how long `dvc repro` takes to find that all is up to date."""
    started = time.monotonic()
    output = _dvc(repository, "repro")
    elapsed = time.monotonic() - started
    if "Running stage" in output or "up to date" not in output:
        raise RuntimeError(f"there was something to do:\n{output}")
    return elapsed


def main() -> None:
    """Measure the study beside the floor; exit with 1 if it is over the limit."""
    parser = record.parser(__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, record.into(options.results) as take:
        study = Scratch(Path(folder) / "study")
        copy_repository(study.path)
        study.git("init", "-q")
        stages = resolved(study.path)
        fill(study.path, stages)
        empty_twin(Path(folder) / "floor", stages, parameters=True)
        empty_twin(Path(folder) / "bare", stages, parameters=False)
        seconds: dict[str, list[float]] = {"study": [], "floor": [], "bare": []}
        for _ in range(options.repeat):
            for name, taken in seconds.items():
                taken.append(seconds_to_do_nothing(Path(folder) / name))
        take(measured(len(stages), seconds))


def measured(stages: int, seconds: Mapping[str, list[float]]) -> Measurement:
    """Return the study beside the floor, from seconds of `study`, `floor` and `bare`."""
    return Measurement(
        "nothing-to-do",
        "the study",
        "s",
        "less",
        {PROJECT: seconds["study"], "DVC's floor": seconds["floor"]},
        goal=1 / LIMIT_TIMES,
        note=f"{stages} stages; without parameters DVC takes {min(seconds['bare']):.2f} s",
    )


def _run(repository: Path, code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environment(), check=True,
        capture_output=True, text=True,
    ).stdout  # fmt: skip


def _dvc(repository: Path, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "dvc", *words], cwd=repository, env=environment(), check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ).stdout  # fmt: skip
