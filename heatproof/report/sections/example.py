"""The guide's example: one network's page read step by step, with its own numbers."""

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
NEAR = 0.005  # confidence and accuracy this close count as equal
ORDER = "morf_lerf_gap/black"


@dataclass(frozen=True)
class Step:
    """Where to look (as in `terms`), what it shows, and how to interpret it."""

    place: str
    title: str
    text: str
    meaning: str


def choose(study: Study) -> CellResults:
    """The cell used as the example, by `RULE`."""
    return max(study.cells, key=_complete)  # the first of several that are equally complete


def steps(result: CellResults) -> Iterator[Step]:
    """Read the page from the top down, as far as there are results."""
    if result.evaluate:
        yield from _network(result, result.evaluate)
    explanations = result.explanations()
    if explanations is not None:
        yield _maps(explanations)
    if result.assess:
        yield from _trust(result.assess)
    yield Step(
        "cell#settings",
        "State what you do not know",
        "The numbers on this page are from one training with one seed, and from test images of the "
        "same kind as the training images.",
        "They do not show how another training would do, or how the network does on photographs "
        "from elsewhere.",
    )


def _complete(result: CellResults) -> int:
    return sum(map(bool, (result.evaluate, result.explained, result.assess)))


def _network(result: CellResults, e: dict[str, Any]) -> Iterator[Step]:
    images = e["test_images"]
    largest = max(c["support"] for c in e["per_class"].values()) / images
    yield Step(
        "cell#figures",
        "Start with the accuracy and its interval",
        f"Of {numbers.count(images)} test images {numbers.percent(e['accuracy'], images)} are "
        "predicted correctly, 95 % interval "
        f"{numbers.interval(e['accuracy_low'], e['accuracy_high'], images)}. Always predicting the "
        f"most frequent class would give {numbers.percent(largest, images)}.",
        "With other test images of the same kind, expect an accuracy within the interval. Always "
        "compare with what guessing would give.",
    )
    gap = e["train_accuracy"] - e["accuracy"]
    yield Step(
        "cell#curves",
        "Compare training with test accuracy",
        f"Accuracy on training images is {numbers.percent(e['train_accuracy'], images)}, "
        f"{numbers.decimal(100 * abs(gap), 1)} points {'more' if gap >= 0 else 'less'} than on "
        f"test images.{_epochs(result.train)}",
        "A large gap means that the network memorised part of its training images.",
    )
    if e["top_confusions"]:
        yield _confusion(e)
    yield _calibration(e)


def _epochs(train: dict[str, Any]) -> str:
    if not train:
        return ""
    return (
        f" The weights are those of epoch {train['best_epoch']} of "
        f"{numbers.plural(train['epochs_run'], 'epoch')}, the best on validation images."
    )


def _confusion(e: dict[str, Any]) -> Step:
    most = e["top_confusions"][0]
    known = {n: c for n, c in e["per_class"].items() if c["support"]}
    hardest = min(known, key=lambda n: (known[n]["recall"], n))
    return Step(
        "cell#confusion",
        "Look at its mistakes",
        f"The most frequent mistake: {numbers.short(most['true'])} predicted as "
        f"{numbers.short(most['predicted'])}, {numbers.plural(most['count'], 'image')} or "
        f"{numbers.percent(most['rate'])} of the class. The class with the lowest recall is "
        f"{numbers.short(hardest)}, with {numbers.percent(known[hardest]['recall'])}.",
        "A single accuracy hides which classes do worse. Small counts vary a lot by chance.",
    )


def _calibration(e: dict[str, Any]) -> Step:
    filled = [b for b in e["reliability"] if b["count"]]
    images = sum(b["count"] for b in filled)
    confidence = sum(b["count"] * b["confidence"] for b in filled) / images
    accuracy = sum(b["count"] * b["accuracy"] for b in filled) / images
    if abs(confidence - accuracy) < NEAR:
        verdict = "on average, calibrated"
    else:
        verdict = "overconfident" if confidence > accuracy else "underconfident"
    return Step(
        "cell#calibration",
        "Check whether its confidence is justified",
        f"Its mean confidence is {numbers.percent(confidence, images)}, and its accuracy "
        f"{numbers.percent(accuracy, images)}: {verdict}. The expected calibration error is "
        f"{numbers.percent(e['ece'])}.",
        "The means can agree while single bins do not: look at the dots, and ignore the hollow "
        "ones.",
    )


def _maps(explanations: Explanations) -> Step:
    rows = zip(explanations.label, explanations.predicted, explanations.image_index, strict=True)
    wrong = sorted({int(image) for label, predicted, image in rows if label != predicted})
    images = len({int(image) for image in explanations.image_index})
    return Step(
        "cell#examples",
        "Only now look at the heat maps",
        f"{numbers.plural(images, 'image')} are explained by "
        f"{numbers.plural(len(explanations.maps), 'method')}; {len(wrong)} of them were predicted "
        "incorrectly, and are explained for the predicted class and for the true one.",
        "Before you look, write down where you expect the evidence. A map that shows what you "
        "expected mainly confirms your expectation.",
    )


def _trust(assess: dict[str, Any]) -> Iterator[Step]:
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
        best_control = ""
        if controls:
            top = max(controls, key=lambda n: (controls[n], n))
            best_control = (
                f" The best control, {measures.CONTROLS[top].inline}, gets "
                f"{numbers.decimal(controls[top], 2)}."
            )
        yield Step(
            "cell#trust",
            "Compare methods with controls, not only with each other",
            f"By the MoRF–LeRF gap from black, {methods.describe(name).label} has the largest "
            f"mean, {numbers.decimal(mean, 2)}.{best_control}",
            "A control ranks above most methods here, so this column is uninformative about them."
            if above
            else "A method’s lead over a control is what its map adds to knowing nothing of the "
            "network.",
        )
    weight_independent = cell_trust.weight_independent(assess)
    if "randomised_spearman" in assess["measures"]:
        yield Step(
            "cell#randomisation",
            "Discard maps that do not depend on what was learned",
            weight_independent
            or "With random weights no method gives a similar map (rank correlation below "
            f"{cell_trust.SIMILAR}).",
            "A map that fails this test is no evidence of what was learned; one that passes need "
            "not be right, since noise passes too.",
        )
    stable = {
        measures.describe(m).label: assess["ranking"][m]["survives"]
        for m in measures.RANKED
        if m in assess["ranking"] and assess["ranking"][m]["survives"] is not None
    }
    if stable:
        kept = [label for label, survives in stable.items() if survives]
        named = f" ({numbers.listing(kept)})" if kept else ""
        yield Step(
            "cell#trust",
            "Check whether the order is stable across baselines",
            "Whether removed pixels become black, mean-coloured or blurred, the order of the "
            f"methods is stable by {len(kept)} of {numbers.plural(len(stable), 'measure')}{named}.",
            "An order that changes with the baseline tells more about the baseline than about the "
            "methods.",
        )
    yield from _agreement(assess["agreement"])


def _best(order: dict[str, Any]) -> tuple[str, float] | None:
    most = max((s["images"] for s in order.values()), default=0)
    means = {
        n: s["mean"]
        for n, s in order.items()
        if n not in measures.CONTROLS and numbers.known(s["mean"]) and 2 * s["images"] >= most
    }
    if not means:
        return None
    name = max(means, key=lambda n: (means[n], n))
    return name, means[name]


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
    named = [
        f"{methods.describe(a).label} and {methods.describe(b).label} "
        f"({numbers.decimal(pairs[a, b], 2)})"
        for a, b in (most, least)
    ]
    yield Step(
        "cell#agreement",
        "Look for methods that contradict each other",
        f"Most similar are the maps of {named[0]}, least similar those of {named[1]} (rank "
        "correlation on a coarse grid).",
        "A single map would hide this. Related methods often agree, which does not make them "
        "correct.",
    )
