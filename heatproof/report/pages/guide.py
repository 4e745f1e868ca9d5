"""The guide: one network's page read step by step, a glossary, questions to discuss."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from heatproof.report.sections import discussion, example
from heatproof.report.study import CellResults, Study
from heatproof.report.text import glossary
from heatproof.report.text.terms import Term
from heatproof.storage.folders import file_name

# The text of a link to a part of a page.
PARTS = {
    "index": "Overview",
    "index#leaderboard": "Leaderboard",
    "index#curves": "Training curves of all networks",
    "index#provenance": "Provenance",
    "index#claims": "Published claims",
    "methods": "Explanations",
    "methods#truth": "Against ground truth",
    "methods#measures": "All measures",
    "methods#meanings": "What the measures mean",
    "methods#stability": "Stability across baselines",
    "methods#agreement": "Agreement on all networks",
    "methods#published": "Replication of a published table",
    "methods#methods": "The methods",
    "claims": "Claims",
    "claims#verdicts": "What the verdicts mean",
    "cell": "a network’s page",
    "cell#figures": "Key figures",
    "cell#curves": "Training curves",
    "cell#confusion": "Confusion matrix",
    "cell#confusions": "Most frequent confusions",
    "cell#classes": "Classes",
    "cell#calibration": "Calibration",
    "cell#examples": "Explained images",
    "cell#features": "Filters and features",
    "cell#counterfactuals": "Counterfactuals",
    "cell#trust": "Trust in the maps",
    "cell#randomisation": "Randomised weights",
    "cell#agreement": "Do the methods agree?",
    "cell#settings": "Settings",
}
# Parts of a cell's page that exist only if there are results, with the part to link to instead.
DEPENDENT = {
    "confusions": "confusion",
    "randomisation": "trust",
    "agreement": "trust",
}


@dataclass(frozen=True)
class Link:
    href: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A term with links to the places where it appears."""

    term: Term
    links: tuple[Link, ...]


@dataclass(frozen=True)
class LinkedQuestion:
    """A question with links to the places to look at."""

    text: str
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
        "questions": tuple(
            LinkedQuestion(q.text, links(q.places), q.hint) for q in discussion.QUESTIONS
        ),
    }


def _links(study: Study, chosen: CellResults, places: tuple[str, ...]) -> Iterator[Link]:
    """Link to places of this study; to the top of the page where the part does not exist."""
    seen = set()
    for place in places:
        page, _, part = place.partition("#")
        if page == "cell":
            address = f"cells/{file_name(chosen.name)}.html"
            if part in DEPENDENT:
                part = DEPENDENT[part]
        else:
            address = f"{page}.html"
            exists = {"index": True, "methods": _assessed(study), "claims": bool(study.claims)}
            part = part if exists[page] else ""
        href = f"{address}#{part}" if part else address
        if href not in seen:
            seen.add(href)
            yield Link(href, PARTS[f"{page}#{part}" if part else page])


def _assessed(study: Study) -> bool:
    return any(c.assess for c in study.cells)
