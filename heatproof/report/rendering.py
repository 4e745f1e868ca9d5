"""Templates, styles and scripts as every page has them, with the policy that allows only them."""

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from heatproof.report import navigation
from heatproof.report.charts.series import slot_classes
from heatproof.report.text import methods
from heatproof.report.text.measures import label
from heatproof.statistics import numbers
from heatproof.storage.folders import file_name

HERE = Path(__file__).parent
# What every page has.
SITE = (
    *("report.css", "navigation.css", "tables.css", "charts.css", "guide.css"),
    *("report.js", "navigation.js", "tables.js", "table_files.js"),
    *("charts.js", "chart_files.js", "fragment.js"),
)
FILTERS = (
    *(numbers.percent, numbers.interval, numbers.decimal, numbers.count, numbers.amount),
    *(numbers.significant, numbers.duration, numbers.plural, numbers.printable, numbers.short),
    *(numbers.listing, numbers.known, slot_classes, file_name),
    *(methods.beside, methods.number, label),
)


def static(
    *more: str, pictures: str = "'self' data:", connect: str = "", runs_networks: bool = False
) -> dict[str, str]:
    """Read the site's styles and scripts and make the Content-Security-Policy that allows them.

    They are in the page and not beside it, because browsers disagree on whether a file opened from
    disk may load its neighbours under a policy; pictures may come from the site's folder.

    Args:
        more: style sheets (.css) and scripts (.js) of `static/` that a page needs besides the
            site's, in their order.
        pictures: the policy's sources of pictures.
        connect: whom scripts may ask for something; nobody if left out.
        runs_networks: whether the page's scripts may load those of the site's folder, and start
            workers that they write themselves.
    """
    style, script = (
        "".join(asset(name) for name in (*SITE, *more) if name.endswith(kind))
        for kind in (".css", ".js")
    )
    # The site's own files, not data: the only text in any page that is not escaped.
    allowed = policy(style, [script], pictures, connect, runs_networks)
    return {"style": Markup(style), "script": Markup(script), "policy": allowed}


def asset(name: str) -> str:
    """Read a style sheet or script of `static/`, without what only its author reads.

    Comments that fill lines, and indentation: a tenth of it, which every page would have.
    """
    content = (HERE / "static" / name).read_text(encoding="utf-8")
    comment = r"^\s*//.*\n" if name.endswith(".js") else r"/\*.*?\*/\s*"
    content = re.sub(comment, "", content, flags=re.MULTILINE | re.DOTALL * name.endswith(".css"))
    return re.sub(r"^\s+", "", content, flags=re.MULTILINE)


def policy(
    style: str, scripts: list[str], pictures: str, connect: str = "", runs_networks: bool = False
) -> str:
    """Make the Content-Security-Policy that allows one style, some scripts, and pictures.

    connect: whom scripts may ask for something; nobody if left out. With `runs_networks` these
    scripts may load others and start workers, as no markup may: browsers that open a file compare
    no script beside it with a hash.
    """
    asked = f"connect-src {connect}; " if connect else ""
    more, workers = (" 'strict-dynamic'", "worker-src blob:; ") if runs_networks else ("", "")
    return (
        f"default-src 'none'; style-src {_digest(style)}; "
        f"script-src {' '.join(map(_digest, scripts))}{more}; {workers}"
        f"img-src {pictures}; {asked}base-uri 'none'; form-action 'none'"
    )


def headings(page: str, levels: str = "2") -> dict[str, str]:
    """The headings of a page, or of a part of it, by the ids of what they are over."""
    found = re.findall(rf'<h[{levels}] id="([^"]*?)(?:-title)?"[^>]*>(.*?)</h', page, re.DOTALL)
    return {id: html.unescape(re.sub("<.*?>", "", text)) for id, text in found}


def environment() -> jinja2.Environment:
    """Make the templates' environment: all values are escaped, an unknown name is an error."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {function.__name__: function for function in (*FILTERS, headings)}
    templates.globals |= {
        "static": static(),
        "provenance": "",
        "has_claims": True,
        "site_links": navigation.pages({f"{page}.html" for page in navigation.LABELS}),
        "networks": [],
        "playable": set(),
        "here": "",
        "method": methods.describe,
    }
    return templates


def page(templates: jinja2.Environment, template: str, values: dict[str, Any]) -> str:
    """Render a page, with links to its headings."""
    return navigation.linked_headings(templates.get_template(template).render(values))


def _digest(content: str) -> str:
    """A style or script as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
