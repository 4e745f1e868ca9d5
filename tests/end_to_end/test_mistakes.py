"""A user's mistakes, made for real: one clear message, an exit code, nothing written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scratch import Scratch, copy_repository
from tools import overlay

SIMPLE = ("stages.train", "--run", "simple_cnn-mnist")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """The real params.yaml and the code, in a folder without git, DVC or data."""
    path = tmp_path_factory.mktemp("mistakes") / "in é"
    copy_repository(path)
    return Scratch(path)


@pytest.fixture
def scratch(copied: Scratch) -> Iterator[Scratch]:
    """It, with its params.yaml put right again afterwards."""
    yield copied
    original = Path(__file__).resolve().parents[2] / "params.yaml"
    (copied.path / "params.yaml").write_bytes(original.read_bytes())


def refusal(scratch: Scratch, *words: str) -> str:
    """Run a stage that has to refuse; return what it says."""
    done = scratch.run(*words)
    assert done.returncode in (1, 2), done.stdout
    assert "Traceback" not in done.stdout, done.stdout
    assert done.stdout.startswith("error: "), done.stdout
    assert not (scratch.path / "data").exists()
    assert not (scratch.path / "metrics").exists()
    return done.stdout


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
def test_a_wrong_parameter(scratch: Scratch, key: str, value: Any, said: list[str]) -> None:
    scratch.change(key, value)
    message = refusal(scratch, *SIMPLE)
    assert "params.yaml: " in message
    for words in said:
        assert words in message


def test_a_missing_parameter(scratch: Scratch) -> None:
    content = scratch.params
    del content["training"]["optimizer"]
    scratch.write_params(content)
    message = refusal(scratch, *SIMPLE)
    assert "params.yaml: training.optimizer is missing: add it" in message


def test_a_file_that_is_no_yaml(scratch: Scratch) -> None:
    (scratch.path / "params.yaml").write_text("budget: [cpu\nseed: 1\n", encoding="utf-8")
    assert "params.yaml: not valid YAML" in refusal(scratch, *SIMPLE)


def test_an_unknown_cell_or_dataset(scratch: Scratch) -> None:
    message = refusal(scratch, "stages.train", "--run", "simple_cnn-mnits")
    assert "no run 'simple_cnn-mnits'" in message
    assert "did you mean 'simple_cnn-mnist'?" in message
    message = refusal(scratch, "stages.fetch", "--dataset", "cifar")
    assert "no dataset 'cifar'; did you mean 'cifar10'?" in message


def test_a_stage_before_its_input_is_there(scratch: Scratch) -> None:
    message = refusal(scratch, *SIMPLE)
    assert "data/processed/mnist.npz" in message
    assert "dvc repro preprocess@mnist" in message


def test_the_study_with_an_unknown_budget(scratch: Scratch) -> None:
    before = (scratch.path / "params.yaml").read_bytes()
    message = refusal(scratch, "tools.repro", "--budget", "papr")
    assert "BUDGET=papr: unknown; did you mean 'paper'?; known: cpu, paper, best" in message
    assert (scratch.path / "params.yaml").read_bytes() == before


def test_the_study_with_another_budget_changes_one_word(scratch: Scratch) -> None:
    path = scratch.path / "params.yaml"
    before = path.read_text(encoding="utf-8")
    content = overlay.read(path)
    assert content["budget"] == "cpu"
    # Stops there: an impossible study, so that nothing is trained here.
    broken = before.replace("threads: 2 ", "threads: 0 ")
    path.write_text(broken, encoding="utf-8")
    done = scratch.run("tools.repro", "--budget", "paper")
    assert done.returncode == 2
    assert done.stdout.startswith("params.yaml: budget is now paper, it was cpu")
    assert path.read_text(encoding="utf-8") == broken.replace("budget: cpu ", "budget: paper ")


def test_the_sweep_without_a_commit(scratch: Scratch) -> None:
    scratch.git("init", "-q")
    assert "there is no git commit here" in refusal(scratch, "tools.sweep")
