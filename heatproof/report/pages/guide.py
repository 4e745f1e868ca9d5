"""The guide: one network's page read step by step, a glossary, questions to discuss."""

from typing import Any

from heatproof.attribution import registry
from heatproof.attribution.families import FAMILIES
from heatproof.report.pages import data
from heatproof.report.rendering import headings as headings_of
from heatproof.report.sections import example
from heatproof.report.study import Study
from heatproof.storage.folders import file_name

# The pages that its places name by these words, and the text of a link to the top of each.
PAGES = {
    "index": "Overview",
    "methods": "Explanations",
    "libraries": "Libraries",
    "claims": "Claims",
    "cell": "a network’s page",
    "data": "Data",
}
# Parts of a cell's page that exist only if there are results, with the part to link to instead.
DEPENDENT = {"confusions": "confusion", "randomisation": "trust", "agreement": "trust"}


def context(study: Study, written: dict[str, str]) -> dict[str, Any]:
    """The values of the template guide.html, as far as there are results.

    Args:
        study: the results.
        written: path -> HTML of the pages that the guide links to.
    """
    chosen = example.choose(study)
    page = f"cells/{file_name(chosen.name)}.html"
    headings = {path: headings_of(text, "1-4") for path, text in written.items()}

    of_kind = {"cell": page, "data": data.first_page(study)}

    def links(places: str) -> dict[str, str]:
        """Link to places of this study, address -> text; to the page where a part is missing."""
        found: dict[str, str] = {}
        for place in places.split():
            name, _, part = place.partition("#")
            address = of_kind.get(name, f"{name}.html")
            if not address or (name == "claims" and not study.has_claims):
                continue
            known = headings.get(address, {})
            part = part if part in known else DEPENDENT.get(part, part)
            named = f"#{part}" if part in known else ""
            text = known.get(part) or PAGES[name]
            text += f" ({PAGES[name]})" if text in found.values() else ""
            found.setdefault(f"{address}{named}", text)
        return found

    return {
        "params": study.params,
        "links": links,
        "families": [(family, _papers(family.name)) for family in FAMILIES],
        "chosen": chosen,
        "page": page,
        "example": example.values(chosen),
        "pictures": example.pictures(study, chosen),
        "verdict_maps": f"images/verdict-{file_name(chosen.name)}.png",
    }


def _papers(family: str) -> str:
    """The methods of a family, each with its paper."""
    return "; ".join(
        f"{method.label} ({method.reference})"
        for method in registry.methods().values()
        if family in (method.family, *method.also)
    )
