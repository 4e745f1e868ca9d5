"""Calibrating what a way gives, by the validation part."""

import dataclasses

from heatproof.derived.retraining import validation_logits
from heatproof.derived.task import Derived, Task
from heatproof.derived.temperature import cross_entropy, fitted_temperature, scaled
from heatproof.evaluation.calibration import expected_calibration_error, reliability
from heatproof.storage.records import Predictions


def calibrated(task: Task, derived: Derived) -> Derived:
    """Divide a derived network's logits by the temperature that fits the validation part best.

    Its figures get `calibration`: the temperature, and of the validation images the cross-entropy
    and the expected calibration error (in `evaluate.calibration_bins` bins), each before and after.

    Raises:
        UserError: there are no validation images.
    """
    logits, labels = validation_logits(task, derived.model)
    temperature = fitted_temperature(logits, labels)
    figures: dict[str, float] = {"temperature": temperature, "validation_images": len(labels)}
    for when, value in (("before", 1.0), ("after", temperature)):
        found = Predictions(labels, logits / value, task.data.class_names)
        bins = reliability(
            found.confidence, found.predicted == labels, task.study.evaluate.calibration_bins
        )
        figures[f"loss_{when}"] = cross_entropy(logits, labels, value)
        figures[f"ece_{when}"] = expected_calibration_error(bins)
    note = (
        f"its logits were divided by a temperature of {temperature:.3f}: ECE on the validation "
        f"part {100 * figures['ece_before']:.2f} % before, {100 * figures['ece_after']:.2f} % after"
    )
    return dataclasses.replace(
        derived,
        model=scaled(derived.model, temperature),
        notes=(*derived.notes, note),
        figures={**derived.figures, "calibration": figures},
    )
