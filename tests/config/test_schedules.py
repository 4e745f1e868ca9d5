"""Schedules in params.yaml: what a model, a dataset and a budget lay over each other."""

from pathlib import Path
from typing import get_args

from heatproof.config import params
from heatproof.config.models import scheduled
from tests.config.changed_params import REAL, changed, refused


def test_every_cell_has_a_schedule_under_every_budget():
    study = params.load(REAL)
    for cell in study.cells:
        assert study.run(cell).is_cells_own
        for budget in get_args(params.Budget):
            assert study.schedule_under(budget, cell).epochs >= 1


def test_a_schedule_of_the_other_budget_may_be_missing(tmp_path):
    path = changed(tmp_path, "models.resnet18.schedules.paper", {})
    study = params.load(path)
    assert study.budget == "cpu" and study.schedule_under("paper", "resnet18-mnist") is None


def test_a_dataset_without_a_schedule_has_the_budgets_default_if_there_is_one(tmp_path):
    schedules = {"default": {"epochs": 3, "batch_size": 8, "learning_rate": 1, "decay": "cosine"}}
    study = params.load(changed(tmp_path, "models.resnet18.schedules.cpu", schedules))
    expected = schedules["default"] | {
        "augment": False,
        "train_images": "all",
        "head": None,
        "augmentation": None,
    }
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
    usual = params.load(REAL).run("resnet18-cifar10").training
    study = params.load(changed(tmp_path, key, {"training": {"weight_decay": 1}}))
    ours = study.run("resnet18-mnist").training
    assert ours.weight_decay == 1.0 and usual.weight_decay == 0.0
    assert study.run("resnet18-cifar10").training == usual
    study = params.load(changed(tmp_path, "models.resnet18.training", {"plateau_patience": 9}))
    assert study.run("resnet18-cifar10").training == usual.model_copy(
        update={"plateau_patience": 9}
    )
