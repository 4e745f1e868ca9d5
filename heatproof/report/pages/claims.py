"""The scorecard: every published claim beside the measurement, with a verdict."""

from dataclasses import dataclass
from typing import Any

from heatproof.claims import verdicts
from heatproof.report.study import Study
from heatproof.statistics import numbers

# Distinguished by shape and text, never by colour alone.
SHAPES = {
    verdicts.HOLDS: "check",
    verdicts.EXCEEDED: "up",
    verdicts.FAILS: "cross",
    verdicts.UNTESTED: "ring",
    verdicts.NOT_RUN: "dots",
    verdicts.NOT_MEASURED: "dash",
}
MEANINGS = {
    verdicts.HOLDS: "the published number, to its last digit, lies within the 95 % interval of the "
    "measured one, or equals it where there is no interval.",
    verdicts.EXCEEDED: "the measured number is better than the published one, beyond its interval.",
    verdicts.FAILS: "the measured number is worse, and more training would not change that.",
    verdicts.UNTESTED: "the measured number is worse or not comparable, but the training differs "
    "from the published one.",
    verdicts.NOT_RUN: "the study does not contain the results needed.",
    verdicts.NOT_MEASURED: "the study does not measure this.",
}
TOPICS = {
    "accuracy": "Test accuracy",
    "train_accuracy": "Training accuracy",
    "macro_f1": "Macro F1",
    "parameters": "Parameters",
    "flops": "FLOPs",
    "epochs": "Epochs",
    "training_time": "Training time",
    "ordering": "Networks compared",
    "confusion": "Confusions",
    "statement": "Statements",
}


Entry = dict[str, Any]  # a claim as data/claims.json has it


@dataclass(frozen=True)
class Verdict:
    """A verdict, its shape, its meaning, and its number of claims."""

    name: str
    shape: str
    meaning: str
    count: int


def context(study: Study, claims: dict[str, Any]) -> dict[str, Any]:
    """The values of the template claims.html.

    Args:
        study: whose cells have pages and durations.
        claims: data/claims.json; empty where there is none.
    """
    entries = [_with_time(study, entry) for entry in claims["claims"]] if claims else []
    return {
        "params": study.params,
        "compared": len(entries),
        "shapes": SHAPES,
        "budget": claims["budget"] if claims else None,
        "tally": tuple(
            Verdict(name, shape, MEANINGS[name], _count(entries, name))
            for name, shape in SHAPES.items()
        ),
        "sources": tuple(
            _source(name, content, [e for e in entries if e["source"] == name])
            for name, content in (claims["sources"].items() if claims else ())
        ),
    }


def _source(name: str, content: Entry, entries: list[Entry]) -> dict[str, Any]:
    """The claims of one source by topic, and the number of each verdict."""
    return {
        "id": name,
        "title": content["title"],
        "note": content["note"],
        "topics": [
            (topic, rows)
            for kind, topic in TOPICS.items()
            if (rows := [entry for entry in entries if entry["kind"] == kind])
        ],
        "counts": [
            (verdict, shape, count)
            for verdict, shape in SHAPES.items()
            if (count := _count(entries, verdict))
        ],
    }


def _with_time(study: Study, entry: Entry) -> Entry:
    """Compare a training time here, since durations are in no cached output."""
    if entry["verdict"] != verdicts.IN_REPORT:
        return entry
    timing = {cell.name: cell.timing for cell in study.cells}
    seconds = [timing.get(cell, {}).get("train_seconds") for cell in entry["cells"]]
    if not seconds or not numbers.known(seconds[0]):
        return entry | {"verdict": verdicts.NOT_RUN, "sentence": "No training time was measured."}
    verdict, sentence = _timed(study, entry, seconds[0])
    text = numbers.duration(seconds[0])
    return entry | {
        "verdict": verdict,
        "sentence": sentence,
        "measured": entry["measured"] | {"text": text, "value": seconds[0]},
    }


def _timed(study: Study, entry: Entry, seconds: float) -> tuple[str, str]:
    if not entry["as_published"]:
        return verdicts.UNTESTED, "The training schedule differs from the published one."
    if entry["device"] == "gpu" and study.params.budget == "cpu":
        return verdicts.UNTESTED, "Published for a GPU; this study’s budget is for a CPU."
    published = (entry["published"]["low"], entry["published"]["high"])
    verdict = verdicts.timed(seconds, published, True)
    if verdict == verdicts.HOLDS:
        return verdict, ""
    return verdict, "Measured on the machine that ran the study, not the source’s."


def _count(entries: list[Entry], verdict: str) -> int:
    return sum(entry["verdict"] == verdict for entry in entries)
