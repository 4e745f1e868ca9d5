"""params.yaml: what is refused, and in which words. Starts from the real file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.config.explain import ImageChoice
from heatproof.config.validation import validated
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError
from tests import overlay
from tests.config.changed_params import (
    REAL,
    REMOVED,
    changed,
    refused,
    with_known_cells,
)


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
        ("explain.gradients.guided_backprop.x", 1, ["there are no parameters here; remove it"]),
        ("explain.gradcam", {}, ["its place is explain.gradients.gradcam; move it there"]),
        ("assess.localisation", {}, ["its place is assess.measures.localisation; move it there"]),
        ("datasets.mnist.fetch", None, ["datasets.mnist.fetch = None: should be a mapping"]),
        ("cells.simple_cnn-mnist", [], ["cells.simple_cnn-mnist = []: should be a mapping"]),
        ("domains.methods", ["lime"], ["domains.methods.0 = 'lime'", "'gradcam'"]),
        ("domains.methods", [], ["domains.methods = []: ", "at least 1 item"]),
        ("domains.methods", ["gradcam", "gradcam"], ["each name should be there once"]),
        ("domains.corruptions", ["fog"], ["corruptions.0 = 'fog'", "'shot_noise'"]),
        ("domains.explained", 1, ["domains.explained = 1", "greater than or equal to 2"]),
        ("compared", None, ["compared = None: should be a mapping", "or {} for an empty one"]),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_was_expected(tmp_path, key, value, words):
    message = refused(tmp_path, key, value)
    for word in ["params.yaml: ", *words]:
        assert word in message


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("datasets.mnist.normalisation", {"mean": [0.1]}, ".std is missing: add it"),
        ("datasets.mnist.normalisation", {"mean": [0.1], "std": [0]}, ".std.0 = 0: should be"),
        ("explain.perturbation.occlusion.size", 0, " = 0: should be greater than or equal to 1"),
        ("explain.perturbation.occlusion.size", "x", " = 'x': should be 'auto' or a valid integer"),
        (
            "models.simple_cnn.schedules.cpu.default.train_images",
            "al",
            " = 'al': should be a valid integer or 'all'; correct it",
        ),
    ],
)
def test_a_value_that_may_be_of_several_kinds_is_told_once(tmp_path, key, value, said):
    message = refused(tmp_path, key, value)
    assert f"{key}{said}" in message and "\n" not in message


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
        validated(params.PARAMS, "", ImageChoice, content)


def test_a_decimal_comma_is_named():
    content = {"right_per_class": 1, "wrong_per_class": 0, 5: None}  # {wrong_per_class: 0,5}
    with pytest.raises(UserError, match=r"5: .*if 5 follows a decimal comma, write a point"):
        validated(params.PARAMS, "", ImageChoice, content)
    content = {"right_per_class": "1,5", "wrong_per_class": 0}
    with pytest.raises(UserError, match=r"= '1,5': a decimal comma; write a point, 1\.5"):
        validated(params.PARAMS, "", ImageChoice, content)


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
