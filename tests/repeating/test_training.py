"""Weights are the same bit for bit in every process, whatever else runs.

Each network of params.yaml, with each of its batch sizes, its images changed at random or not, is
trained for a few steps by the real loop and the real kernels. There is no setting for worker
processes that load images: batches are made by the training process itself, one ahead.
"""

import ast
import inspect
import json
from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.training.batches import Batches
from tests.repeating import train_steps
from tests.repeating.circumstances import CIRCUMSTANCES, YEARS_LATER, Circumstance, load
from tests.scratch import ROOT, copy_repository

PROGRAM = Path(train_steps.__file__)
# What reads the clock: when a run of MLflow's began. Durations have no date.
DATES = {
    "heatproof/cluster/events.py": ["time.time"],  # when a task began, for the table of a run
    "heatproof/cluster/watch.py": ["time.time"],
    "heatproof/run/temporary.py": ["time.time"],  # the age of what a killed program left
    "heatproof/run/tracking_notes.py": ["time.time"],
    "heatproof/run/tracking_store.py": ["time.strftime"],  # the new name of an old experiment
}
CLOCKS = {"time", "time_ns", "localtime", "gmtime", "strftime", "ctime", "asctime"}


def hashes(
    tmp_path: Path, circumstances: tuple[Circumstance, ...], *models: str
) -> list[dict[str, str]]:
    """Train in processes of their own, two at a time; return what each says of each network."""
    found: list[dict[str, str]] = []
    for first in range(0, len(circumstances), 2):
        processes = []
        for number, circumstance in enumerate(circumstances[first : first + 2], start=first):
            folder = tmp_path / str(number) / circumstance.folder
            folder.mkdir(parents=True)
            copy_repository(folder)
            processes.append(
                circumstance.start([str(PROGRAM), *models], folder, tmp_path / "clock")
            )
        for process in processes:
            said = process.communicate(timeout=1000)[0]
            assert process.returncode == 0, said
            lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
            found.append({name: value for line in lines for name, value in line.items()})
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_train_the_same_weights(tmp_path: Path) -> None:
    """The first model is enough: what is unlike is around the process, not in the network."""
    first = next(iter(params.load(ROOT / "params.yaml").models))
    one, two = hashes(tmp_path, CIRCUMSTANCES[1:3], first)
    assert one == two and one


@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_every_network_repeats_in_five_processes(tmp_path: Path) -> None:
    with load(1):
        found = hashes(tmp_path, CIRCUMSTANCES)
    study = params.load(ROOT / "params.yaml")
    trained = {name for name, model in study.models.items() if model.is_trained}
    assert len(found) == 5 and {name.partition(",")[0] for name in found[0]} == trained
    apart = {name for each in found for name in each if each[name] != found[0][name]}
    assert not apart
    assert len(set(found[0].values())) == len(found[0])


def test_no_worker_processes_can_be_asked_for() -> None:
    assert not [n for n in inspect.signature(Batches).parameters if "worker" in n]
    assert "workers" not in (ROOT / "params.yaml").read_text(encoding="utf-8")


def test_no_result_can_depend_on_the_date() -> None:
    for path in sorted((ROOT / "heatproof").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            f"{node.module}.{alias.name}" for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) for alias in node.names
        }  # fmt: skip
        assert not {name for name in imported if name.split(".")[0] == "datetime"}, path
        assert not {f"time.{name}" for name in CLOCKS} & imported, path
        called = [
            ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)
            and ast.unparse(node.value) == "time" and node.attr in CLOCKS
        ]  # fmt: skip
        assert called == DATES.get(path.relative_to(ROOT).as_posix(), []), path


def test_the_clock_can_be_put_forward(tmp_path: Path) -> None:
    ask = (
        "import time; print(time.time(), time.localtime().tm_year, time.gmtime(0).tm_year, "
        "time.strftime('%Y'), time.strftime('%Y', time.gmtime(0)))"
    )
    later = next(each for each in CIRCUMSTANCES if each.later)
    now, then = (
        each.start(["-c", ask], tmp_path, tmp_path / "clock").communicate()[0].split()
        for each in (CIRCUMSTANCES[0], later)
    )
    years = [float(b) - float(a) for a, b in zip(now[1:], then[1:], strict=True)]
    assert float(then[0]) - float(now[0]) == pytest.approx(YEARS_LATER * 365 * 86400, abs=60)
    assert years[0] in (39, 40) and years[2] in (39, 40) and years[1] == years[3] == 0
