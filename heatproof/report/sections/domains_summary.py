"""All networks that were tried on other images than their own, in two tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from heatproof.domains.comparison import AGREEMENT, ENTROPY, GAP
from heatproof.report.cell_results import CellResults
from heatproof.report.study import Study
from heatproof.statistics.known import known
from heatproof.statistics.numbers import plural
from heatproof.statistics.paired import SIGNIFICANT

LABELS = {AGREEMENT: "Agreement with the clean map", ENTROPY: "Entropy", GAP: "MoRF–LeRF gap"}
CORRUPTED = "corrupted copies"


def significant(test: dict[str, Any]) -> bool:
    """Whether a difference is significant at 5 %, for all tests of its table together."""
    p = test.get("p_adjusted")
    return p is not None and p < SIGNIFICANT


def answers(study: Study) -> list[dict[str, Any]]:
    """How each network answers: a row for its corrupted images, and for each other dataset.

    Returns:
        of each row `cell`, `title`, `images`, `own` (accuracy on its own images), `accuracy`, its
        interval `low` and `high`, `confidence` and `ece`; of corrupted copies means over them.
    """
    return [row for result in study.cells for row in _answers(result)]


def _answers(result: CellResults) -> Iterator[dict[str, Any]]:
    if found := result.corrupted:
        versions = [v for each in found["corruptions"].values() for v in each["severities"]]
        yield {
            "cell": result.name,
            "title": CORRUPTED,
            "images": found["images"],
            "own": found["clean"]["accuracy"],
            "accuracy": found["mean_corruption_accuracy"],
            "low": found["mean_corruption_low"],
            "high": found["mean_corruption_high"],
            **{key: fmean(v[key] for v in versions) for key in ("confidence", "ece")},
        }
    for domain, found in result.domains.items():
        keys = ("images", "accuracy", "low", "high", "confidence", "ece")
        own = found["own"]["accuracy"]
        yield {"cell": result.name, "title": domain, "own": own} | {key: found[key] for key in keys}


def maps(study: Study) -> list[dict[str, Any]]:
    """What becomes of each method's maps: a row for each network, kind of images, and measure.

    Returns:
        of each row `cell`, `title`, `method`, `measure`; `own`, the mean on the network's own
        images, and `other`, at severity 5 or on the other dataset; `wrong`, wrong answers less
        right ones; `accuracy`, how it goes with accuracy over the versions, None of a dataset.
    """
    rows = []
    for result in study.cells:
        found = [(CORRUPTED, result.corrupted)] if result.corrupted else []
        for title, content in (*found, *result.domains.items()):
            for method, by_measure in content["maps"].items():
                for measure, each in by_measure.items():
                    own, other = each.get("own", each.get("clean")), each.get("other")
                    rows.append(
                        {
                            "cell": result.name,
                            "title": title,
                            "method": method,
                            "measure": measure,
                            "own": own["mean"],
                            "other": (other or each["hardest"])["mean"],
                            "wrong": each["wrong"],
                            "accuracy": each.get("accuracy"),
                        }
                    )
    return rows


def statements(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Answer two questions from the rows of `maps`: a title and a text each, where there is any."""
    tested = [row for row in rows if known(row["wrong"]["difference"])]
    differing = [row for row in tested if significant(row["wrong"])]
    followed = [
        row for row in rows
        if row["measure"] == GAP and row["accuracy"] and known(row["accuracy"]["low"])
    ]  # fmt: skip
    falling = sum(row["accuracy"]["low"] > 0 for row in followed)
    rising = sum(row["accuracy"]["high"] < 0 for row in followed)
    found = []
    if tested:
        text = (
            f"In {len(differing)} of {plural(len(tested), 'comparison')} the maps of wrong answers "
            "differ significantly from those of right ones."
        )
        found.append(("Do maps of wrong answers differ?", text + _strongest(differing)))
    if followed:
        text = (
            f"Over corrupted images the MoRF–LeRF gap falls as accuracy falls in {falling} of "
            f"{plural(len(followed), 'case')}, a method on a network each, and rises in {rising}; "
            "in the others the interval of the rank correlation includes 0."
        )
        found.append(("Does trust fall with accuracy?", text))
    return found


def _strongest(differing: Sequence[dict[str, Any]]) -> str:
    """Say which measure differs most often, and which way."""
    if not differing:
        return ""
    measure, times = Counter(row["measure"] for row in differing).most_common(1)[0]
    higher = sum(row["wrong"]["difference"] > 0 for row in differing if row["measure"] == measure)
    return f" Most often by {LABELS[measure]}: higher in {higher}, lower in {times - higher}."
