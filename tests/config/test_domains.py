"""What cells are tried on: corrupted copies of their images, other datasets."""

import pytest

from heatproof.config import params
from tests import overlay
from tests.config.changed_params import REAL, changed, refused, with_known_cells


def test_only_a_cell_is_tried_on_corrupted_images(tmp_path):
    entry = {"model": "simple_cnn", "dataset": "mnist"}
    message = refused(tmp_path, "corrupted", {"simple_cnn-mnis": entry})
    assert "corrupted.simple_cnn-mnis: there is no such cell; did you mean" in message


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("simple_cnn-mnist-on-cifar10", {}, []),
        ("simple_cnn-mnist-on-mnist", {"domain": "mnist"}, ["trained on", "under `corrupted`"]),
        ("simple_cnn-mnist-on-usp", {"domain": "cifar1"}, ["unknown", "did you mean 'cifar10'"]),
        ("again", {}, ["should be called 'simple_cnn-mnist-on-cifar10'", "rename it"]),
        ("simple_cnn-mnist-on-cifar10", {"model": "x"}, [".model = 'x': unknown"]),
        ("simple_cnn-digits-on-mnist", {"dataset": "digits", "domain": "mnist"}, ["is no cell"]),
        ("simple_cnn-mnist-on-cifar10", {"domain": ["cifar10"]}, ["domain = ['cifar10']"]),
    ],
)
def test_a_cell_is_evaluated_on_another_dataset_that_there_is(tmp_path, name, values, words):
    entry = {"model": "simple_cnn", "dataset": "mnist", "domain": "cifar10"} | values
    if not words:
        study = params.load(changed(tmp_path, "evaluate_on", {name: entry}))
        assert study.domains_of("simple_cnn-mnist") == ["cifar10"]
        assert study.domains_of("resnet18-mnist") == []
        return
    message = refused(tmp_path, "evaluate_on", {name: entry})
    assert f"params.yaml: evaluate_on.{name}" in message and "\n" not in message.strip()
    for word in words:
        assert word in message


def test_a_file_from_before_there_were_domains_stays_valid(tmp_path):
    content = with_known_cells()
    for name in ("domains", "corrupted", "evaluate_on"):
        del content[name]
    overlay.write(tmp_path / "params.yaml", content)
    study = params.load(tmp_path / "params.yaml")
    real = params.load(REAL)
    assert study.domains == real.domains and not (study.corrupted or study.evaluate_on)
