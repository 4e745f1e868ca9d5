"""Made-up results of a study, as far as claims need them, and the real claims beside them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heatproof.claims import description, statements
from heatproof.claims.evidence import Evidence
from heatproof.claims.scorecard import compared
from heatproof.config import params
from heatproof.config.runs import Cell, CellRun
from heatproof.storage import artifacts, confusions, paths, tables

ROOT = Path(__file__).parents[2]
BOOK = description.load(statements.NEEDS, ROOT / "claims.yaml")
LOADED = params.load(ROOT / "params.yaml")
# The published cells, whether params.yaml lists them or a user has others there.
CELLS = {
    cell: dict(zip(("model", "dataset"), cell.split("-", 1), strict=True))
    for claim in BOOK.claims.values()
    for cell in Evidence(LOADED, BOOK.claims).cells_of(claim)
    if cell not in LOADED.derived
}
STUDY = LOADED.model_copy(
    update={
        "budget": "cpu",
        "cells": {name: Cell(**cell) for name, cell in CELLS.items()},
        "runs": {name: CellRun(**cell) for name, cell in CELLS.items()},
    }
)
PAPER = STUDY.model_copy(update={"budget": "paper"})
BEST = STUDY.model_copy(update={"budget": "best"})
DIGITS = [str(digit) for digit in range(10)]
BIG = ("mobilenet_v2", "efficient_cnn", "resnet18")
IMAGES = ("mnist", "fashion_mnist", "cifar10")


def write_evaluate(cell: str, accuracy: float = 0.9, **figures: Any) -> None:
    """What evaluate writes, as far as claims need it: 10,000 images, ten classes, no confusions."""
    content = {
        "accuracy": accuracy,
        "accuracy_low": accuracy - 0.005,
        "accuracy_high": accuracy + 0.005,
        "macro_f1": accuracy,
        "parameters": 1000,
        "flops": 1000,
        "train_accuracy": accuracy,
        "train_images": 10000,
        "test_images": 10000,
        "majority_accuracy": 0.1,
        "confusion_test": confusions.entries(np.diag([1000] * 10)),
        "confusion_train": confusions.entries(np.diag([1000] * 10)),
        "class_names": DIGITS,
    }
    artifacts.write_metrics("evaluate", cell, content | figures)


def write_training(cell: str, accuracies: list[float], best_epoch: int) -> None:
    """What train writes: validation accuracies, and the epoch that was kept."""
    table = pd.DataFrame({"epoch": range(1, len(accuracies) + 1), "val_accuracy": accuracies})
    tables.write_table(paths.history(cell), table)
    trained = {"best_epoch": best_epoch, "epochs_run": len(accuracies)}
    artifacts.write_metrics("train", cell, trained)


def entry(name: str, study: params.Params = STUDY) -> dict[str, Any]:
    """One claim of the real claims.yaml, compared."""
    return compared(name, BOOK.claims[name], evidence(study))


def evidence(study: params.Params = STUDY) -> Evidence:
    """What the current folder holds, for the real claims."""
    return Evidence(study, BOOK.claims)


# Networks against each other


def write_big(accuracies: dict[str, tuple[float, float, float]], **parameters: int) -> None:
    """Evaluations of the three networks: dataset -> their accuracies."""
    for dataset, row in accuracies.items():
        for model, accuracy in zip(BIG, row, strict=True):
            write_evaluate(f"{model}-{dataset}", accuracy, parameters=parameters.get(model, 1000))


ROWS = {
    "mnist": (0.97, 0.99, 0.98),
    "fashion_mnist": (0.9, 0.93, 0.92),
    "cifar10": (0.6, 0.7, 0.68),
}
