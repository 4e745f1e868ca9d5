"""A cell trained with JAX in one folder, adopted in another, whose DVC then trains nothing."""

import json
import re
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest

from heatproof.run.errors import UserError
from tests.scratch import ROOT, Scratch, environment, has_jax
from tools import adopt

CELL = "simple_cnn-digits"
SENT = "sent"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_jax(), reason="JAX is not installed (requirements-dev.txt)"),
]


def bench(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run bench.gpu in a folder; both streams end up in stdout."""
    return subprocess.run(
        [sys.executable, "-m", "bench.gpu", "--out", SENT, *words], cwd=folder, text=True,
        env=environment(PYTHONPATH=str(folder)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """The study's machine: a repository whose data are prepared, nothing trained."""
    made = Scratch.make(tmp_path_factory.mktemp("study"), CELL)
    made.repro("preprocess@digits", "fingerprint")
    return made


@pytest.fixture(scope="module")
def trainer(study: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The machine that trains: the code, params.yaml and the prepared data, no DVC."""
    folder = tmp_path_factory.mktemp("trainer")
    for name in ("heatproof", "stages", "tools"):
        shutil.copytree(study.path / name, folder / name)
    shutil.copytree(ROOT / "bench", folder / "bench")
    shutil.copy(study.path / "params.yaml", folder)
    shutil.copytree(study.path / "data" / "processed", folder / "data" / "processed")
    return folder


def test_trained_there_adopted_here(study: Scratch, trainer: Path) -> None:
    refused = bench(trainer)
    assert refused.returncode == 2 and "JAX sees no GPU here" in refused.stdout
    stopped = bench(trainer, "--on-cpu", "--minutes", "0")
    assert stopped.returncode == 3 and f"call again for the rest: {CELL}" in stopped.stdout
    trained = bench(trainer, "--on-cpu")
    assert trained.returncode == 0, trained.stdout
    assert "all is done" in trained.stdout and "of float32" in trained.stdout
    assert "BUDGET=paper" in trained.stdout, "which the study has to be set to"
    again = bench(trainer, "--on-cpu")
    assert f"{CELL}: trained already" in again.stdout and "epoch 1/" not in again.stdout

    sent = study.path / SENT
    shutil.copytree(trainer / SENT, sent)
    _refusals(study, sent)
    # The bench trains with the budget `paper`, whatever params.yaml says.
    study.change("budget", "paper")
    adopted = study.run("tools.adopt", SENT)
    assert adopted.returncode == 0, adopted.stdout
    assert f"adopted {CELL}: " in adopted.stdout and "trained by jax" in adopted.stdout
    told = json.loads((sent / f"{CELL}.parcel.json").read_text())
    ran, restored = study.repro(f"evaluate@{CELL}")
    assert ran | restored == {f"evaluate@{CELL}"}, "what was adopted counts as trained"
    measured = json.loads((study.path / f"data/metrics/evaluate/{CELL}.json").read_text())
    assert measured["accuracy"] == pytest.approx(told["measured"]["test_accuracy"], abs=1e-6)
    timing = json.loads((study.path / f"data/timing/train/{CELL}.json").read_text())
    assert timing["run"][0]["backend"] == "jax"


def _refusals(study: Scratch, sent: Path) -> None:
    """Each thing that can be wrong is said, and nothing is taken in.

    Once by the command; then without starting Python for each.
    """
    manifest = sent / f"{CELL}.parcel.json"
    kept = manifest.read_text()

    def refused(said: str, folder: str = SENT) -> None:
        with chdir(study.path), pytest.raises(UserError, match=re.escape(said)):
            adopt.adopt(Path(folder))
        assert not (study.path / "data" / "models").exists()

    study.change("budget", "paper")
    study.change("models.simple_cnn.schedules.paper.digits.epochs", 7)
    done = study.run("tools.adopt", SENT)
    assert done.returncode == 2, done.stdout
    assert "schedule.epochs was 1, params.yaml has 7" in done.stdout
    assert not (study.path / "data" / "models").exists()
    study.change("models.simple_cnn.schedules.paper.digits.epochs", 1)
    part = sent / f"{CELL}.weights.h5.00"
    content = part.read_bytes()
    part.write_bytes(content[:-1])
    refused(f"{CELL}.weights.h5.00: damaged")
    part.write_bytes(content)
    manifest.rename(sent / "simple_cnn-digit.parcel.json")
    refused("did you mean 'simple_cnn-digits'")
    (sent / "simple_cnn-digit.parcel.json").rename(manifest)
    assert manifest.read_text() == kept
    refused("FROM=nowhere: there is no such folder", "nowhere")


def test_small_runs_all_of_it_and_is_not_adopted(study: Scratch, trainer: Path) -> None:
    done = bench(trainer, "--small", "--out", "tried")
    assert done.returncode == 0, done.stdout
    assert "2 " in done.stdout and "all is done" in done.stdout
    shutil.copytree(trainer / "tried", study.path / "tried")
    refused = study.run("tools.adopt", "tried")
    assert refused.returncode == 2 and "schedule.epochs was 2" in refused.stdout
