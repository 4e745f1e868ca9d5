"""The site as a folder: every page is made beside the old site, then the folders change places."""

import base64
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from heatproof.report.charts import charts, colours
from heatproof.report.pages import cell, claims, compare, guide, overview, trust
from heatproof.report.study import Study
from heatproof.report.text import numbers
from heatproof.run.errors import UserError
from heatproof.storage.atomic import write_bytes, write_text
from heatproof.storage.formats import write_json

HERE = Path(__file__).parent
# What every page has.
SITE = (
    *("report.css", "tables.css", "charts.css", "guide.css"),
    *("report.js", "tables.js", "charts.js", "fragment.js"),
)
# What the pages on one cell, and the one that compares two, need beside the site's own.
CELL = ("maps.css", "gallery.css", "gallery.js", "enlarge.js", "squares.js")
COMPARE = ("maps.css", "compare.css", "compare.js")
PROVENANCE = "provenance.json"  # what the overview says of runs, in full
FILTERS = (
    *(numbers.percent, numbers.interval, numbers.decimal, numbers.count, numbers.amount),
    *(numbers.significant, numbers.duration, numbers.plural, numbers.printable, numbers.short),
    *(numbers.listing, numbers.known, charts.look),
)


@dataclass(frozen=True)
class Static:
    """The styles and scripts, put into every page, with the policy that allows only them.

    In the page and not beside it, because browsers disagree on whether a file opened from disk
    may load its neighbours under a policy; pictures may come from the site's folder.
    """

    style: Markup
    script: Markup
    policy: str


def static(*more: str, pictures: str = "'self' data:") -> Static:
    """Read the site's own styles and scripts and make the Content-Security-Policy for them.

    Args:
        more: style sheets (.css) and scripts (.js) of `static/` that a page needs beside the
            site's, in their order.
        pictures: where pictures may come from, as the policy says it.
    """
    style, script = (
        "".join(
            (HERE / "static" / name).read_text(encoding="utf-8")
            for name in (*SITE, *more)
            if name.endswith(kind)
        )
        for kind in (".css", ".js")
    )
    policy = (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; "
        f"img-src {pictures}; base-uri 'none'; form-action 'none'"
    )
    # The site's own files, not data: the only text in any page that is not escaped.
    return Static(Markup(style), Markup(script), policy)


def environment() -> jinja2.Environment:
    """The templates: everything is escaped, and a name that does not exist is a bug."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {function.__name__: function for function in FILTERS}
    made.filters["file_name"] = file_name
    made.globals |= {"static": static(), "provenance": ""}
    return made


def build(study: Study, folder: Path) -> None:
    """Write the whole site to `folder`; an interrupted run leaves the earlier site as it was.

    Raises:
        UserError: `folder` exists and is not a folder.
        OSError: the place cannot be written to, or the disk is full.
    """
    replace(folder, lambda fresh: write_pages(study, fresh))


def replace(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a new folder and put it in `folder`'s place; interrupted, the earlier one stays.

    Raises:
        UserError: `folder` exists and is not a folder.
        OSError: the place cannot be written to, or the disk is full.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: expected a folder for the site; move this file away")
    fresh, former = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "old"))
    if former.exists() and not folder.exists():
        former.rename(folder)  # an earlier run was stopped between the two renames below
    for leftover in (fresh, former):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        fill(fresh)
        if folder.exists():
            folder.rename(former)
        fresh.rename(folder)
    except BaseException:
        if former.exists() and not folder.exists():
            former.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    shutil.rmtree(former, ignore_errors=True)


def write_pages(study: Study, folder: Path) -> None:
    """Write every page and picture into a new folder."""
    templates = environment()
    if study.provenance is not None:
        write_json(folder / PROVENANCE, study.provenance)
        templates.globals["provenance"] = PROVENANCE
    values = overview.context(study)
    _page(templates, folder / "index.html", "index.html", values | {"root": ""})
    whole = {"methods": ("trust.html", trust.context(study)),
             "claims": ("claims.html", claims.context(study, study.claims)),
             "guide": ("guide.html", guide.context(study, file_name))}  # fmt: skip
    for name, (template, content) in whole.items():
        _page(templates, folder / f"{name}.html", template, content | {"root": ""})
    for section in values["strips"]:
        name = f"strip-{file_name(section.name)}.png"
        write_bytes(folder / "images" / name, section.strip.sprite)
    of_cell = {"root": "../", "static": static(*CELL)}
    comparable = []
    for result in study.cells:
        values, pictures = cell.context(study, result)
        name = file_name(result.name)
        if values["gallery"] is not None:
            comparable.append(compare.compared(result, values["gallery"], name))
        for part, picture in pictures.items():
            write_bytes(folder / "images" / f"{name}{part}.png", picture)
        _page(templates, folder / "cells" / f"{name}.html", "cell.html", values | of_cell)
    values = compare.context(comparable) | {"palette": colours.palette()}
    values |= {"root": "", "static": static(*COMPARE)}
    _page(templates, folder / "compare.html", "compare.html", values)


def file_name(name: str) -> str:
    """A file name for a cell or dataset: its own where that is plain, else percent-encoded.

    The percent sign is replaced, so that the name is the same in a folder and in a link.
    """
    encoded = quote(name, safe="").replace("~", "%7E").replace("%", "~")
    return f"~2E{encoded[1:]}" if encoded.startswith(".") else encoded


def _page(
    templates: jinja2.Environment, path: Path, template: str, values: dict[str, object]
) -> None:
    write_text(path, templates.get_template(template).render(values))


def digest(content: str) -> str:
    """A style or script as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
