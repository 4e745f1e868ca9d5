"""The guide: one network's page read step by step, a glossary, questions to discuss."""

from typing import Any

from heatproof.attribution import registry
from heatproof.attribution.families import FAMILIES
from heatproof.report.sections import example
from heatproof.report.study import Study
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


def context(study: Study) -> dict[str, Any]:
    """The values of the template guide.html, as far as there are results."""
    chosen = example.choose(study)
    page = f"cells/{file_name(chosen.name)}.html"
    return {
        "params": study.params,
        "links": lambda places: _links(study, page, places.split()),
        "families": [(family, _papers(family.name)) for family in FAMILIES],
        "chosen": chosen,
        "page": page,
        "example": example.values(chosen),
    }


def _papers(family: str) -> str:
    """The methods of a family, each with its paper."""
    return "; ".join(
        f"{method.label} ({method.reference})"
        for method in registry.methods().values()
        if family in (method.family, *method.also)
    )


def _links(study: Study, cell_page: str, places: list[str]) -> dict[str, str]:
    """Link to places of this study; to the top of the page where the part does not exist.

    Returns:
        address -> text.
    """
    exists = {
        "cell": True,
        "index": True,
        "methods": any(c.assess for c in study.cells),
        "claims": bool(study.claims),
    }
    links: dict[str, str] = {}
    for place in places:
        page, _, part = place.partition("#")
        if page == "cell":
            part = DEPENDENT.get(part, part)
        named = f"#{part}" if part and exists[page] else ""
        address = cell_page if page == "cell" else f"{page}.html"
        links.setdefault(f"{address}{named}", PARTS[f"{page}{named}"])
    return links
