"""How a reader gets about: the site's pages, the networks' pages, and links to headings."""

import html
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from heatproof.report.cell_results import CellResults
from heatproof.report.study import Study
from heatproof.storage.folders import file_name

# Pages that the whole site has one of, by their names without `.html`.
LABELS = {
    "index": "Overview",
    "playground": "Playground",
    "methods": "Explanations",
    "libraries": "Libraries",
    "compare": "Compare",
    "smaller": "Smaller networks",
    "claims": "Claims",
    "guide": "Guide",
}
_HEADING = re.compile(r"<h([23])((?:\s[^>]*)?)>(.*?)</h\1>", re.DOTALL)
_ID = re.compile(r'\sid="([^"]*)"')


@dataclass(frozen=True)
class Networks:
    """The networks of a dataset, each as (its model, its page without `.html`)."""

    dataset: str
    pages: tuple[tuple[str, str], ...]


def pages(there: Container[str], data_page: str = "") -> list[tuple[str, str]]:
    """The pages to link to, as (page, label), of those that are there.

    Args:
        there: paths of pages, such as `index.html`.
        data_page: that of the first dataset, without `.html`; empty where there is none.
    """
    known = [(page, label) for page, label in LABELS.items() if f"{page}.html" in there]
    return [*known[:1], *([(data_page, "Data")] if data_page else ()), *known[1:]]


def networks(study: Study) -> list[Networks]:
    """The pages of a study's networks, by dataset."""
    return [
        Networks(name, tuple(each for c in study.cells_on(name) for each in _of_network(c)))
        for name in study.dataset_names
    ]


def layers_page(cell: str) -> str:
    """The page on what a cell's layers keep, without `.html`."""
    return f"layers/{file_name(cell)}"


def _of_network(result: CellResults) -> Iterator[tuple[str, str]]:
    yield result.cell.model, f"cells/{file_name(result.name)}"
    if result.inversion:
        yield f"{result.cell.model}: what layers keep", layers_page(result.name)


def linked_headings(page: str) -> str:
    """Make every heading of the second and third level a link to itself, to be copied.

    One without an id gets one from its text. Left as they are: what only screen readers see, which
    would be a place of the keyboard's that nobody sees, and headings that are links already.
    """
    taken = set(_ID.findall(page))

    def linked(match: re.Match[str]) -> str:
        level, attributes, text = match.groups()
        if "visually-hidden" in attributes or "<a " in text:
            return match[0]
        found = _ID.search(attributes)
        if found:
            part = found[1].removesuffix("-title")
            target = part if part in taken else found[1]
        else:
            target = next(id for id in _ids(text) if id not in taken)
            taken.add(target)
            attributes += f' id="{target}"'
        link = f'<a class="heading-link" href="#{target}">{text}</a>'
        return f"<h{level}{attributes}>{link}</h{level}>"

    return _HEADING.sub(linked, page)


def _ids(text: str) -> Iterator[str]:
    """Ids made of a heading's text, in which nothing of the data's needs escaping."""
    plain = html.unescape(re.sub("<.*?>", "", text)).lower()
    words = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:60] or "part"
    yield f"at-{words}"
    number = 2
    while True:
        yield f"at-{words}-{number}"
        number += 1
