"""Cells and runs in params.yaml: what is refused, and in which words."""

import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from tests import overlay
from tests.config.changed_params import changed, refused, with_known_cells


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


def test_a_patch_that_does_not_divide_images_of_a_known_size_is_refused(tmp_path):
    """Of 16×16 pixels, as the source is told; mnist's are known when they are read."""
    vit = with_known_cells()["models"]["vit"]
    network = {"architecture": "vit", "patch": 5, "width": 6, "blocks": 1, "heads": 2}
    message = refused_with(tmp_path, vit | {"network": network}, "digits")
    assert "params.yaml: models.vit.network.patch = 5 does not divide" in message
    assert "16×16 pixels; expected a patch that does (1, 2, 4, 8, 16)" in message
    assert "datasets.digits" in message
    network["heads"] = 4
    message = refused_with(tmp_path, vit | {"network": network}, "mnist")
    assert "params.yaml: models.vit.network" in message and "heads = 4 does not divide" in message


def refused_with(folder, vit: dict, dataset: str) -> str:
    content = with_known_cells()
    cell = {f"vit-{dataset}": {"model": "vit", "dataset": dataset}}
    content["cells"] = content["cells"] | cell
    content["runs"] = content["runs"] | cell
    content["models"] = content["models"] | {"vit": vit}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(params, "read_yaml", lambda *_: content)
        with pytest.raises(UserError) as mistake:
            params.load(folder / "params.yaml")
    return str(mistake.value)


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
