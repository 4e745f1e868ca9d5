"""How well a network answers images of a domain, and how confident it is."""

from heatproof.config.params import Params
from heatproof.evaluation.calibration import expected_calibration_error, reliability
from heatproof.statistics.bootstrap import accuracy_interval
from heatproof.storage.records import Predictions


def answers(predictions: Predictions, study: Params) -> dict[str, float]:
    """Return `accuracy` with its 95 % interval (`low`, `high`), mean `confidence`, and `ece`.

    Args:
        predictions: of at least one image.
        study: how many draws and bins, as for the network's own test images.
    """
    correct, options = predictions.predicted == predictions.labels, study.evaluate
    low, high = accuracy_interval(correct, options.bootstrap_samples, study.seed)
    bins = reliability(predictions.confidence, correct, options.calibration_bins)
    return {
        "accuracy": float(correct.mean()),
        "low": low,
        "high": high,
        "confidence": float(predictions.confidence.mean()),
        "ece": expected_calibration_error(bins),
    }
