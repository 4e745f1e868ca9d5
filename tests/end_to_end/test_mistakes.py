"""A user's mistakes, made for real: one clear message, an exit code, nothing written."""

import errno
import importlib
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from heatproof.run import ending
from heatproof.run.errors import UserError
from tests import overlay
from tests.scratch import ROOT, Scratch, environment
from tools import repro, shell

SIMPLE = ("stages.train", "--run", "simple_cnn-mnist")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """The real params.yaml, in the current folder, without git, DVC or data."""
    path = tmp_path / "in é"
    path.mkdir()
    shutil.copy(ROOT / "params.yaml", path)
    monkeypatch.chdir(path)
    return Scratch(path)


@pytest.fixture
def refusal(scratch: Scratch, monkeypatch: pytest.MonkeyPatch, capsys):
    """What runs a program, as `python -m` does, that has to refuse; returns its message."""

    def refused(_: Scratch, module: str, *words: str) -> str:
        monkeypatch.setattr(sys, "argv", [module, *words])
        with pytest.raises(SystemExit) as end:
            ending.run(importlib.import_module(module).main)
        output = capsys.readouterr()
        assert end.value.code in (1, 2)
        assert output.err.startswith("error: ")
        assert not (scratch.path / "data").exists()
        assert not (scratch.path / "metrics").exists()
        return output.out + output.err

    return refused


@pytest.mark.parametrize(
    ("module", "words", "threads", "told"),
    [
        ("stages.train", ["--run", "simple_cnn-mnist"], 0, "params.yaml: threads = 0"),
        ("stages.train", ["--run", "simple_cnn-mnits"], 2, "did you mean 'simple_cnn-mnist'?"),
        ("stages.explain", ["--cell", "x", "--family", "gradients"], 2, "there is no cell 'x'"),
        ("tools.export", ["x"], 2, "there is no cell 'x'"),
    ],
)
def test_a_program_reports_it_without_a_traceback_before_keras_is_loaded(
    scratch: Scratch, module: str, words: list[str], threads: int, told: str
) -> None:
    scratch.change("threads", threads)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", module, *words],
        cwd=scratch.path, text=True,
        env=environment(PYTHONPATH=str(ROOT)), capture_output=True, check=False,
    )  # fmt: skip
    message = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert done.returncode == 2 and len(message) == 1
    assert message[0].startswith("error: params.yaml: ") and told in message[0]
    assert "tensorflow" not in done.stderr


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("budget", "papper", ["budget", "'papper'", "cpu", "paper"]),
        ("threads", 0, ["threads = 0", "greater than or equal to 1"]),
        ("models.simple_cnn.network.kernel_size", 0, ["models.simple_cnn.network.kernel_size = 0"]),
        ("models.baseline_cnn.network.stride", 9, ["models.baseline_cnn.network.stride = 9", "3"]),
        ("models.mnist_cnn.network.dropout", 1.5, ["models.mnist_cnn.network.dropout = 1.5", "1"]),
        ("models.simple_cnn.network.kernal_size", 3, ["kernal_size", "did you mean 'kernel_size'"]),
        ("models.simple_cnn.training.optimizer", "adan", ["training.optimizer = 'adan'", "'adam'"]),
        ("models.simple_cnn.network.architecture", "simple_cn", ["did you mean 'simple_cnn'"]),
        ("models.simple_cnn.schedules.cpu.mnist.epochs", -1, ["cpu.mnist.epochs = -1", "1"]),
        ("models.simple_cnn.schedules.cpu.mnist.epochs", "5", ["epochs = '5'", "integer"]),
        ("datasets.mnist.fetch.source", "tfdss", ["datasets.mnist.fetch.source", "mean 'tfds'"]),
        ("cells.simple_cnn-mnist.model", "simple_cn", ["simple_cnn-mnist.model", "'simple_cnn'"]),
        ("cells.simple_cnn-mnist.dataset", "mnits", ["cells.simple_cnn-mnist.dataset", "'mnist'"]),
        ("cells.simple_cnn-mnist.dataset", "fashion_mnist", ["'simple_cnn-fashion_mnist'"]),
        ("cells", {}, ["cells = {}", "at least 1"]),
    ],
)  # fmt: skip
def test_a_wrong_parameter(
    scratch: Scratch, refusal, key: str, value: Any, said: list[str]
) -> None:
    scratch.change(key, value)
    message = refusal(scratch, *SIMPLE)
    assert "params.yaml: " in message
    for words in said:
        assert words in message


def test_a_missing_parameter(scratch: Scratch, refusal) -> None:
    content = scratch.params
    del content["training"]["optimizer"]
    scratch.write_params(content)
    message = refusal(scratch, *SIMPLE)
    assert "params.yaml: training.optimizer is missing: add it" in message


def test_a_file_that_is_no_yaml(scratch: Scratch, refusal) -> None:
    (scratch.path / "params.yaml").write_text("budget: [cpu\nseed: 1\n", encoding="utf-8")
    assert "params.yaml: not valid YAML" in refusal(scratch, *SIMPLE)


def test_an_unknown_cell_or_dataset(scratch: Scratch, refusal) -> None:
    message = refusal(scratch, "stages.train", "--run", "simple_cnn-mnits")
    assert "no run 'simple_cnn-mnits'" in message
    assert "did you mean 'simple_cnn-mnist'?" in message
    message = refusal(scratch, "stages.fetch", "--dataset", "cifar")
    assert "no dataset 'cifar'; did you mean 'cifar10'?" in message


def test_a_stage_before_its_input_is_there(scratch: Scratch, refusal) -> None:
    message = refusal(scratch, *SIMPLE)
    assert "data/processed/mnist.npz" in message
    assert "dvc repro preprocess@mnist" in message


def test_the_study_with_an_unknown_budget(scratch: Scratch, refusal) -> None:
    before = (scratch.path / "params.yaml").read_bytes()
    message = refusal(scratch, "tools.repro", "--budget", "papr")
    assert "BUDGET=papr: unknown; did you mean 'paper'?; known: cpu, paper, best" in message
    assert (scratch.path / "params.yaml").read_bytes() == before


def test_the_study_with_another_budget_changes_one_word(scratch: Scratch, refusal) -> None:
    path = scratch.path / "params.yaml"
    (scratch.path / ".dvc").mkdir()
    before = path.read_text(encoding="utf-8")
    content = overlay.read(path)
    assert content["budget"] == "cpu"
    # Stops there: an impossible study, so that nothing is trained here.
    broken = before.replace("threads: 2 ", "threads: 0 ")
    path.write_text(broken, encoding="utf-8")
    message = refusal(scratch, "tools.repro", "--budget", "paper")
    assert message.startswith("params.yaml: budget is now paper, it was cpu")
    assert path.read_text(encoding="utf-8") == broken.replace("budget: cpu ", "budget: paper ")


def test_a_budget_that_cannot_be_written_leaves_the_file_as_it_was(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scratch.path / "params.yaml"
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        repro.set_budget(path, "paper")
    assert path.read_bytes() == before and list(scratch.path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("module", "git", "told"),
    [
        (
            "tools.sweep",
            "archive",
            "there is no git repository here (an archive has none): git init",
        ),
        ("tools.sweep", "empty", "there is no git commit here: git init; git add"),
        ("tools.sweep", "of another user", "git config --global --add safe.directory"),
        ("tools.experiments", "of another user", "git config --global --add safe.directory"),
        ("tools.experiments", "not installed", "install git"),
        ("tools.sweep", "shallow", "git fetch --unshallow"),
    ],
)
def test_experiments_where_git_cannot_serve(
    scratch: Scratch, refusal, monkeypatch: pytest.MonkeyPatch, module: str, git: str, told: str
) -> None:
    if git != "archive":
        scratch.git("init", "-q")
    if git == "of another user":
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    if git == "not installed":
        monkeypatch.setenv("PATH", "")
    if git == "shallow":
        scratch.git(
            "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "1"
        )
        (scratch.path / ".git" / "shallow").write_text(scratch.git("rev-parse", "HEAD"))
    assert told in refusal(scratch, module)


def test_a_folder_that_dvc_fails_in_and_one_without_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shell.SYSTEM_CONFIG, "")  # and as it was afterwards
    monkeypatch.delenv(shell.SYSTEM_CONFIG)
    for name in ("{x}", "a:b", "what? 'q' \"d\" $HOME;#%20\n"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        with (
            pytest.raises(UserError, match="rename it") if name in ("{x}", "a:b") else nullcontext()
        ):
            shell.prepare()
    assert (Path(os.environ[shell.SYSTEM_CONFIG]) / "config").is_file()


@pytest.mark.parametrize("words", [[], ["--check"]])
def test_the_results_table_elsewhere_than_in_the_study(scratch: Scratch, refusal, words) -> None:
    assert "README.md: there is no such file" in refusal(scratch, "tools.results", *words)
