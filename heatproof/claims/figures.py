"""Published figures of one cell or model beside the measured ones."""

from collections.abc import Callable
from importlib import import_module

from heatproof.claims.description import Figure
from heatproof.claims.evidence import Evidence
from heatproof.claims.verdicts import (
    FAILS,
    HOLDS,
    IN_REPORT,
    UNTESTED,
    Comparison,
    MissingEvidence,
    reached,
    within,
)
from heatproof.claims.wording import amount
from heatproof.statistics.bootstrap import accuracy_interval, macro_f1_interval
from heatproof.storage import confusions


def find(claim: Figure, evidence: Evidence) -> Comparison:
    """Compare a figure. Raises MissingEvidence if what it rests on is missing."""
    return _KINDS[claim.kind](claim, evidence)


def _accuracy(claim: Figure, evidence: Evidence) -> Comparison:
    metrics = evidence.evaluate(claim.cell)
    interval = (metrics["accuracy_low"], metrics["accuracy_high"])
    return _score(claim, evidence, metrics["accuracy"], interval, metrics["test_images"])


def _domain_accuracy(claim: Figure, evidence: Evidence) -> Comparison:
    arrays = evidence.domain(claim.cell, claim.domain)
    correct = arrays["predicted"] == arrays["labels"]
    samples, seed = evidence.study.evaluate.bootstrap_samples, evidence.study.seed
    value, interval = float(correct.mean()), accuracy_interval(correct, samples, seed)
    # The schedules of params.yaml are not those of who published it.
    verdict = reached(*interval, claim.bounds(), as_published=False)
    sentence = "Another network was trained, in another way; see the source’s note."
    return Comparison(
        verdict=verdict,
        sentence=sentence,
        text=claim.shown(value),
        value=value,
        low=interval[0],
        high=interval[1],
        interval=f"{_bare(claim, interval[0])} to {claim.shown(interval[1])}",
    )


def _train_accuracy(claim: Figure, evidence: Evidence) -> Comparison:
    from scipy.stats import binom

    metrics = evidence.evaluate(claim.cell)
    share, images = metrics["train_accuracy"], metrics["train_images"]
    # What a bootstrap over the images tends to: the number of right ones is binomial.
    low, high = (float(binom.ppf(p, images, share)) / images for p in (0.025, 0.975))
    return _score(claim, evidence, share, (low, high), images)


def _macro_f1(claim: Figure, evidence: Evidence) -> Comparison:
    metrics = evidence.evaluate(claim.cell)
    samples, seed = evidence.study.evaluate.bootstrap_samples, evidence.study.seed
    matrix = confusions.matrix(metrics["confusion_test"], len(metrics["class_names"]))
    interval = macro_f1_interval(matrix, samples, seed)
    return _score(claim, evidence, metrics["macro_f1"], interval, None)


def _score(
    claim: Figure,
    evidence: Evidence,
    value: float,
    interval: tuple[float | None, float | None],
    images: int | None,
) -> Comparison:
    low, high = (value if bound is None else bound for bound in interval)
    published = claim.bounds()
    opened = evidence.opened(claim.cell)
    verdict = reached(low, high, published, opened or evidence.as_published(claim.cell))
    sentence = ""
    if verdict == UNTESTED:
        sentence = evidence.shortened([claim.cell])
    elif verdict == FAILS and images is not None:
        more = round((published[0] - value) * images)
        sentence = (
            f"{claim.text()} would mean at least {more:,} more right among the {images:,} images"
            f"{'' if opened else ', with the published schedule that was run'}."
        )
    elif verdict == FAILS and opened:
        sentence = "The network was opened from its file, and does not reach it on these images."
    elif verdict == FAILS:
        sentence = "The published schedule was run, and does not reach it."
    return Comparison(
        verdict=verdict,
        sentence=sentence,
        text=claim.shown(value),
        value=value,
        low=low,
        high=high,
        interval=f"{_bare(claim, low)} to {claim.shown(high)}",
    )


def _parameters(claim: Figure, evidence: Evidence) -> Comparison:
    cell = _some(claim, evidence)[0]
    value = evidence.evaluate(cell)["parameters"]
    verdict = within(value, claim.bounds())
    sentence = ""
    if verdict == FAILS:
        published = sum(claim.bounds()) / 2
        sentence = (
            f"The network as described has {amount(value)} parameters; the published figure is "
            f"{published / value:.3g} times that, as of layers about "
            f"{(published / value) ** 0.5:.2g} times as wide."
        )
    return Comparison(verdict, sentence, claim.shown(value), value)


def _flops(claim: Figure, evidence: Evidence) -> Comparison:
    cells = _some(claim, evidence)
    values = [evidence.evaluate(cell)["flops"] for cell in cells]
    if None in values:
        raise MissingEvidence("What a layer of the network, or all of them, costs is not known.")
    low, high = min(values), max(values)
    published = claim.bounds()
    holds = [within(value, published) == HOLDS for value in values]
    nearest = min(values, key=lambda value: abs(value - sum(published) / 2))
    sentence = ""
    if not any(holds):
        network = evidence.study.run(cells[0]).network
        side = import_module(type(network).__module__).INPUT_SIZE
        sentence = _operations_mean(side, nearest, sum(published) / 2)
    text = claim.shown(low) if low == high else f"{_bare(claim, low)} to {claim.shown(high)}"
    return Comparison(HOLDS if any(holds) else FAILS, sentence, text, nearest)


def _operations_mean(size: int | None, measured: float, published: float) -> str:
    """Say on what images a network would take a published number of operations.

    Nearly all operations are convolutions', which grow with the image's area.

    Args:
        size: the smallest height and width that the architecture takes, None for any.
        measured: operations per image.
        published: the same.
    """
    counted = (
        f"The network as described takes {amount(measured)}, a multiply-accumulate counted as two "
        "operations (as one, half that)"
    )
    if size is None:
        return f"{counted}; the published figure is {published / measured:.3g} times that."
    side = size * (published / measured) ** 0.5
    return (
        f"{counted}, on {size}×{size} pixels; {amount(published)} would fit images of about "
        f"{side:.0f}×{side:.0f}."
    )


def _epochs(claim: Figure, evidence: Evidence) -> Comparison:
    now, published = evidence.schedules(claim.cell)
    verdict = within(now.epochs, claim.bounds())
    sentence = ""
    if verdict == FAILS and published and within(published.epochs, claim.bounds()) == HOLDS:
        verdict, sentence = UNTESTED, evidence.shortened([claim.cell])
    elif verdict == FAILS:
        sentence = (
            "Neither this budget's schedule nor the published one of params.yaml has as many."
        )
    return Comparison(verdict, sentence, claim.shown(now.epochs), now.epochs)


def _training_time(claim: Figure, evidence: Evidence) -> Comparison:
    evidence.schedules(claim.cell)
    return Comparison(IN_REPORT, "Durations are not among the cached results.")


def _some(claim: Figure, evidence: Evidence) -> list[str]:
    cells = evidence.cells_of(claim)
    if not cells:
        raise MissingEvidence(
            f"claims.yaml has no figure of a cell of {claim.model} by this source."
        )
    return cells


def _bare(claim: Figure, value: float) -> str:
    """A measured number without its unit, for the first of two."""
    return claim.shown(value).removesuffix(f" {claim.unit}")


_KINDS: dict[str, Callable[[Figure, Evidence], Comparison]] = {
    "accuracy": _accuracy,
    "domain_accuracy": _domain_accuracy,
    "train_accuracy": _train_accuracy,
    "macro_f1": _macro_f1,
    "parameters": _parameters,
    "flops": _flops,
    "epochs": _epochs,
    "training_time": _training_time,
}
