"""A study's results without training: files as the stages write them, from simulated answers.

The images are scikit-learn's digits, the answers are drawn so that about the wanted share is
right, and the maps are made from the images; every figure is then counted from the answers, so
the files agree with each other as real ones do.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits

from heatproof.claims.description import CLAIMS
from heatproof.config import params as params_module
from heatproof.config.params import Params
from heatproof.datasets.quality.inspection import inspect
from heatproof.storage import artifacts, paths, tables
from heatproof.storage.records import Dataset, Explanations, Predictions
from tests import overlay, stored
from tests.report import (
    counterfactual_arrays,
    crosscheck_results,
    feature_arrays,
    simulated_predictions,
    trust_results,
)
from tests.scratch import real_params

CELLS = ("simple_cnn-digits", "baseline_cnn-digits")


@dataclass(frozen=True)
class Pictures:
    """Test images uint8 (n, height, width, channels), labels int64 (n,), and names."""

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]


def digits(class_names: tuple[str, ...] | None = None, limit: int = 400) -> Pictures:
    """Real handwritten digits; more than ten names give more classes, dealt out in turn."""
    bundle = load_digits()
    small = np.rint(bundle.images[:limit] * (255 / 16)).astype(np.uint8)
    images = small.repeat(2, axis=1).repeat(2, axis=2)[..., None]
    names = class_names or tuple(str(digit) for digit in range(10))
    labels = bundle.target[:limit].astype(np.int64)
    if len(names) != 10:
        labels = np.arange(len(images), dtype=np.int64) % len(names)
    return Pictures(images, labels, names)


def cell(model: str, dataset: str) -> dict[str, str]:
    """One entry of params.yaml's `cells`."""
    return {"model": model, "dataset": dataset}


def params_file(
    repository: Path, cells: dict[str, dict[str, str]] | None = None, **lists: dict[str, Any]
) -> Params:
    """Write the real params.yaml, cut down to some cells, into the current folder and load it.

    lists: what lists some of the cells, such as `inversions`.
    """
    real = real_params(repository)
    chosen = cells or {name: cell(*name.split("-")) for name in CELLS}
    for entry in chosen.values():
        _add_names(real, entry)
    content = overlay.overlaid(real, {"cells": chosen, **lists})
    overlay.write(params_module.PARAMS, content)
    CLAIMS.touch()  # as in the repository
    return params_module.load()


def write_study(
    repository: Path, cells: dict[str, dict[str, str]] | None = None, **options: Any
) -> Params:
    """Write params.yaml and the results of all its cells, on digits, into the current folder.

    Args:
        repository: whose params.yaml is cut down.
        cells: those of `CELLS` by default.
        options: of `write_cell`.
    """
    params = params_file(repository, cells)
    pictures = options.pop("pictures", None) or digits()
    write_dataset_metrics("digits", pictures)
    write_dataset("digits", pictures)
    for name in params.cells:
        write_cell(params, name, pictures, **options)
    return params


def _add_names(real: dict[str, Any], entry: dict[str, str]) -> None:
    """A model or dataset the real file does not have is a copy of one that it has."""
    real["datasets"].setdefault(entry["dataset"], real["datasets"]["digits"])
    real["models"].setdefault(entry["model"], real["models"]["simple_cnn"])


def write_dataset_metrics(dataset: str, pictures: Pictures) -> None:
    """Write what preprocess writes of a dataset."""
    counts = np.bincount(pictures.labels, minlength=len(pictures.class_names)).tolist()
    height, width, channels = pictures.images.shape[1:]
    per_class = dict(zip(pictures.class_names, counts, strict=True))
    artifacts.write_metrics(
        "preprocess",
        dataset,
        {
            "train_images": 4 * len(pictures.images),
            "test_images": len(pictures.images),
            "classes": len(pictures.class_names),
            "height": height,
            "width": width,
            "channels": channels,
            "mean": [0.3] * channels,
            "std": [0.35] * channels,
            "train_per_class": {name: 4 * n for name, n in per_class.items()},
            "test_per_class": per_class,
        },
    )


def write_dataset(name: str, pictures: Pictures) -> None:
    """Write what preprocess leaves of a dataset, with no training images."""
    dataset = Dataset(
        train_images=pictures.images[:0],
        train_labels=pictures.labels[:0],
        test_images=pictures.images,
        test_labels=pictures.labels,
        class_names=pictures.class_names,
    )
    stored.write(name, dataset)
    write_inspection(name, pictures)


def write_inspection(name: str, pictures: Pictures, **more: Any) -> None:
    """Write what inspecting leaves of a dataset, half of whose images are trained on."""
    half = len(pictures.images) // 2
    (images, tests), (labels, test_labels) = (
        (all_of[:half], all_of[half:]) for all_of in (pictures.images, pictures.labels)
    )
    dataset = Dataset(images, labels, tests, test_labels, pictures.class_names)
    content, shown = inspect(replace(dataset, **more))
    artifacts.write_inspection(name, shown)
    artifacts.write_metrics("inspect", name, content)


def write_cell(
    params: Params,
    name: str,
    pictures: Pictures,
    *,
    right: float = 0.93,
    never: int | None = None,
    mask: str | None = None,
) -> None:
    """Write every file of one cell.

    Args:
        params: names the cell.
        name: the cell.
        pictures: the test images.
        right: the share of answers that are right, about.
        never: a class that is never predicted.
        mask: what is known of where the evidence is: "planted", "foreground" or nothing.
    """
    rng = np.random.default_rng(sum(name.encode()))
    classes = len(pictures.class_names)
    logits = simulated_predictions.answers(rng, pictures.labels, classes, right, never)
    predictions = Predictions(pictures.labels, logits, pictures.class_names)
    artifacts.write_predictions(name, predictions)
    cost = {"parameters": 4_000 + 11 * len(name) ** 4, "flops": 90_000 + 700 * len(name) ** 4}
    artifacts.write_metrics(
        "evaluate", name, simulated_predictions.evaluated(predictions, params) | cost
    )
    epochs = min(params.run(name).schedule.epochs, 12)
    write_history(name, rng, epochs, right)
    seconds = {"train_seconds": 11.5 * epochs, "images_per_second": 4e3}
    artifacts.write_timing("train", name, seconds)
    artifacts.write_timing(
        "evaluate", name, {"inference_ms_per_image": 0.0421 * len(name), "evaluate_seconds": 3.0}
    )
    explanations = explained(rng, predictions, pictures)
    artifacts.write_explanations(name, "gradients", explanations)
    wrong = int((explanations.label != explanations.predicted).sum())
    artifacts.write_metrics(
        "explain_gradients",
        name,
        {
            "rows": len(explanations.label),
            "wrong_images": wrong // 2,
            "methods": {"gradcam": {"zero_maps": 0}, "saliency": {"zero_maps": 0}},
            "layers": {"gradcam": "conv_2"},
        },
    )
    write_other_families(name, rng, explanations)
    artifacts.write_metrics("crosscheck", name, crosscheck_results.CONTENT)
    artifacts.write_timing("crosscheck", name, crosscheck_results.TIMING)
    trust_results.write_cell(params, name, explanations, mask)


def write_other_families(name: str, rng: np.random.Generator, explanations: Explanations) -> None:
    """Write what the families besides the gradients leave: LIME's maps, and one method refused."""
    rows = len(explanations.label)
    fit = rng.uniform(0.3, 0.9, rows)
    maps = {"lime": np.stack([_edges(rng, i) - _edges(rng, i) for i in explanations.images])}
    lime = replace(explanations, maps=maps, numbers={"lime": {"r2": fit}})
    artifacts.write_explanations(name, "perturbation", lime)
    spread = {"mean": fit.mean(), "median": np.median(fit), "min": fit.min(), "max": fit.max()}
    artifacts.write_metrics(
        "explain_perturbation",
        name,
        {"rows": rows, "methods": {"lime": {"zero_maps": 0, "r2": spread}}},
    )
    artifacts.write_explanations(name, "shapley", replace(explanations, maps={}))
    refused = {"deep_shap": {"unsupported": "it has <no> rule for this network"}}
    artifacts.write_metrics("explain_shapley", name, {"rows": rows, "methods": refused})
    for family, arrays, metrics in (
        ("features", feature_arrays.arrays(explanations), feature_arrays.METRICS),
        ("counterfactual", counterfactual_arrays.arrays(explanations), {}),
    ):
        artifacts.write_findings(name, family, arrays)
        artifacts.write_metrics(f"explain_{family}", name, metrics)


def write_history(name: str, rng: np.random.Generator, epochs: int, right: float) -> None:
    """Write a history that rises to about the wanted accuracy, and what train says of it."""
    epoch = np.arange(1, epochs + 1)
    accuracy = right + 0.02 - 0.6 * np.exp(-epoch / 2) * rng.uniform(0.6, 1)
    validation = np.minimum(accuracy - 0.01 + rng.normal(0, 0.008, epochs), 1)
    history = pd.DataFrame(
        {
            "epoch": epoch,
            "loss": 1.6 * np.exp(-epoch / 3) + 0.05,
            "accuracy": np.minimum(accuracy, 1),
            "val_loss": 1.5 * np.exp(-epoch / 2.6) + 0.11 + rng.uniform(0, 0.02, epochs),
            "val_accuracy": validation,
            "learning_rate": np.full(epochs, 1e-3),
        }
    )
    tables.write_table(paths.history(name), history)
    best = int(validation.argmax())
    train = {"epochs": epochs, "epochs_run": epochs, "best_epoch": best + 1}
    split = {"train_images": 1294, "validation_images": 143, "steps": 41 * epochs}
    keys = ("accuracy", "loss", "val_accuracy", "val_loss")
    last = {key: float(history[key][best]) for key in keys}
    artifacts.write_metrics("train", name, train | split | last)


def explained(
    rng: np.random.Generator, predictions: Predictions, pictures: Pictures
) -> Explanations:
    """For each class one right answer, and one wrong one explained for both of its classes."""
    rows: list[tuple[int, int]] = []
    labels, predicted = predictions.labels, predictions.predicted
    for label in range(len(pictures.class_names)):
        for image in np.flatnonzero((labels == label) & (predicted == label))[:1]:
            rows.append((int(image), label))
        for image in np.flatnonzero((labels == label) & (predicted != label))[:1]:
            rows += [(int(image), int(predicted[image])), (int(image), label)]
    index = np.array([image for image, _ in rows], dtype=np.int64)
    target = np.array([label for _, label in rows], dtype=np.int64)
    images = pictures.images[index]
    return Explanations(
        image_index=index,
        label=labels[index],
        predicted=predicted[index],
        target=target,
        confidence=predictions.confidence[index].astype(np.float32),
        images=images,
        maps={
            "gradcam": np.stack([_coarse(rng, image) for image in images]),
            "saliency": np.stack([_edges(rng, image) for image in images]),
        },
        class_names=pictures.class_names,
    )


def _coarse(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    grey = Image.fromarray(image.mean(axis=-1).astype(np.uint8))
    blocks = np.asarray(grey.resize((4, 4), Image.Resampling.BOX), dtype=np.float32)
    weighed = blocks * rng.uniform(0.1, 1, (4, 4)).astype(np.float32)
    size = image.shape[1], image.shape[0]
    return np.array(Image.fromarray(weighed).resize(size, Image.Resampling.BILINEAR))


def _edges(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    grey = image.mean(axis=-1) / 255
    steps = np.hypot(*np.gradient(grey))
    noise = 0.02 * rng.random(grey.shape)
    return (steps * rng.uniform(0.4, 1, grey.shape) + noise).astype(np.float32)
