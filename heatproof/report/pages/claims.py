"""The scorecard: every published claim beside the measurement, with a verdict."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from heatproof.claims import verdicts
from heatproof.claims.description import WORDS
from heatproof.report.study import Study
from heatproof.statistics import numbers

# Each verdict's shape, since it is never distinguished by colour alone, and its meaning.
VERDICTS = {
    verdicts.HOLDS: (
        "check",
        "the published number, to its last digit, lies within the 95 % interval of the measured "
        "one, or equals it where there is no interval.",
    ),
    verdicts.EXCEEDED: (
        "up",
        "the measured number is better than the published one, beyond its interval.",
    ),
    verdicts.FAILS: (
        "cross",
        "the measured number is worse, and more training would not change that.",
    ),
    verdicts.UNTESTED: (
        "ring",
        "the measured number is worse or not comparable, but the training differs from the "
        "published one.",
    ),
    verdicts.NOT_RUN: ("dots", "the study does not contain the results needed."),
    verdicts.NOT_MEASURED: ("dash", "the study does not measure this."),
}
TOPICS = WORDS | {
    "ordering": "Networks compared",
    "confusion": "Confusions",
    "statement": "Statements",
}

Entry = dict[str, Any]  # a claim as data/claims.json has it


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
        "verdicts": VERDICTS,
        "budget": claims["budget"] if claims else None,
        "tally": tally(entries),
        "sources": [
            {"id": name, **content, **_by_topic([e for e in entries if e["source"] == name])}
            for name, content in (claims["sources"].items() if claims else ())
        ],
    }


def tally(entries: Iterable[Entry]) -> dict[str, int]:
    """How many claims came out how, verdicts without any left out."""
    counts = Counter(entry["verdict"] for entry in entries)
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def _by_topic(entries: list[Entry]) -> dict[str, Any]:
    """The claims of one source by topic, and the number of each verdict."""
    topics = {
        topic: [entry for entry in entries if entry["kind"] == kind]
        for kind, topic in TOPICS.items()
    }
    return {"topics": {t: rows for t, rows in topics.items() if rows}, "counts": tally(entries)}


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
