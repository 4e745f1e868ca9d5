"""params.yaml: what is refused, and in which words. Starts from the real file."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from heatproof.config import params
from heatproof.config.models import scheduled
from heatproof.config.validation import validated
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError
from tests import overlay
from tests.scratch import real_params

REAL = Path(__file__).parents[2] / "params.yaml"


def with_known_cells() -> dict[str, Any]:
    """The real file, in which the cells that these tests name are there whatever it has."""
    content = real_params() | {"budget": "cpu", "seed": 42, "threads": 2}
    known = {
        f"{model}-{dataset}": {"model": model, "dataset": dataset}
        for model, dataset in (
            ("simple_cnn", "mnist"), ("resnet18", "mnist"), ("resnet18", "cifar10")
        )
    }  # fmt: skip
    further = {"model": "simple_cnn", "dataset": "mnist", "seed": 43}
    runs = {
        "simple_cnn-mnist-seed43": further,
        "simple_cnn-mnist-shuffled43": further | {"labels": "shuffled"},
    }
    content["cells"] = {**known, **content["cells"]}
    # The file's own further runs would be called otherwise under another seed.
    content["runs"] = content["cells"] | runs
    for name in ("shuffled", "compared", "published"):
        content[name] = {}
    return content


@pytest.fixture
def study(tmp_path: Path) -> params.Params:
    return params.load(changed(tmp_path, "seed", 42))


def changed(folder: Path, key: str, value: object) -> Path:
    """A file of what `with_value` returns."""
    path = folder / "params.yaml"
    overlay.write(path, with_value(key, value))
    return path


def with_value(key: str, value: object) -> dict[str, Any]:
    """The real file with one value exchanged; a key that does not exist is added."""
    content = with_known_cells()
    *parents, last = key.split(".")
    block = content
    for parent in parents:
        block = block.setdefault(parent, {})
    if value is REMOVED:
        del block[last]
    else:
        block[last] = value
    return content


REMOVED = object()


def refused(folder: Path, key: str, value: object) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(params, "read_yaml", lambda *_: with_value(key, value))
        with pytest.raises(UserError) as mistake:
            params.load(folder / "params.yaml")
    return str(mistake.value)


def test_every_cell_has_a_schedule_under_every_budget():
    study = params.load(REAL)
    for cell in study.cells:
        assert study.run(cell).is_cells_own
        for budget in get_args(params.Budget):
            assert study.schedule_under(budget, cell).epochs >= 1


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
        ("models.resnet18.schedules.cpu.mnist.epochs", -1, ["mnist.epochs = -1", "equal to 0"]),
        ("models.resnet18.schedules.cpu.mnist.epochs", 0, ["epochs = 0: expected at least 1"]),
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
        (
            "models.resnet18.schedules.cpu.mnist.training",
            3,
            ["mnist.training = 3", "should be a mapping"],
        ),
        (
            "models.resnet18.network.architecture",
            "resnet81",
            ["network.architecture = 'resnet81': unknown", "did you mean 'resnet18'", "vgg_cnn"],
        ),
        ("models.resnet18.network.architecture", REMOVED, ["resnet18.network.architecture is mis"]),
        ("models.resnet18.network", 3, ["models.resnet18.network = 3", "correct it"]),
        ("training.optimizer", REMOVED, ["params.yaml: training.optimizer is missing: add it"]),
        ("datasets.mnist.fetch.reads", "x", ["fetch.reads = 'x'", "'data/code/fetch.txt'"]),
        ("datasets.mnist.fetch.reads", REMOVED, ["reads is missing: add it, as data/code/fetch."]),
        (
            "models.simple_cnn.schedules.cpu.default.head",
            {"epochs": 0},
            ["default.head.epochs = 0:"],
        ),
        ("datasets.mnist.fetch.source", "tdfs", ["did you mean 'tfds'", "image_folder"]),
        ("datasets.mnist.fetch.name", "../x", ["datasets.mnist.fetch.name = '../x'"]),
        ("datasets.mnist.normalisation.std", [0], ["std", "greater than or equal to 0.0001"]),
        ("datasets.mnist.normalisation", "own", ["'own': should be auto, or numbers: {mean: ["]),
        ("datasets.mnist.augmentation", "digit", ["augmentation.preset = 'digit'", "'objects'"]),
        ("datasets.mnist.augmentation", {"shift": 2}, ["did you mean 'shift_pixels'", "preset"]),
        ("training.balance", "weights", ["balance = 'weights'", "'class_weights' or 'sampling'"]),
        ("explain.perturbation.lime.kernel_width", 1e-300, ["kernel_width = 1e-300", "to 0.05"]),
        ("explain.perturbation.lime.ridge", 1e-300, ["ridge = 1e-300", "equal to 0.00000001"]),
        ("explain.images.right_per_clas", 1, ["did you mean 'right_per_class'"]),
        ("explain.images.right_per_class", -1, ["right_per_class = -1"]),
        ("explain.gradients.saliency", None, ["saliency = None: should be a mapping", "or {} for"]),
        ("explain.gradients.saliency.x", 1, ["there are no parameters here; remove it"]),
        ("explain.gradcam", {}, ["its place is explain.gradients.gradcam; move it there"]),
        ("assess.localisation", {}, ["its place is assess.measures.localisation; move it there"]),
        ("datasets.mnist.fetch", None, ["datasets.mnist.fetch = None: should be a mapping"]),
        ("cells.simple_cnn-mnist", [], ["cells.simple_cnn-mnist = []: should be a mapping"]),
        ("compared", None, ["compared = None: should be a mapping", "or {} for an empty one"]),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_was_expected(tmp_path, key, value, words):
    message = refused(tmp_path, key, value)
    for word in ["params.yaml: ", *words]:
        assert word in message


def test_cells_must_fit_their_model_and_dataset(tmp_path):
    cell = {"model": "resnet18", "dataset": "mnist"}
    assert "called 'resnet18-mnist'" in refused(tmp_path, "cells.my_cell", cell)
    message = refused(tmp_path, "cells.resnet81-mnist", cell | {"model": "resnet81"})
    assert "model = 'resnet81': unknown; did you mean 'resnet18'" in message
    message = refused(tmp_path, "cells.resnet18-cifar11", cell | {"dataset": "cifar11"})
    assert "did you mean 'cifar10'" in message


def test_a_cell_without_a_run_is_refused_with_a_remedy(tmp_path):
    cell = {"model": "resnet18", "dataset": "digits"}
    message = refused(tmp_path, "cells.resnet18-digits", cell)
    assert "runs: the cell 'resnet18-digits' is missing; add `<<: *cells` to runs" in message


def test_a_schedule_of_the_other_budget_may_be_missing(tmp_path):
    path = changed(tmp_path, "models.resnet18.schedules.paper", {})
    study = params.load(path)
    assert study.budget == "cpu" and study.schedule_under("paper", "resnet18-mnist") is None


def test_a_dataset_without_a_schedule_has_the_budgets_default_if_there_is_one(tmp_path):
    schedules = {"default": {"epochs": 3, "batch_size": 8, "learning_rate": 1, "decay": "cosine"}}
    study = params.load(changed(tmp_path, "models.resnet18.schedules.cpu", schedules))
    expected = schedules["default"] | {"augment": False, "train_images": "all", "head": None}
    assert study.run("resnet18-mnist").schedule.model_dump() == expected
    schedules = {"cifar10": schedules["default"], "fashion_mnist": schedules["default"]}
    message = refused(tmp_path, "models.resnet18.schedules.cpu", schedules)
    assert "resnet18.schedules.cpu has neither 'mnist' nor 'default', and the cell" in message


def test_a_head_is_laid_over_the_defaults_and_is_of_pretrained_networks(tmp_path):
    key = "models.efficientnet_lite0.schedules.cpu"
    row = {"epochs": 0, "batch_size": 8, "learning_rate": 1, "decay": "cosine"}
    schedules = {
        "default": row | {"head": {"epochs": 3, "copies": 7}},
        "mnist": {"head": {"epochs": 9}},
    }
    study = params.load(changed(tmp_path, key, schedules))
    model = study.models["efficientnet_lite0"]
    heads = [
        scheduled(Path("x"), study.training, "a", model, "cpu", dataset)[0].head
        for dataset in ("cifar10", "mnist")
    ]
    assert [(head.epochs, head.copies, head.trained_layers) for head in heads] == [
        (3, 7, "all"), (9, 7, "all")
    ]  # fmt: skip
    message = refused(tmp_path, "models.resnet18.schedules.cpu.default.head", {"epochs": 3})
    assert "default.head: it is what is trained first" in message
    message = refused(tmp_path, "models.efficientnet_lite0.network.weights", "none")
    assert "and models.efficientnet_lite0 has none: remove it" in message


def test_a_schedule_overrides_the_default_and_is_complete_with_it(tmp_path):
    key = "models.resnet18.schedules.cpu"
    row = {"epochs": 3, "batch_size": 8, "learning_rate": 1, "decay": "cosine", "augment": True}
    differing = {"epochs": 7, "augment": False, "training": {"label_smoothing": 0.5}}
    default = row | {"training": {"label_smoothing": 0.25, "weight_decay": 1}}
    study = params.load(changed(tmp_path, key, {"default": default, "mnist": differing}))
    run = study.run("resnet18-mnist")
    assert (run.schedule.epochs, run.schedule.batch_size, run.schedule.augment) == (7, 8, False)
    assert (run.training.label_smoothing, run.training.weight_decay) == (0.5, 1.0)
    assert study.run("resnet18-cifar10").training.label_smoothing == 0.25
    message = refused(tmp_path, key, {"default": {"epochs": 3}, "mnist": {"batch_size": 8}})
    assert "resnet18.schedules.cpu.default.batch_size is missing: add it" in message


def test_a_model_and_a_schedule_change_their_own_training_and_no_other(tmp_path):
    key = "models.resnet18.schedules.cpu.mnist"
    study = params.load(changed(tmp_path, key, {"training": {"weight_decay": 1}}))
    ours, usual = study.run("resnet18-mnist").training, study.training
    assert ours.weight_decay == 1.0 and usual.weight_decay == 0.0
    assert study.run("resnet18-cifar10").training == usual
    study = params.load(changed(tmp_path, "models.resnet18.training", {"plateau_patience": 9}))
    assert study.run("resnet18-cifar10").training == usual.model_copy(
        update={"plateau_patience": 9}
    )


def test_what_a_run_leaves_out_is_the_studys(study):
    own, other = study.run("simple_cnn-mnist"), study.run("simple_cnn-mnist-seed43")
    assert (own.seed, other.seed) == (study.seed, 43)
    changed = {"name": other.name, "seed": 43}
    assert other == own.model_copy(update=changed)
    assert study.run("simple_cnn-mnist-shuffled43").labels == "shuffled"
    assert "budget" not in own.model_dump()  # only what it picks counts


FEW = "train_images_per_class"


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("simple_cnn-mnist-seed42", {"seed": 42}, ["this is `seed`", "give another"]),
        ("simple_cnn-mnist-seed7", {"seed": 8}, ["called 'simple_cnn-mnist-seed8'", "rename it"]),
        ("again", {"labels": "shuffled"}, ["called 'simple_cnn-mnist-shuffled7'"]),
        ("again", {"labels": "random"}, ["runs.again.labels = 'random'", "'true' or 'shuffled'"]),
        ("simple_cnn-mnist-seed7", {"sed": 1}, ["simple_cnn-mnist-seed7.sed = 1", "'seed'"]),
        ("simple_cnn-cifar10-seed7", {"dataset": "cifar10"}, ["no cell 'simple_cnn-cifar10'"]),
        ("again", {"fold": 1}, ["fold and folds go together"]),
        ("again", {"fold": 3, "folds": 2}, ["there are 2 folds, counted from 1"]),
        ("again", {"fold": 1, "folds": 2, "labels": "shuffled"}, ["leave one of them out"]),
        ("again", {"fold": 1, "folds": 2}, ["called 'simple_cnn-mnist-seed7-fold1of2'"]),
        ("again", {"fold": 1, "folds": 2, "seed": 42}, ["called 'simple_cnn-mnist-fold1of2'"]),
        ("again", {FEW: 5}, ["called 'simple_cnn-mnist-seed7-5perclass'"]),
        ("again", {FEW: 5, "seed": 42}, ["called 'simple_cnn-mnist-5perclass'", "rename it"]),
        ("again", {FEW: 5, "labels": "shuffled"}, [f"{FEW} goes with neither"]),
        ("again", {FEW: 5, "fold": 1, "folds": 2}, [f"{FEW} goes with neither", "leave one"]),
        ("again", {FEW: 0}, [f"runs.again.{FEW} = 0", "greater than or equal to 1"]),
        ("again", {FEW: -5}, [f"runs.again.{FEW} = -5", "greater than or equal to 1"]),
        ("again", {FEW: "few"}, [f"runs.again.{FEW} = 'few'", "valid integer"]),
        ("again", {FEW: [1, 5]}, [f"runs.again.{FEW} = [1, 5]", "valid integer"]),
    ],
)
def test_a_run_is_called_what_it_is(tmp_path, name, values, words):
    entry = {"model": "simple_cnn", "dataset": "mnist", "seed": 7}
    message = refused(tmp_path, f"runs.{name}", entry | values)
    for word in words:
        assert word in message


def test_all_folds_of_a_cell_are_of_one_division(tmp_path):
    content = with_known_cells()
    for name, fold in (("fold1of2", {"folds": 2}), ("seed7-fold1of3", {"folds": 3, "seed": 7})):
        entry = {"model": "simple_cnn", "dataset": "mnist", "fold": 1}
        content["runs"][f"simple_cnn-mnist-{name}"] = entry | fold
    overlay.write(tmp_path / "params.yaml", content)
    with pytest.raises(UserError, match=r"seed7-fold1of3.folds = 3: other runs .* have 2; give"):
        params.load(tmp_path / "params.yaml")


def test_labels_as_they_are_may_be_written_as_yaml_reads_them(tmp_path):
    entry = {"model": "simple_cnn", "dataset": "mnist", "seed": 7, "labels": True}
    study = params.load(changed(tmp_path, "runs.simple_cnn-mnist-seed7", entry))
    assert study.run("simple_cnn-mnist-seed7").labels == "true"


@pytest.mark.parametrize(
    ("place", "name", "values", "words"),
    [
        ("shuffled", "simple_cnn-mnist", {}, ["expected a run of this cell on shuffled labels"]),
        (
            "compared",
            "simple_cnn-mnist",
            {"run": "simple_cnn-mnist"},
            ["from another seed", "; known: simple_cnn-mnist-seed43"],
        ),
        ("compared", "simple_cnn-mnis", {}, ["did you mean 'simple_cnn-mnist'", "remove this"]),
        ("compared", "simple_cnn-mnist", {"model": "resnet18"}, ["model: simple_cnn, dataset: mn"]),
    ],
)
def test_a_list_of_cells_names_cells_and_their_runs(tmp_path, place, name, values, words):
    entry = {"model": "simple_cnn", "dataset": "mnist", "run": "simple_cnn-mnist-seed43"}
    message = refused(tmp_path, place, {name: entry | values})
    assert f"params.yaml: {place}.{name}" in message
    for word in words:
        assert word in message


def test_a_cell_and_another_cells_run_have_one_name(tmp_path):
    content = with_known_cells()
    content["datasets"]["mnist-seed43"] = content["datasets"]["mnist"]
    cell = {"model": "simple_cnn", "dataset": "mnist-seed43"}
    message = refused(tmp_path, "cells", content["cells"] | {"simple_cnn-mnist-seed43": cell})
    assert "dataset = 'mnist-seed43': unknown" in message
    path = tmp_path / "params.yaml"
    content["cells"]["simple_cnn-mnist-seed43"] = cell
    overlay.write(path, content)
    with pytest.raises(UserError, match="have one name; rename the dataset 'mnist-seed43'"):
        params.load(path)


def test_a_file_of_the_last_release_is_refused_with_a_hint_at_the_changelog(tmp_path):
    content = with_known_cells()
    del content["runs"]
    path = tmp_path / "params.yaml"
    overlay.write(path, content | {"twins": {}, "seeds": {}})
    with pytest.raises(UserError, match=r"yaml: twins, seeds: .* earlier release.* CHANGELOG\.md"):
        params.load(path)


def test_several_mistakes_are_reported_at_once(tmp_path):
    path = changed(tmp_path, "seed", -1)
    path.write_text(path.read_text().replace("threads: 2", "threads: 0"))
    with pytest.raises(UserError) as mistake:
        params.load(path)
    assert "seed = -1" in str(mistake.value) and "threads = 0" in str(mistake.value)


def test_unknown_names_suggest_the_nearest(study):
    with pytest.raises(UserError, match="no cell 'resnet18-minst'; did you mean 'resnet18-mnist'"):
        study.cell("resnet18-minst")
    with pytest.raises(UserError, match="no dataset 'cifar'; did you mean 'cifar10'"):
        study.dataset("cifar")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("seed: [1", "not valid YAML"),
        ("seed: 1\nseed: 2\n", "line 2: found duplicate key"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n  y: 1\n  y: 2\n", 'line 5: found duplicate key "y"'),
        ("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", 'line 4: found duplicate key "<<"'),
        ("b: {<<: *a}\n", "line 1: found undefined alias 'a'"),
        ("b: {<<: a}\n", "line 1: expected a mapping or list of mappings for merging"),
        ("", "expected a mapping"),
        ("- 1\n", "expected a mapping"),
    ],
)
def test_a_file_that_is_no_mapping(tmp_path, content, words):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=words):
        params.load(path)


def test_a_key_that_is_no_text_is_called_what_it_is():
    content = {"right_per_class": 1, "wrong_per_class": 0, True: 3}  # pydantic calls it 1
    with pytest.raises(UserError, match=r"^params.yaml: True: a name should be text; put it in"):
        validated(params.PARAMS, "", params.ImageChoice, content)


def test_a_mapping_may_replace_what_it_merges_wherever_it_is_merged_again(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: &a {x: 1}\nb: &b\n  <<: *a\n  x: 2\nc: {<<: *b, x: 3}\nd: {<<: *b}\n")
    content = read_yaml(path)
    assert [content[key]["x"] for key in "abcd"] == [1, 2, 3, 2]


def test_a_missing_file_is_reported_with_the_right_folder(tmp_path):
    with pytest.raises(UserError, match="run the command in the repository's folder"):
        params.load(tmp_path / "params.yaml")


def test_a_number_with_an_exponent_is_a_number(tmp_path):
    path = changed(tmp_path, "seed", 42)
    text = path.read_text()
    assert '"l2": 0.0001' in text
    path.write_text(text.replace('"l2": 0.0001', '"l2": 1e-4'))
    assert params.load(path).models["baseline_cnn"].network.l2 == 1e-4


def test_reading_params_loads_no_large_library():
    """Every program that needs Keras reads it first (`command.start`)."""
    heavy = ("tensorflow", "keras", "mlflow", "matplotlib", "scipy", "pandas", "sklearn")
    code = (
        "import sys; from heatproof.config import params; params.load()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REAL.parent, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == "[]\n"
    for path in (REAL.parent / "stages").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "uses=" not in source or 'check="heatproof.config.arguments:check"' in source, (
            path.name
        )


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    for make in (
        lambda: path.symlink_to(path),
        lambda: path.symlink_to("elsewhere"),
        lambda: os.mkfifo(path),
        lambda: path.symlink_to("/dev/zero"),
        path.mkdir,
    ):
        make()
        with pytest.raises(UserError, match=r"params\.yaml: this is no file .*git checkout"):
            params.load(path)
        path.rmdir() if path.is_dir() else path.unlink()
