"""params.yaml: what is refused, and in which words. Starts from the real file."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from heatproof.config import params
from heatproof.run.errors import UserError
from stages.fingerprint import STAGES
from tests.scratch import real_params

REAL = Path(__file__).parents[2] / "params.yaml"


def changed(folder: Path, key: str, value: object) -> Path:
    """The real file with one value exchanged; a key that does not exist is added."""
    content = real_params()
    *parents, last = key.split(".")
    block = content
    for parent in parents:
        block = block[parent]
    if value is REMOVED:
        del block[last]
    else:
        block[last] = value
    path = folder / "params.yaml"
    with open(path, "w", encoding="utf-8") as file:
        YAML().dump(content, file)
    return path


REMOVED = object()


def refused(folder: Path, key: str, value: object) -> str:
    with pytest.raises(UserError) as mistake:
        params.load(changed(folder, key, value))
    return str(mistake.value)


def test_the_real_file_is_valid_and_has_the_published_cells_and_two_planted():
    study = params.load(REAL)
    planted = [name for name, cell in study.cells.items() if cell.dataset == "planted"]
    assert (len(study.cells), len(planted)) == (16, 2)
    for cell in study.cells:
        assert study.schedule_of(cell).epochs >= 1
        assert study.model_of(cell).architecture == study.cell(cell).architecture


def test_every_cell_has_a_schedule_under_every_budget():
    study = params.load(REAL)
    for cell in study.cells.values():
        for budget in get_args(params.Budget):
            assert cell.dataset in study.models[cell.model].schedules[budget]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("budget", "papper", ["budget = 'papper'", "'cpu', 'paper' or 'best'"]),
        ("seed", -1, ["seed = -1", "greater than or equal to 0"]),
        ("seed", True, ["seed = True", "valid integer"]),
        ("threads", "two", ["threads = 'two'", "valid integer"]),
        ("sead", 1, ["sead = 1", "unknown parameter", "did you mean 'seed'"]),
        ("cells", {}, ["cells = {}", "at least 1"]),
        ("evaluate", REMOVED, ["evaluate is missing", "add it"]),
        ("models.baseline_cnn.network.kernel_size", 0, ["kernel_size = 0", "3 or 4"]),
        ("models.baseline_cnn.network.stride", 9, ["stride = 9", "1, 2 or 3"]),
        ("models.baseline_cnn.network.stride", True, ["stride = True", "a whole number"]),
        ("models.efficient_cnn.network.dropout", 1.5, ["dropout = 1.5", "less than 1"]),
        ("models.resnet18.network.width", 3, ["width = 3", "did you mean 'widths'"]),
        ("models.resnet18.schedules.cpu.mnist.epochs", -1, ["mnist.epochs = -1", "equal to 1"]),
        ("models.resnet18.schedules.cpu.mnist.epoch", 1, ["did you mean 'epochs'"]),
        ("models.resnet18.schedules.cpu.mnist.train_images", "al", ["train_images = 'al'"]),
        ("models.resnet18.training.optimizer", "adm", ["optimizer = 'adm'", "'adam' or 'sgd'"]),
        (
            "models.resnet18.schedules.paper.mnist.training",
            {"label_smoothing": 2.0},
            ["schedules.paper.mnist.training.label_smoothing = 2.0", "less than 1"],
        ),
        (
            "models.resnet18.schedules.cpu.mnist.training",
            {"label_smothing": 0.1},
            ["mnist.training.label_smothing = 0.1", "did you mean 'label_smoothing'"],
        ),
        ("models.resnet18.schedules.cpu.mnist.training", 3, ["mnist.training = 3", "dictionary"]),
        ("models.resnet18.architecture", "resnet81", ["did you mean 'resnet18'", "vgg_cnn"]),
        ("models.resnet18.architecture", "layers", ["architecture = 'layers': unknown"]),
        ("datasets.mnist.fetch.source", "tdfs", ["did you mean 'tfds'", "image_folder"]),
        ("datasets.mnist.fetch.name", "minst", ["datasets.mnist.fetch.name = 'minst'"]),
        ("datasets.mnist.normalisation.std", [0], ["std", "greater than or equal to 0.0001"]),
        ("explain.images.right_per_clas", 1, ["did you mean 'right_per_class'"]),
        ("explain.images.right_per_class", -1, ["right_per_class = -1"]),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_was_expected(tmp_path, key, value, words):
    message = refused(tmp_path, key, value)
    for word in ["params.yaml: ", *words]:
        assert word in message


def test_cells_must_fit_their_model_and_dataset(tmp_path):
    cell = {"model": "resnet18", "dataset": "mnist", "architecture": "resnet18"}
    assert "here 'resnet18-mnist'" in refused(tmp_path, "cells.my_cell", cell)
    unknown = cell | {"model": "resnet81"}
    message = refused(tmp_path, "cells.resnet81-mnist", unknown)
    assert "model = 'resnet81': unknown; did you mean 'resnet18'" in message
    unknown = cell | {"dataset": "cifar11"}
    assert "did you mean 'cifar10'" in refused(tmp_path, "cells.resnet18-cifar11", unknown)
    other = cell | {"architecture": "vgg_cnn"}
    assert "expected 'resnet18'" in refused(tmp_path, "cells.resnet18-mnist", other)
    unplanned = {"model": "mnist_cnn", "dataset": "digits", "architecture": "vgg_cnn"}
    message = refused(tmp_path, "cells.mnist_cnn-digits", unplanned)
    assert "models.mnist_cnn.schedules.cpu has no 'digits'" in message


def test_a_schedule_of_the_other_budget_may_be_missing(tmp_path):
    path = changed(tmp_path, "models.resnet18.schedules.paper", {})
    assert params.load(path).budget == "cpu"


def test_a_schedule_changes_its_own_training_and_no_other(tmp_path):
    key = "models.resnet18.schedules.cpu.mnist.training"
    study = params.load(changed(tmp_path, key, {"label_smoothing": 0.07, "weight_decay": 1}))
    usual = study.models["resnet18"].training
    found = study.training_of("resnet18-mnist")
    assert (found.label_smoothing, found.weight_decay) == (0.07, 1.0)
    assert usual.label_smoothing != 0.07
    assert found == usual.model_copy(update={"label_smoothing": 0.07, "weight_decay": 1.0})
    plain = study.models["resnet18"].schedules["cpu"]["cifar10"].model_copy(update={"training": {}})
    assert study.models["resnet18"].training_under(plain) == usual


def test_several_mistakes_are_told_at_once(tmp_path):
    path = changed(tmp_path, "seed", -1)
    path.write_text(path.read_text().replace("threads: 2", "threads: 0"))
    with pytest.raises(UserError) as mistake:
        params.load(path)
    assert "seed = -1" in str(mistake.value) and "threads = 0" in str(mistake.value)


def test_unknown_names_suggest_the_nearest():
    study = params.load(REAL)
    with pytest.raises(UserError, match="no cell 'resnet18-minst'; did you mean 'resnet18-mnist'"):
        study.cell("resnet18-minst")
    with pytest.raises(UserError, match="no dataset 'cifar'; did you mean 'cifar10'"):
        study.dataset("cifar")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("seed: [1", "not valid YAML"),
        ("seed: 1\nseed: 2\n", "duplicate key"),
        ("", "expected a mapping"),
        ("- 1\n", "expected a mapping"),
    ],
)
def test_a_file_that_is_no_mapping(tmp_path, content, words):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=words):
        params.load(path)


def test_a_missing_file_says_where_to_be(tmp_path):
    with pytest.raises(UserError, match="run the command in the repository's folder"):
        params.load(tmp_path / "params.yaml")


def test_a_number_with_an_exponent_is_a_number(tmp_path):
    path = changed(tmp_path, "seed", 42)
    text = path.read_text()
    path.write_text(text.replace("l2: 0.0001", "l2: 1e-4"))
    assert params.load(path).models["baseline_cnn"].network.l2 == 1e-4


@pytest.mark.parametrize("stage", sorted({*STAGES, "explain"} - {"report"}))  # which draws
def test_a_stage_loads_no_large_library_before_its_parameters_are_read(stage):
    """Every stage waits for that, also one that then asks a process that has them already."""
    heavy = ("tensorflow", "keras", "mlflow", "matplotlib", "scipy", "pandas", "sklearn")
    code = (
        f"import sys; from stages import {stage}\n"
        "from heatproof.config import params; params.load()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REAL.parent, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("simple_cnn-mnist", {"seed": 42}, ["twins.simple_cnn-mnist.seed = 42", "another"]),
        ("simple_cnn-mnis", {}, ["twins.simple_cnn-mnis", "did you mean 'simple_cnn-mnist'"]),
        ("simple_cnn-mnist", {"dataset": "cifar10"}, ["a cell is named <model>-<dataset>"]),
        ("simple_cnn-mnist", {"sed": 1}, ["twins.simple_cnn-mnist.sed = 1", "unknown parameter"]),
    ],
)
def test_a_twin_that_is_none(tmp_path, name, values, words):
    entry = {"model": "simple_cnn", "dataset": "mnist", "architecture": "simple_cnn", "seed": 7}
    said = refused(tmp_path, "twins", {name: entry | values})
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("simple_cnn-mnist", {"seeds": [42, 7]}, ["seeds.simple_cnn-mnist", "42", "another"]),
        ("simple_cnn-mnist", {"seeds": [7, 8, 7]}, ["7 is there twice"]),
        ("simple_cnn-mnist", {"seeds": [7]}, ["seeds.simple_cnn-mnist.seeds"]),
        ("simple_cnn-mnis", {}, ["seeds.simple_cnn-mnis", "did you mean 'simple_cnn-mnist'"]),
    ],
)
def test_further_seeds_that_are_none(tmp_path, name, values, words):
    entry = {"model": "simple_cnn", "dataset": "mnist", "architecture": "simple_cnn"}
    said = refused(tmp_path, "seeds", {name: entry | {"seeds": [7, 8]} | values})
    for word in words:
        assert word in said
