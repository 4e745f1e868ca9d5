"""A cell's verdicts against the libraries in a sentence."""

from typing import Any

from heatproof.crosscheck.comparison import AGREES, DIFFERS, NOT_COMPARED, ON_PURPOSE, UNSERVED
from heatproof.statistics import numbers

_WORDS = {
    AGREES: ("agrees with its library", "agree with their libraries"),
    ON_PURPOSE: ("differs by its definition", "differ by their definitions"),
    UNSERVED: ("has a library that cannot serve it", "have libraries that cannot serve them"),
    NOT_COMPARED: ("is not compared", "are not compared"),
    DIFFERS: ("should agree and does not", "should agree and do not"),
}


def line(crosscheck: dict[str, Any]) -> str:
    """Say how a cell's methods and figures compare; empty where that was not checked.

    Args:
        crosscheck: what data/metrics/crosscheck/<cell>.json holds.
    """
    counts = crosscheck.get("verdicts", {})
    if not counts:
        return ""
    parts = [
        f"{counts[verdict]} {words[counts[verdict] > 1]}"
        for verdict, words in _WORDS.items()
        if counts.get(verdict)
    ]
    text = f"Of {numbers.plural(sum(counts.values()), 'computation')} {numbers.listing(parts)}"
    return f"{text}." if counts.get(DIFFERS) else f"{text}; none differs without a reason."
