"""The guide's example: one network's page read in steps, every sentence from its own numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from heatproof.report.sections import cell_trust
from heatproof.report.study import CellResults, Study
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers
from heatproof.storage.records import Explanations

RULE = (
    "The first network in params.yaml among those with the most results: evaluated, explained, and "
    "its explanations assessed."
)
NEAR = 0.005  # confidence and accuracy this close are called the same
ORDER = "morf_lerf_gap/black"


@dataclass(frozen=True)
class Step:
    """Where to look (as in `words`), what stands there, and what to make of it."""

    place: str
    title: str
    text: str
    meaning: str


def choose(study: Study) -> CellResults:
    """The cell that is read, by `RULE`."""
    return max(study.cells, key=_complete)  # the first of several that are equally complete


def steps(result: CellResults) -> Iterator[Step]:
    """Read the page from the top down, as far as there are results."""
    if result.evaluate:
        yield from _network(result, result.evaluate)
    explanations = result.explanations()
    if explanations is not None:
        yield _maps(explanations)
    if result.assess:
        yield from _belief(result.assess)
    yield Step(
        "cell#settings",
        "Say what you do not know",
        "The figures on this page are of one training, from one seed, and of test images of the "
        "same kind as those trained on.",
        "Nothing on its page says how another training, or photographs from elsewhere, would "
        "come out.",
    )


def _complete(result: CellResults) -> int:
    return sum(map(bool, (result.evaluate, result.explained, result.assess)))


def _network(result: CellResults, e: dict[str, Any]) -> Iterator[Step]:
    images = e["test_images"]
    largest = max(c["support"] for c in e["per_class"].values()) / images
    yield Step(
        "cell#figures",
        "Begin with the accuracy and its interval",
        f"Of {numbers.count(images)} test images {numbers.percent(e['accuracy'], images)} are "
        "answered right, 95 % interval "
        f"{numbers.interval(e['accuracy_low'], e['accuracy_high'], images)}. Naming the most "
        f"frequent class every time would give {numbers.percent(largest, images)}.",
        "With other test images of the same kind expect a figure like those in the interval. "
        "Always ask what guessing would give.",
    )
    gap = e["train_accuracy"] - e["accuracy"]
    yield Step(
        "cell#curves",
        "Compare training with test",
        f"On training images it is right {numbers.percent(e['train_accuracy'], images)} of the "
        f"time, {numbers.decimal(100 * abs(gap), 1)} points {'more' if gap >= 0 else 'less'} than "
        f"on test images.{_epochs(result.train)}",
        "A large gap means that part of what was learned is true of the training images only.",
    )
    if e["top_confusions"]:
        yield _confusion(e)
    yield _calibration(e)


def _epochs(train: dict[str, Any]) -> str:
    if not train:
        return ""
    return (
        f" The weights are those of epoch {train['best_epoch']} of "
        f"{numbers.plural(train['epochs_run'], 'epoch')} run, the best on validation images."
    )


def _confusion(e: dict[str, Any]) -> Step:
    most = e["top_confusions"][0]
    known = {n: c for n, c in e["per_class"].items() if c["support"]}
    hardest = min(known, key=lambda n: (known[n]["recall"], n))
    return Step(
        "cell#confusion",
        "Look where it errs",
        f"The most frequent mistake: {numbers.short(most['true'])} called "
        f"{numbers.short(most['predicted'])}, {numbers.plural(most['count'], 'image')} or "
        f"{numbers.percent(most['rate'])} of the class. The class found least often is "
        f"{numbers.short(hardest)}, with a recall of "
        f"{numbers.percent(known[hardest]['recall'])}.",
        "One accuracy hides which classes pay for it. Small counts change much by chance.",
    )


def _calibration(e: dict[str, Any]) -> Step:
    filled = [b for b in e["reliability"] if b["count"]]
    images = sum(b["count"] for b in filled)
    sure = sum(b["count"] * b["confidence"] for b in filled) / images
    right = sum(b["count"] * b["accuracy"] for b in filled) / images
    if abs(sure - right) < NEAR:
        verdict = "taken all together, as sure as it is right"
    else:
        verdict = "too sure of itself" if sure > right else "not sure enough"
    return Step(
        "cell#calibration",
        "Ask whether its confidence can be taken at its word",
        f"Its mean confidence is {numbers.percent(sure, images)}, and "
        f"{numbers.percent(right, images)} of its answers are right: {verdict}. The expected "
        f"calibration error is {numbers.percent(e['ece'])}.",
        "The mean can agree while single bins do not: look at the dots, and leave the hollow ones "
        "aside.",
    )


def _maps(explanations: Explanations) -> Step:
    rows = zip(explanations.label, explanations.predicted, explanations.image_index, strict=True)
    wrong = sorted({int(image) for label, predicted, image in rows if label != predicted})
    images = len({int(image) for image in explanations.image_index})
    return Step(
        "cell#examples",
        "Only now look at the heatmaps",
        f"{numbers.plural(images, 'image')} are explained by "
        f"{numbers.plural(len(explanations.maps), 'method')}; {len(wrong)} of them were answered "
        "wrong, and are explained for the class named and for the true one.",
        "Before you look, write down where you expect the evidence. A map that shows what you "
        "expected has told you about your expectation first.",
    )


def _belief(assess: dict[str, Any]) -> Iterator[Step]:
    order = assess["measures"].get(ORDER, {})
    best = _best(order)
    if best:
        name, mean = best
        controls = {
            n: s["mean"]
            for n, s in order.items()
            if n in measures.CONTROLS and numbers.known(s["mean"])
        }
        above = assess["uninformative"].get(ORDER, [])
        beside = ""
        if controls:
            top = max(controls, key=lambda n: (controls[n], n))
            beside = (
                f" The best control, {measures.CONTROLS[top].inline}, gets "
                f"{numbers.decimal(controls[top], 2)}."
            )
        yield Step(
            "cell#trust",
            "Compare methods with controls, not only with each other",
            f"By the MoRF–LeRF gap, from black, {methods.describe(name).label} has the largest "
            f"mean, {numbers.decimal(mean, 2)}.{beside}",
            "A control outranks most methods here, so that this column says nothing of them."
            if above
            else "What a method is ahead of a control by is what its map adds to knowing nothing "
            "of the network.",
        )
    same = cell_trust.hardly(assess)
    if "randomised_spearman" in assess["measures"]:
        yield Step(
            "cell#randomisation",
            "Strike out what does not depend on what was learned",
            same
            or "With random weights no method draws much the same map (rank correlation below "
            f"{cell_trust.HARDLY}).",
            "A map that fails this test is no evidence of what was learned; one that passes need "
            "not be right, since noise passes too.",
        )
    survived = {
        measures.describe(m).label: assess["ranking"][m]["survives"]
        for m in measures.RANKED
        if m in assess["ranking"] and assess["ranking"][m]["survives"] is not None
    }
    if survived:
        stays = [label for label, survives in survived.items() if survives]
        named = f" ({numbers.listing(stays)})" if stays else ""
        yield Step(
            "cell#trust",
            "See whether the order survives another baseline",
            "Whether missing pixels are black, mean-coloured or blurred, the order of the methods "
            f"stays by {len(stays)} of {numbers.plural(len(survived), 'measure')}{named}.",
            "An order that changes with the baseline is a fact about the baseline.",
        )
    yield from _agreement(assess["agreement"])


def _best(order: dict[str, Any]) -> tuple[str, float] | None:
    most = max((s["images"] for s in order.values()), default=0)
    found = {
        n: s["mean"]
        for n, s in order.items()
        if n not in measures.CONTROLS and numbers.known(s["mean"]) and 2 * s["images"] >= most
    }
    if not found:
        return None
    name = max(found, key=lambda n: (found[n], n))
    return name, found[name]


def _agreement(content: dict[str, Any]) -> Iterator[Step]:
    matrix = content["grid"]["spearman"]
    pairs = {
        (a, b): matrix[i][j]
        for (i, a), (j, b) in combinations(enumerate(content["methods"]), 2)
        if numbers.known(matrix[i][j])
    }
    if len(pairs) < 2:
        return
    most, least = (pick(pairs, key=lambda pair: (pairs[pair], pair)) for pick in (max, min))
    told = [
        f"{methods.describe(a).label} and {methods.describe(b).label} "
        f"({numbers.decimal(pairs[a, b], 2)})"
        for a, b in (most, least)
    ]
    yield Step(
        "cell#agreement",
        "Look for methods that contradict each other",
        f"Most alike are the maps of {told[0]}, least alike those of {told[1]}: rank correlation "
        "on a coarse grid.",
        "One map alone would have hidden this. Kindred methods often agree, "
        "which makes them no more right.",
    )
