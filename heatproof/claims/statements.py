"""Statements about networks, training and filters, and the table of all named checks."""

from collections.abc import Callable
from typing import Any

import numpy as np

from heatproof.claims import comparisons, derivations, faithful_order, removal
from heatproof.claims.description import Statement
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    UNTESTED,
    Comparison,
    MissingEvidence,
    within,
)
from heatproof.claims.wording import percent
from heatproof.features.filter_matching import compare
from heatproof.statistics.numbers import listing, plural
from heatproof.storage import paths

Check = Callable[[Statement, Evidence], Comparison]
DRAWS = 200  # banks of filters with nothing in common


def separable_saving(claim: Statement, evidence: Evidence) -> Comparison:
    """What `model`'s depthwise-separable blocks save against standard 3×3 convolutions."""
    network = _network(claim, evidence)
    share = saved_by_separating(4 * network.branch_filters, network.blocks)
    return _valued(claim, share, f"{claim.model}’s four blocks together save {percent(share, 1)}.")


def filters_in_all(claim: Statement, evidence: Evidence) -> Comparison:
    """How many convolution filters `model` has."""
    total = sum(_network(claim, evidence).filters)
    return _valued(claim, total, f"params.yaml gives {claim.model} {total} filters.")


def smoothgrad_samples(claim: Statement, evidence: Evidence) -> Comparison:
    """How many noisy samples SmoothGrad averages in this study."""
    options = evidence.study.explain.gradients.get("smoothgrad")
    if options is None:
        raise MissingEvidence("params.yaml lists no smoothgrad under explain.gradients.")
    samples = options.model_dump()["samples"]
    return _valued(claim, samples, f"params.yaml averages {samples}.")


def validation_split(claim: Statement, evidence: Evidence) -> Comparison:
    """Which share of the training images `model` is validated on."""
    cells = evidence.cells_of(claim)
    evidence.require(*cells)
    shares = sorted({evidence.study.run(cell).training.validation_fraction for cell in cells})
    held_out = listing([percent(share, 0) for share in shares])
    # Where cells differ, the one that is furthest from the claim counts against it.
    furthest = max(shares, key=lambda share: abs(share - sum(claim.bounds()) / 2))
    return _valued(claim, furthest, f"params.yaml holds {held_out} out.")


def reduces_on_plateau(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether the learning rate is lowered when the validation accuracy stands still."""
    cells = evidence.cells_of(claim)
    rules = {cell: evidence.schedules(cell)[0].decay for cell in cells}
    text = f"decay in force: {listing(sorted(set(rules.values())))}"
    if set(rules.values()) == {"reduce_on_plateau"}:
        return Comparison(HOLDS, "", text)
    return Comparison(_not_as_published(evidence, cells), evidence.shortened(cells), text)


def stops_early(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether a training stops by itself, and could have in the epochs that it was given."""
    cells = evidence.cells_of(claim)
    able, patience = [], []
    for cell in cells:
        epochs = evidence.schedules(cell)[0].epochs
        patience.append(evidence.study.run(cell).training.early_stopping_patience)
        able.append(0 < patience[-1] < epochs)
    text = f"patience {listing([str(p) for p in sorted(set(patience))])} epochs"
    if all(able):
        return Comparison(HOLDS, "", text)
    sentence = f"With so few epochs it cannot act. {evidence.shortened(cells)}".strip()
    return Comparison(_not_as_published(evidence, cells), sentence, text)


def keeps_best_weights(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether the epoch whose weights are kept is the one of the best validation accuracy."""

    def kept(cell: str) -> bool:
        accuracy = evidence.history(cell)["val_accuracy"].to_numpy(float)
        best = evidence.train(cell)["best_epoch"]
        return 1 <= best <= len(accuracy) and accuracy[best - 1] == accuracy.max()

    return _in_all(evidence.cells_of(claim), kept, "Another epoch’s weights were kept of")


def keeps_history(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether every epoch that was run has a row in the history."""

    def whole(cell: str) -> bool:
        return len(evidence.history(cell)) == evidence.train(cell)["epochs_run"]

    cells = evidence.cells_of(claim)
    return _in_all(cells, whole, "Epochs are missing from the history of")


def both_confusion_matrices(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether confusions are counted on the test images and on training images."""

    def both(cell: str) -> bool:
        return {"confusion_test", "confusion_train"} <= evidence.evaluate(cell).keys()

    return _in_all(evidence.cells_of(claim), both, "A confusion matrix is missing of")


def _in_all(cells: list[str], right: Callable[[str], bool], problem: str) -> Comparison:
    wrong = [cell for cell in cells if not right(cell)]
    text = f"in {len(cells) - len(wrong)} of {plural(len(cells), 'training')}"
    if wrong:
        return Comparison(FAILS, f"{problem} {listing(wrong)}.", text)
    return Comparison(HOLDS, "", text)


def predictions_as_csv(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether each test image's prediction is written as CSV."""
    cells = evidence.cells_of(claim)
    evidence.require(*cells)
    for cell in cells:
        evidence.file(paths.predictions_csv(cell), f"evaluate@{cell}")
    return Comparison(
        HOLDS, "", listing([paths.predictions_csv(cell).as_posix() for cell in cells])
    )


def dead_filters(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether any of `model`'s filters stays silent on the test images."""
    texts, dead = [], 0
    for cell in evidence.cells_of(claim):
        activity = evidence.features(cell)["activity"]
        dead += activity["dead"]
        dataset = evidence.study.cell(cell).dataset
        texts.append(f"{dataset}: {activity['dead']} of {activity['channels']} dead")
    if dead:
        return Comparison(HOLDS, "", "; ".join(texts), float(dead))
    cells = evidence.cells_of(claim)
    sentence = "Every filter responds to some test image; “may be dead” asks for one that does not."
    return Comparison(_not_as_published(evidence, cells), sentence, "; ".join(texts), 0.0)


def alike_filters(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether `model`'s first filters on two datasets are more alike than unrelated ones.

    They are matched one to one, and so are banks drawn at random: alike is what beats 95 % of both
    kinds of those (see `features.filter_matching`).
    """
    first, second = (_first_filters(evidence, cell) for cell in evidence.cells_of(claim))
    _, metrics = compare(first, second, DRAWS, evidence.study.seed)
    likeness = metrics["signed"]
    chance = max(likeness["redrawn_95th"], likeness["shuffled_95th"])
    text = (
        f"mean correlation of matched filters {likeness['mean']:.2f}, by chance up to {chance:.2f}"
    )
    if likeness["mean"] > chance:
        return Comparison(HOLDS, "", text, likeness["mean"])
    sentence = (
        "Matched one to one, they are no more alike than filters that share nothing: any two small "
        "banks look alike in part."
    )
    return Comparison(
        _not_as_published(evidence, evidence.cells_of(claim)), sentence, text, likeness["mean"]
    )


def on_foreground(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether `method` puts more of its relevance on what is drawn than that covers of the image.

    The constant map's relevance mass is the share of the image that the foreground covers.
    """
    (cell,) = evidence.cells_of(claim)
    assess = evidence.assess(cell)
    if not assess["above_chance"]:
        raise MissingEvidence(f"{cell} is not above chance: its maps may show nothing.")
    masses = assess.get("measures", {}).get("relevance_mass", {})
    own, covered = masses.get(claim.method), masses.get("constant")
    if not own or not covered or None in (own.get("low"), covered.get("mean")):
        raise MissingEvidence(
            f"{paths.metrics('assess', cell).as_posix()} has no relevance mass of "
            f"{claim.method} on the foreground."
        )
    mass, area = percent(own["mean"], 1), percent(covered["mean"], 1)
    text = f"{mass} of the relevance on {area} of the image"
    interval = f"{percent(own['low'], 1)} to {percent(own['high'], 1)}"
    numbers = (own["mean"], own["low"], own["high"], interval)
    if own["low"] > covered["mean"]:
        return Comparison(HOLDS, "", text, *numbers)
    sentence = "It should put clearly more relevance there than a map that is the same everywhere."
    return Comparison(_not_as_published(evidence, [cell]), sentence, text, *numbers)


def not_measured(claim: Statement, evidence: Evidence) -> Comparison:
    """A statement that nothing in the study can decide; claims.yaml says why."""
    return Comparison(NOT_MEASURED, claim.reason or "")


def saved_by_separating(channels: int, blocks: list[int], kernel: int = 3) -> float:
    """The share of weights that depthwise-separable convolutions save, biases and norms apart.

    Args:
        channels: that enter the first block.
        blocks: filters of each.
        kernel: height and width of the filters.

    Returns:
        1 - (k²·c + c·f) / (k²·c·f), the weights of all blocks added up (Howard et al. 2017,
        https://arxiv.org/abs/1704.04861, section 3.1, for weights instead of operations).
    """
    entering = [channels, *blocks[:-1]]
    pairs = list(zip(entering, blocks, strict=True))
    separated = sum(kernel**2 * c + c * f for c, f in pairs)
    return 1 - separated / sum(kernel**2 * c * f for c, f in pairs)


def _network(claim: Statement, evidence: Evidence) -> Any:
    if claim.model not in evidence.study.models:
        raise MissingEvidence(f"params.yaml has no model '{claim.model}'.")
    return evidence.study.models[claim.model].network


def _first_filters(evidence: Evidence, cell: str) -> np.ndarray:
    """The first layer's filters as they act, float32 (filters, height, width, channels)."""
    arrays = evidence.findings(cell, "features")
    banks = [
        arrays[name] * arrays[name.replace("filters/", "filter_factor/", 1)][:, None, None, None]
        for name in arrays
        if name.startswith("filters/")
    ]
    if len(banks) != 1:
        raise MissingEvidence(
            f"{cell} has {len(banks)} banks of first filters, where one is compared."
        )
    return banks[0]


def _valued(claim: Statement, value: float, otherwise: str) -> Comparison:
    verdict = within(value, claim.bounds())
    return Comparison(
        verdict, "" if verdict == HOLDS else otherwise, claim.shown(value), float(value)
    )


def _not_as_published(evidence: Evidence, cells: list[str]) -> str:
    return FAILS if evidence.as_published(*cells) else UNTESTED


_COMPARED = frozenset({"model", "models", "datasets"})
_CELLS = frozenset({"models", "datasets"})
_OF_ONE = frozenset({"model", "datasets"})
# Name in claims.yaml -> the function, and the fields that it needs ("published": a number).
CHECKS: dict[str, tuple[Check, frozenset[str]]] = {
    "most_accurate": (comparisons.most_accurate, _COMPARED),
    "accuracy_per_parameter": (comparisons.accuracy_per_parameter, _COMPARED),
    "accuracy_share": (comparisons.accuracy_share, _COMPARED | {"published"}),
    "parameter_share": (comparisons.parameter_share, _COMPARED | {"published"}),
    "most_stable": (comparisons.most_stable, _COMPARED),
    "gaps_widen": (comparisons.gaps_widen, _CELLS),
    "separable_saving": (separable_saving, frozenset({"model", "published"})),
    "filters_in_all": (filters_in_all, frozenset({"model", "published"})),
    "smoothgrad_samples": (smoothgrad_samples, frozenset({"published"})),
    "validation_split": (validation_split, frozenset({"model", "datasets", "published"})),
    "reduces_on_plateau": (reduces_on_plateau, _CELLS),
    "stops_early": (stops_early, _CELLS),
    "keeps_best_weights": (keeps_best_weights, _CELLS),
    "keeps_history": (keeps_history, _CELLS),
    "both_confusion_matrices": (both_confusion_matrices, _CELLS),
    "predictions_as_csv": (predictions_as_csv, _CELLS),
    "dead_filters": (dead_filters, _OF_ONE),
    "alike_filters": (alike_filters, _OF_ONE),
    "on_foreground": (on_foreground, frozenset({"model", "datasets", "method"})),
    "orders_agree": (removal.orders_agree, _CELLS),
    "ticket_reaches": (derivations.ticket_reaches, _COMPARED),
    "learns_faster": (derivations.learns_faster, _COMPARED),
    "gap_closed": (derivations.gap_closed, _COMPARED | {"published"}),
    "bias_corrected": (derivations.bias_corrected, _OF_ONE | {"published"}),
    "unseen_class_found": (derivations.unseen_class_found, _OF_ONE | {"published"}),
    "temperature_calibrates": (derivations.temperature_calibrates, _OF_ONE | {"published"}),
    "rising": (faithful_order.rising, _CELLS | {"measure", "methods"}),
    "not_measured": (not_measured, frozenset({"reason"})),
}
NEEDS = {name: needs for name, (_, needs) in CHECKS.items()}


def find(claim: Statement, evidence: Evidence) -> Comparison:
    """Run the check that a statement names. Raises MissingEvidence if a result is missing."""
    check, _ = CHECKS[claim.check]
    return check(claim, evidence)
