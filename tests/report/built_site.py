"""The site as the report builds it here, and what holds for every page of any."""

import os
from itertools import pairwise
from pathlib import Path

from stages import report
from tests.report import read_pages

REPORTS = Path("reports")
WHOLE = (
    *("index.html", "playground.html", "methods.html", "libraries.html"),
    *("compare.html", "claims.html", "guide.html"),
)
DATA = "datasets/digits.html"  # of the study that `fixture` writes


def built() -> dict[str, read_pages.Page]:
    """Build the site; return its pages by their paths in it."""
    report.main()
    return pages()


def pages() -> dict[str, read_pages.Page]:
    """Read the pages of the site in the current folder by their paths in it."""
    return {p.relative_to(REPORTS).as_posix(): read_pages.read(p) for p in REPORTS.rglob("*.html")}


def check(site_pages: dict[str, read_pages.Page]) -> None:
    """Check every page: links and pictures exist, ids are unique, headings are nested."""
    for name, page in site_pages.items():
        here = (REPORTS / name).parent
        assert len(page.ids) == len(set(page.ids)), name
        assert page.headings[0] == 1, name
        assert page.headings.count(1) == 1, name
        steps = pairwise(page.headings)
        assert all(after <= before + 1 for before, after in steps), name
        for link in page.links:
            path, _, place = link.partition("#")
            anchor = place.partition("?")[0]
            target = name if not path else os.path.relpath(here / path, REPORTS)
            if target == "provenance.json":
                assert (REPORTS / target).is_file()
                continue
            assert target in site_pages, f"{name}: {link}"
            assert not anchor or anchor in site_pages[target].ids, f"{name}: {link}"
        for picture in page.pictures:
            assert (here / picture).is_file(), f"{name}: {picture}"
