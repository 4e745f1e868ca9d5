"""Statements that set networks against each other.

Under a budget whose schedules are not the published ones, which network is ahead is decided by the
schedules as much as by the networks: such a claim is UNTESTED whichever way it comes out, unless
arithmetic settles it.
"""

import numpy as np

from heatproof.claims.description import Figure, Statement
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import FAILS, HOLDS, UNTESTED, Comparison, within
from heatproof.claims.wording import amount, percent
from heatproof.statistics.numbers import listing, plural

# Fewer epochs have no curve whose stability could be compared.
FEWEST_EPOCHS = 5


def most_accurate(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether `model` has the highest test accuracy among `models` on each of `datasets`."""
    texts, ahead, close = [], [], []
    for dataset in claim.datasets:
        metrics = {m: evidence.evaluate(f"{m}-{dataset}") for m in claim.models}
        first, second = sorted(metrics, key=lambda m: -metrics[m]["accuracy"])[:2]
        texts.append(f"{dataset}: {first} {percent(metrics[first]['accuracy'])}")
        ahead.append(first == claim.model)
        low, high = metrics[first]["accuracy_low"], metrics[second]["accuracy_high"]
        if None not in (low, high) and high >= low:
            close.append(dataset)
    overlap = f" Intervals of the first two overlap on {listing(close)}." if close else ""
    count = f"{claim.model} is first on {sum(ahead)} of {len(ahead)} datasets."
    return _compared(claim, evidence, all(ahead), f"{count}{overlap}", "; ".join(texts))


def accuracy_per_parameter(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether `model` gets the most accuracy for each parameter, on each of `datasets`.

    The parameters are what they are, and no accuracy exceeds 1. Where another network's measured
    ratio is out of the model's reach, no training makes the claim true.
    """
    texts, ahead, settled = [], [], []
    for dataset in claim.datasets:
        metrics = {m: evidence.evaluate(f"{m}-{dataset}") for m in claim.models}
        ratio = {m: 1e6 * f["accuracy"] / f["parameters"] for m, f in metrics.items()}
        best = max(ratio, key=lambda m: ratio[m])
        own = 1e6 / metrics[claim.model]["parameters"]
        texts.append(f"{dataset}: {best} {ratio[best]:.3g}")
        ahead.append(best == claim.model)
        if ratio[best] > own:
            needed = metrics[best]["parameters"] / metrics[best]["accuracy"]
            settled.append(
                f"On {dataset} {best} gets {ratio[best]:.3g} per million parameters; {claim.model} "
                f"would need fewer than {amount(needed)} parameters to exceed that, even at "
                "100 % accuracy."
            )
    text = f"accuracy per million parameters, best: {'; '.join(texts)}"
    if settled:
        return Comparison(FAILS, settled[0], text)
    count = f"{claim.model} is first on {sum(ahead)} of {len(ahead)} datasets."
    return _compared(claim, evidence, all(ahead), count, text)


def accuracy_share(claim: Statement, evidence: Evidence) -> Comparison:
    """Which share of the best accuracy among `models` does `model` reach, on each of `datasets`."""
    shares = []
    for dataset in claim.datasets:
        accuracies = {m: evidence.evaluate(f"{m}-{dataset}")["accuracy"] for m in claim.models}
        shares.append(accuracies[claim.model] / max(accuracies.values()))
    inside = all(within(share, claim.bounds()) == HOLDS for share in shares)
    text = ", ".join(f"{d} {percent(s, 1)}" for d, s in zip(claim.datasets, shares, strict=True))
    sentence = f"Measured are {_span(shares)}."
    own = _published_shares(claim, evidence)
    if own:
        sentence += f" The source’s own table gives {_span(own)}."
    return _compared(claim, evidence, inside, sentence, text, shares)


def parameter_share(claim: Statement, evidence: Evidence) -> Comparison:
    """How many parameters `model` has, as a share of those of `models`' only entry."""
    (whole,) = claim.models
    shares, counts = [], []
    for dataset in claim.datasets:
        own, other = (
            evidence.evaluate(f"{m}-{dataset}")["parameters"] for m in (claim.model, whole)
        )
        shares.append(own / other)
        counts.append((own, other))
    if all(within(share, claim.bounds()) == HOLDS for share in shares):
        return Comparison(HOLDS, "", _span(shares), *_number(shares))
    own, other = counts[0]
    low, high = (amount(bound * other) for bound in claim.bounds())
    sentence = (
        f"{claim.text()} of {whole}’s {amount(other)} would be {low} to {high} parameters; "
        f"{claim.model} as described has {amount(own)}."
    )
    return Comparison(FAILS, sentence, _span(shares), *_number(shares))


def gaps_widen(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether the models' accuracies lie further apart from each of `datasets` to the next."""
    gaps = []
    for dataset in claim.datasets:
        accuracies = [evidence.evaluate(f"{m}-{dataset}")["accuracy"] for m in claim.models]
        gaps.append(max(accuracies) - min(accuracies))
    text = ", ".join(
        f"{d} {100 * gap:.2f} points" for d, gap in zip(claim.datasets, gaps, strict=True)
    )
    widen = bool((np.diff(gaps) > 0).all())
    sentence = "" if widen else "The gap between the best and the last does not grow each time."
    return _compared(claim, evidence, widen, sentence, text)


def most_stable(claim: Statement, evidence: Evidence) -> Comparison:
    """Whether `model`'s validation accuracy falls least from one epoch to the next.

    Stability is the mean fall: rises count nothing, so that a fast learner is not called unstable.
    """
    texts, ahead, short = [], [], []
    for dataset in claim.datasets:
        curves = {m: evidence.history(f"{m}-{dataset}")["val_accuracy"] for m in claim.models}
        short += [len(c) for c in curves.values() if len(c) < FEWEST_EPOCHS]
        falls = {m: mean_fall(c.to_numpy(float)) for m, c in curves.items()}
        ahead.append(falls[claim.model] == min(falls.values()))
        each = ", ".join(f"{m} {100 * fall:.2f}" for m, fall in falls.items())
        texts.append(f"{dataset}: {each}")
    text = f"mean fall of validation accuracy, points per epoch: {'; '.join(texts)}"
    if short:
        spread = f"{min(short)} to " if min(short) < max(short) else ""
        epochs = plural(max(short), "epoch")
        sentence = f"Curves of {spread}{epochs} are too short to judge stability."
        return Comparison(UNTESTED, sentence)
    count = f"{claim.model} has the smallest mean fall on {sum(ahead)} of {len(ahead)} datasets."
    return _compared(claim, evidence, all(ahead), count, text)


def mean_fall(accuracy: np.ndarray) -> float:
    """Return how far float (epochs,) falls from one epoch to the next, rises counted as none."""
    return float(np.maximum(-np.diff(accuracy), 0).mean()) if len(accuracy) > 1 else 0.0


def _compared(
    claim: Statement,
    evidence: Evidence,
    holds: bool,
    sentence: str,
    text: str,
    numbers: list[float] | None = None,
) -> Comparison:
    number = _number(numbers) if numbers else (None, None, None)
    cells = evidence.cells_of(claim)
    if evidence.as_published(*cells):
        return Comparison(HOLDS if holds else FAILS, sentence, text, *number)
    sentence = f"{sentence} Schedules differ from the published ones: {evidence.shortened(cells)}"
    return Comparison(UNTESTED, sentence.strip(), text, *number)


def _published_shares(claim: Statement, evidence: Evidence) -> list[float]:
    """The same shares among the accuracies that the claim's own source publishes."""
    figures = {
        c.cell: sum(c.bounds()) / 2
        for c in evidence.claims.values()
        if isinstance(c, Figure) and c.kind == "accuracy" and c.source == claim.source and c.cell
    }
    shares = []
    for dataset in claim.datasets:
        cells = [f"{m}-{dataset}" for m in claim.models]
        if f"{claim.model}-{dataset}" in figures and all(c in figures for c in cells):
            best = max(figures[c] for c in cells)
            shares.append(figures[f"{claim.model}-{dataset}"] / best)
    return shares


def _span(shares: list[float]) -> str:
    low, high = percent(min(shares), 1), percent(max(shares), 1)
    return low if low == high else f"{low.removesuffix(' %')} to {high}"


def _number(shares: list[float]) -> tuple[float | None, None, None]:
    """A single measured number, where there is one for all datasets; never an interval."""
    return (shares[0] if len(set(shares)) == 1 else None), None, None
