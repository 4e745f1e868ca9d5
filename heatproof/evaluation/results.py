"""What a trained run gets right on the test images, and on those that it was trained on."""

from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.config.params import Params
from heatproof.config.runs import Run
from heatproof.datasets.parts import training_parts
from heatproof.evaluation import (
    calibration,
    classification,
    discrimination,
    inference,
    remarks,
    views,
)
from heatproof.statistics.bootstrap import accuracy_interval, balanced_accuracy_interval
from heatproof.storage import confusions
from heatproof.storage.images import Images, selected
from heatproof.storage.records import Dataset, Predictions
from heatproof.training import presets
from heatproof.training.labels import with_labels_of
from heatproof.training.options import Training

if TYPE_CHECKING:
    import keras


def of_run(
    study: Params,
    run: Run,
    data: Dataset,
    network: "keras.Model",
    part: tuple[Images, np.ndarray],
) -> tuple[Predictions, dict[str, Any], float]:
    """Predict the images that a run is tested on, and measure what it knows and what it costs.

    Args:
        study: how many draws, bins and training images.
        run: which was trained.
        data: its dataset, with the labels that are true.
        network: trained.
        part: images and labels, as `evaluated_part` has them.

    Returns:
        The predictions; what data/metrics/evaluate/<run>.json says of them, of training images and
        of the network; milliseconds per image.
    """
    from heatproof.models import cost  # it loads Keras, which counting does without

    images, labels = part
    forward = inference.compiled_forward(network, len(images))
    predictions = Predictions(labels, inference.logits(forward, images), data.class_names)
    learned = with_labels_of(run, data)
    counted = cost.flops if run.schedule else cost.flops_if_known
    metrics = (
        on_test(predictions, study, run.training)
        | on_train(run, learned, forward, study.evaluate.train_images)
        | {"parameters": cost.parameters(network), "flops": counted(network)}
    )
    if run.training.test_time_augmentation:
        mirrored = run.schedule is not None and run.schedule.augment
        seen = views.logits(forward, images, mirrored and presets.mirrors(run.augmentation))
        metrics |= over_views(seen.argmax(axis=1) == labels, study)
    return predictions, metrics, inference.milliseconds_per_image(forward, images)


def on_test(predictions: Predictions, study: Params, training: Training) -> dict[str, Any]:
    """Return what data/metrics/evaluate/<run>.json says of the test images.

    Args:
        predictions: of the test images, whose majority class is the baseline.
        study: how many draws and bins.
        training: of the run: where it balanced the classes, balanced accuracy is what counts.
    """
    labels, predicted, names = predictions.labels, predictions.predicted, predictions.class_names
    probabilities = predictions.probabilities
    most, majority_accuracy = classification.majority(labels)
    ranked = discrimination.one_against_rest(labels, probabilities, names)
    counted = classification.per_class(labels, predicted, names)
    correct = predicted == labels
    matrix = classification.confusion(labels, predicted, len(names))
    hits, support = np.diag(matrix), matrix.sum(axis=1)
    draws = (study.evaluate.bootstrap_samples, study.seed)
    low, high = accuracy_interval(correct, *draws)
    balanced_low, balanced_high = balanced_accuracy_interval(hits, support, *draws)
    bins = calibration.reliability(predictions.confidence, correct, study.evaluate.calibration_bins)
    return {
        "accuracy": classification.accuracy(labels, predicted),
        "accuracy_low": low,
        "accuracy_high": high,
        "majority_class": names[most],
        "majority_accuracy": majority_accuracy,
        "balanced_accuracy": classification.balanced_accuracy(labels, predicted),
        "balanced_accuracy_low": balanced_low,
        "balanced_accuracy_high": balanced_high,
        "balanced_training": training.balance != "none",
        **classification.macro(labels, predicted),
        **discrimination.macro(ranked),
        "ece": calibration.expected_calibration_error(bins),
        "loss": classification.cross_entropy(labels, predictions.logits),
        "test_images": len(labels),
        "class_names": list(names),
        "per_class": {name: counted[name] | ranked[name] for name in names},
        "curves": discrimination.curves(labels, probabilities, names),
        "confusion_test": confusions.entries(matrix),
        "top_confusions": classification.top_confusions(matrix, names),
        "reliability": bins,
    }


def over_views(correct: np.ndarray, study: Params) -> dict[str, float]:
    """Return what data/metrics/evaluate/<run>.json says of the mean over several views.

    Args:
        correct: bool (n,), whether a test image's class is told by it.
        study: how many draws.
    """
    low, high = accuracy_interval(correct, study.evaluate.bootstrap_samples, study.seed)
    return {
        "views_accuracy": float(correct.mean()),
        "views_accuracy_low": low,
        "views_accuracy_high": high,
    }


def summary(metrics: dict[str, Any]) -> list[str]:
    """Return the headline of what was measured, and its remarks, as lines."""
    headline = (
        f"accuracy {metrics['accuracy']:.4f} (95 % interval {metrics['accuracy_low']:.4f} to "
        f"{metrics['accuracy_high']:.4f}; always the majority class: "
        f"{metrics['majority_accuracy']:.4f}), balanced {metrics['balanced_accuracy']:.4f}, "
        f"macro F1 {metrics['macro_f1']:.4f}, ECE {metrics['ece']:.4f}"
    )
    return [headline, *(f"note: {remark}" for remark in remarks.remarks(metrics))]


def on_train(run: Run, data: Dataset, forward: inference.Forward, limit: int) -> dict[str, Any]:
    """Return the accuracy and confusion matrix on images that a run was trained on.

    They are the first of its training part after its validation part was split off, at most `limit`
    of them, and none that the schedule left out.

    Args:
        run: which was trained.
        data: its labels as the run has them (`training.labels`).
        forward: of its network.
        limit: how many images count, at most.
    """
    chosen = training_parts(run, data)[0][:limit]
    labels = data.train_labels[chosen]
    predicted = inference.logits(forward, selected(data.train_images, chosen)).argmax(axis=1)
    matrix = classification.confusion(labels, predicted, len(data.class_names))
    return {
        "train_accuracy": classification.accuracy(labels, predicted),
        "train_images": len(chosen),
        "confusion_train": confusions.entries(matrix),
    }
