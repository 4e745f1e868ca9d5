"""The whole site in one HTML file: for sending by mail, and for keeping."""

import re
from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup

from heatproof.report import rendering
from heatproof.report.embedded import Pictures
from heatproof.report.merging import Part
from heatproof.run.errors import UserError

# Elements that are another one in the document, where a style sheet asks for them by their tag.
RENAMED = (
    (re.compile(r"(?<=[\s,>+~}])image(?=[\s,{.:\[)>+~])"), ":is(image, use)"),
    (re.compile(r"(?<=[\s,>+~}])img(?=[\s,{.:\[)>+~])"), ":is(img, .img)"),
)


def merge(folder: Path) -> str:
    """Put every page of the site in `folder` into one document.

    Without scripts the pages stand below each other; with them one is shown at a time. The same
    site gives the same text.

    Raises:
        UserError: there is no site, or a picture that a page shows is missing.
    """
    if not (folder / "index.html").is_file():
        raise UserError(
            f"{folder / 'index.html'}: there is no such file: make the report first with `make "
            "repro` or `dvc repro report`; the demo's is in demo/reports"
        )
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    pages, pictures = frozenset(paths), Pictures(folder)
    parts = {
        path: Part(path, (folder / path).read_text(encoding="utf-8"), pages, pictures)
        for path in paths
    }
    order = list(dict.fromkeys(("index.html", *parts["index.html"].links, *paths)))
    return _document([parts[path] for path in order], pictures)


def _document(parts: list[Part], pictures: Pictures) -> str:
    styles = map(_renamed, _distinct(p.styles for p in parts))
    style = "".join((*styles, rendering.asset("single.css")))
    # A document of its own has no folder that networks could be read from.
    running = [part for part in parts if part.key != "playground"]
    scripts = [*_distinct(p.scripts for p in running), rendering.asset("single.js")]
    shared = {name: each for part in parts for name, each in part.shared.items()}
    values = {
        "policy": rendering.policy(style, scripts, "data:"),
        # Escaped already: they are what the site's own templates made.
        "style": Markup(style),
        "scripts": [Markup(script) for script in scripts],
        "pages": [(p.key, p.title, *(Markup(p.parts.get(n, "")) for n in ("nav", "main")))
                  for p in parts],
        "foot": Markup(parts[0].parts.get("footer", "")),
        "pictures": pictures.all(),
        "shared": [Markup(each) for each in shared.values()],
    }  # fmt: skip
    return rendering.environment().get_template("single.html").render(values)


def _distinct(texts: Iterable[list[str]]) -> list[str]:
    """Each text once; of one that begins with another, such as the site's style, only the rest."""
    distinct: list[str] = []
    every = sorted({text: None for each in texts for text in each}, key=len)
    for text in every:
        known = max((f for f in every if f != text and text.startswith(f)), key=len, default="")
        distinct.append(text.removeprefix(known))
    return distinct


def _renamed(style: str) -> str:
    for tag, both in RENAMED:
        style = tag.sub(both, style)
    return style
