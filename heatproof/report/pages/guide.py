"""How to read this: a glossary, one network's page read step by step, questions to discuss."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from heatproof.report.sections import discussion, example
from heatproof.report.study import CellResults, Study
from heatproof.report.text import glossary
from heatproof.report.text.words import Term
from heatproof.storage.folders import file_name

# What a link to a part of a page says; a page's own name where a part is not listed.
PARTS = {
    "index": "Overview",
    "index#leaderboard": "Leaderboard",
    "index#curves": "Training curves of all networks",
    "index#run": "What was run",
    "index#claims": "What was claimed",
    "methods": "Explanations",
    "methods#truth": "Against the truth",
    "methods#measures": "Measure by measure",
    "methods#asked": "What the measures ask",
    "methods#stability": "Another baseline, on all networks",
    "methods#agreement": "Agreement on all networks",
    "methods#published": "A published table, measured again",
    "methods#methods": "The methods",
    "claims": "Claims",
    "claims#verdicts": "What the verdicts mean",
    "cell": "a network’s page",
    "cell#figures": "Figures",
    "cell#curves": "Training curves",
    "cell#confusion": "Confusion matrix",
    "cell#confusions": "Most frequent confusions",
    "cell#classes": "Classes",
    "cell#calibration": "Calibration",
    "cell#examples": "What it looks at",
    "cell#inside": "Inside the network",
    "cell#changes": "What would have to change",
    "cell#trust": "Which map to believe",
    "cell#randomisation": "Weights made random",
    "cell#agreement": "Do the methods agree?",
    "cell#settings": "Settings",
}
# Parts of a cell's page that are there only where what they show is.
DEPENDENT = {
    "confusions": "confusion",
    "randomisation": "trust",
    "agreement": "trust",
}


@dataclass(frozen=True)
class Link:
    href: str
    words: str


@dataclass(frozen=True)
class Entry:
    """A term with links to where it appears."""

    term: Term
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Asked:
    """A question with links to what answers it."""

    ask: str
    links: tuple[Link, ...]
    hint: str


def context(study: Study) -> dict[str, Any]:
    """The values of the template guide.html, as far as there are results."""
    chosen = example.choose(study)

    def links(places: tuple[str, ...]) -> tuple[Link, ...]:
        return tuple(_links(study, chosen, places))

    return {
        "params": study.params,
        "groups": tuple(
            (group, tuple(Entry(term, links(term.places)) for term in group.terms))
            for group in glossary.groups()
        ),
        "rule": example.RULE,
        "chosen": chosen,
        "page": f"cells/{file_name(chosen.name)}.html",
        "steps": tuple((step, links((step.place,))) for step in example.steps(chosen)),
        "questions": tuple(Asked(q.ask, links(q.places), q.hint) for q in discussion.QUESTIONS),
    }


def _links(study: Study, chosen: CellResults, places: tuple[str, ...]) -> Iterator[Link]:
    """Where a place leads in this study: a part that is not made yet is its page's top."""
    seen = set()
    for place in places:
        page, _, part = place.partition("#")
        if page == "cell":
            address = f"cells/{file_name(chosen.name)}.html"
            if part in DEPENDENT:
                part = DEPENDENT[part]
        else:
            address = f"{page}.html"
            made = {"index": True, "methods": _assessed(study), "claims": bool(study.claims)}
            part = part if made[page] else ""
        href = f"{address}#{part}" if part else address
        if href not in seen:
            seen.add(href)
            yield Link(href, PARTS[f"{page}#{part}" if part else page])


def _assessed(study: Study) -> bool:
    return any(c.assess for c in study.cells)
