"""Statements about networks that are derived from others: pruned, distilled, calibrated.

All are of other networks than the published ones, and trained for less: none of these claims can
fail here, only hold or stay untested.
"""

from collections.abc import Mapping
from typing import Any

from heatproof.claims.description import Statement
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import HOLDS, UNTESTED, Comparison, MissingEvidence, reached
from heatproof.statistics.numbers import decimal, percent

OTHERS = "These are other networks than the source’s, trained for less; see its note."


def ticket_reaches(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether `model`, a ticket, is at least as accurate as `models`' only entry, the whole one."""
    own, whole = _cells(claim)
    ticket, dense = evidence.evaluate(own), evidence.evaluate(whole)
    figures = evidence.figures_of(own)
    images = ticket["test_images"]
    text = (
        f"{percent(ticket['accuracy'], images)} with {percent(1 - figures['sparsity'])} of the "
        f"weights, {percent(dense['accuracy'], images)} with all"
    )
    holds = ticket["accuracy"] >= dense["accuracy"]
    return _judged(holds, text, ticket["accuracy"])


def learns_faster(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether `model` has learned more than `models`' only entry, by their epochs' mean accuracy.

    With few epochs, the epoch of the least validation loss (the source's) would mostly be the last.
    """
    curves = [evidence.history(cell)["val_accuracy"].to_numpy(float) for cell in _cells(claim)]
    if not all(map(len, curves)):
        raise MissingEvidence(f"One of {' and '.join(_cells(claim))} was not trained on.")
    own, other = (float(curve.mean()) for curve in curves)
    text = (
        f"validation accuracy, mean of {len(curves[0])} epochs: {percent(own)} against "
        f"{percent(other)}; after the first {percent(curves[0][0])} against {percent(curves[1][0])}"
    )
    return _judged(own > other, text, own)


def gap_closed(claim: Statement, evidence: Evidence) -> Comparison:
    """How much of a teacher's lead its student makes up: `models` are the teacher, and alone."""
    student, teacher, alone = _cells(claim)
    errors = [_errors(evidence.evaluate(cell)) for cell in (student, teacher, alone)]
    text = f"{errors[0]} errors distilled, {errors[2]} alone, its teacher {errors[1]}"
    if errors[2] <= errors[1]:
        return Comparison(UNTESTED, "The teacher is no better, so there is no gap.", text)
    share = (errors[2] - errors[0]) / (errors[2] - errors[1])
    verdict = reached(share, share, claim.bounds(), as_published=False)
    sentence = OTHERS if verdict == UNTESTED else ""
    return Comparison(verdict, sentence, f"{text}: {percent(share)} of the gap", share)


def bias_corrected(claim: Statement, evidence: Evidence) -> Comparison:
    """Which share of errors is left when the biases of classes never seen are raised."""
    (cell,) = _cells(claim)
    found = _correction(evidence, cell)
    before, after = found["errors_before"], found["errors_after"]
    if not before:
        raise MissingEvidence(f"{cell} makes no errors before its bias is raised.")
    text = (
        f"{before} errors before, {after} after, of {found['validation_images']:,} validation "
        f"images: {percent(after / before)} are left"
    )
    return _judged(after / before <= claim.bounds()[1], text, after / before)


def unseen_class_found(claim: Statement, evidence: Evidence) -> Comparison:
    """Which share of test images is right that are of classes that `model` never saw."""
    (cell,) = _cells(claim)
    found, classes = evidence.evaluate(cell), list(_correction(evidence, cell)["added"])
    support = sum(found["per_class"][name]["support"] for name in classes)
    right = sum(found["per_class"][n]["recall"] * found["per_class"][n]["support"] for n in classes)
    share = right / support
    text = f"{percent(share, support)} of {support:,} images"
    verdict = reached(share, share, claim.bounds(), as_published=False)
    return Comparison(verdict, OTHERS if verdict == UNTESTED else "", text, share)


def temperature_calibrates(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether a temperature brings the ECE down, and as low as published."""
    (cell,) = _cells(claim)
    before = evidence.evaluate(evidence.origin_of(cell))["ece"]
    after = evidence.evaluate(cell)["ece"]
    temperature = evidence.figures_of(cell)["calibration"]["temperature"]
    text = (
        f"ECE {percent(before, 10_000)} before, {percent(after, 10_000)} after a temperature of "
        f"{decimal(temperature, 2)}"
    )
    return _judged(after < before and after <= claim.bounds()[1], text, after)


def _cells(claim: Statement) -> list[str]:
    """Return the cells that a claim is about, its own model's first."""
    (dataset,) = claim.datasets
    return [f"{model}-{dataset}" for model in (claim.model, *claim.models)]


def _errors(evaluated: Mapping[str, Any]) -> int:
    return round((1 - evaluated["accuracy"]) * evaluated["test_images"])


def _correction(evidence: Evidence, cell: str) -> dict[str, Any]:
    figures = evidence.figures_of(cell)
    if "bias_correction" not in figures:
        raise MissingEvidence(f"{cell} was derived without bias_correction.")
    return figures["bias_correction"]


def _judged(holds: bool, text: str, value: float) -> Comparison:
    return Comparison(HOLDS if holds else UNTESTED, "" if holds else OTHERS, text, value)
