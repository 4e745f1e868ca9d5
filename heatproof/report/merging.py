"""One page of the site as a part of a document that holds them all.

Ids, and everything that refers to one, get the page's name in front; links to other pages become
links within the document; pictures become references to pictures that the document holds once.

So that a page's own script works in both, it sets up every element of its kind and not the first,
searches from that element, finds others by class or by an id that an attribute names (`href`,
`for`, `aria-controls`, `data-...="#id"`), never by one of its own, and draws by cloning or moving
what the page drew, never by a tag (`image` is `use` here) or by putting addresses together.
"""

import html
import json
import posixpath
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

from heatproof.report.embedded import TYPES, Pictures

# Attributes that name other elements by their ids, one or several.
REFERENCES = frozenset((
    "for", "headers", "list", "form", "popovertarget", "itemref", "aria-labelledby",
    "aria-describedby", "aria-controls", "aria-owns", "aria-details", "aria-flowto",
    "aria-errormessage", "aria-activedescendant",
))  # fmt: skip
TAKEN = ("nav", "main", "footer")  # the first of each is the page's own
HEADING = re.compile(r"h[1-5]")
PAINT = re.compile(r"url\(#([^)]+)\)")
# Definitions that are the same on every page, such as the filters that colour maps: style sheets
# name them by their ids, so these stay, and the document has them once, outside of its pages.
SHARED = re.compile(r'<svg[^>]*\sdata-shared="([^"]*)"[^>]*>.*?</svg>', re.DOTALL)

Attributes = list[tuple[str, str | None]]


@dataclass
class Part:
    """What a page gives to the document: its title, its parts as HTML, its styles and scripts.

    shared: name -> an <svg> of definitions that other pages have too.
    """

    key: str
    title: str = ""
    shared: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    styles: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def key(path: str) -> str:
    """A page's name in the document: `cells/a.html` is `cells.a`."""
    return path.removesuffix(".html").replace("/", ".")


def part(path: str, content: str, pages: frozenset[str], pictures: Pictures) -> Part:
    """Take a page apart.

    Args:
        path: of the page in the site, such as `cells/a.html`.
        content: its HTML.
        pages: the paths of all pages.
        pictures: the site's.

    Raises:
        UserError: a picture that it shows is not there.
    """
    shared = {found[1]: found[0] for found in SHARED.finditer(content)}
    content = SHARED.sub("", content)
    ids = frozenset(re.findall(r'\sid="([^"]*)"', content))
    reader = _Reader(path, ids, pages, pictures)
    reader.feed(content)
    reader.close()
    made = reader.finished()
    made.shared = shared
    return made


class _Reader(HTMLParser):
    def __init__(
        self, path: str, ids: frozenset[str], pages: frozenset[str], pictures: Pictures
    ) -> None:
        super().__init__(convert_charrefs=False)
        self._path, self._ids, self._pages, self._pictures = path, ids, pages, pictures
        self._part = Part(key(path))
        self._into: list[str] | None = None
        self._taken: dict[str, list[str]] = {}
        self._within, self._depth = "", 0
        self._raw: list[str] | None = None  # what stands in a style, a script or the title
        self._data_block = False

    def finished(self) -> Part:
        self._part.parts = {name: "".join(text) for name, text in self._taken.items()}
        return self._part

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self._start(tag, attrs, ">")

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self._start(tag, attrs, "/>")

    def handle_endtag(self, tag: str) -> None:
        if self._raw is not None and tag in ("style", "script", "title"):
            self._close_raw(tag)
            return
        if self._into is None:
            return
        if tag == self._within:
            self._depth -= 1
            if self._depth == 0:
                self._into = None
                return
        if tag != "img":
            self._into.append(f"</{'use' if tag == 'image' else tag}>")

    def handle_data(self, data: str) -> None:
        self._text(data)

    def handle_entityref(self, name: str) -> None:
        self._text(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._text(f"&#{name};")

    def _text(self, text: str) -> None:
        if self._raw is not None:
            self._raw.append(text)
        elif self._into is not None:
            self._into.append(text)

    def _start(self, tag: str, attrs: Attributes, end: str) -> None:
        if tag in ("style", "script") or (tag == "title" and self._into is None):
            self._raw = []
            kind = dict(attrs).get("type") or "text/javascript"
            self._data_block = tag == "script" and "javascript" not in kind and kind != "module"
            if self._data_block and self._into is not None:
                self._into.append(_written(tag, self._rewritten(tag, attrs), ">"))
            return
        if self._into is None:
            if tag in TAKEN and tag not in self._taken:
                self._into = self._taken[tag] = []
                self._within, self._depth = tag, 1
            return
        self._depth += tag == self._within
        changed = self._rewritten(tag, attrs)
        if tag == "img":
            self._into.append(self._drawn(dict(attrs)))
        elif tag == "image":
            self._into.append(_written("use", changed, end))
        elif changed == attrs:
            self._into.append(self.get_starttag_text() or "")
        else:
            self._into.append(_written(tag, changed, end))

    def _close_raw(self, tag: str) -> None:
        text, self._raw = "".join(self._raw or ()), None
        if tag == "title":
            self._part.title = self._part.title or html.unescape(text)
        elif tag == "style":
            self._part.styles.append(text)
        elif not self._data_block:
            self._part.scripts.append(text)
        elif self._into is not None:
            self._into.append(f"{self._data(text)}</script>")

    def _rewritten(self, tag: str, attrs: Attributes) -> Attributes:
        found: Attributes = []
        grouped = tag == "details" or (tag == "input" and dict(attrs).get("type") == "radio")
        for name, value in attrs:
            if grouped and name == "name" and value:  # one group a page
                found.append((name, self._own(value)))
                continue
            new = value if value is None else self._attribute(name, value)
            if new is not None or value is None:
                found.append((name, new))
            if tag == "a" and name == "href" and new != value and (new or "").startswith("data:"):
                # Browsers save such an address, and do not open it.
                found.append(("download", posixpath.basename(value or "")))
        if HEADING.fullmatch(tag) and "aria-level" not in dict(attrs):
            # The document has a heading of its own above the pages'.
            found.append(("aria-level", str(int(tag[1]) + 1)))
        return found

    def _attribute(self, name: str, value: str) -> str | None:
        """An attribute's value in the document; None where it leads nowhere there."""
        if name == "id":
            return self._own(value)
        if name in REFERENCES:
            return " ".join(self._own(each) for each in value.split())
        if name in ("href", "xlink:href"):
            return self._address(value)
        if name.startswith("data-") and value[:1] == "#" and value[1:] in self._ids:
            return f"#{self._own(value[1:])}"
        return PAINT.sub(
            lambda found: f"url(#{self._own(found[1])})" if found[1] in self._ids else found[0],
            value,
        )

    def _own(self, name: str) -> str:
        return f"{self._part.key}:{name}"

    def _address(self, value: str) -> str | None:
        parts = urlsplit(value)
        if parts.scheme or parts.netloc:
            return value
        path = self._resolved(parts.path)
        if path in self._pages:
            self._part.links.append(path)
            return f"#{key(path)}{':' + parts.fragment if parts.fragment else ''}"
        if posixpath.splitext(path)[1] in TYPES:
            return f"#{self._pictures.take(path).id}"
        return self._pictures.embedded(path)

    def _resolved(self, path: str) -> str:
        here = posixpath.dirname(self._path)
        return posixpath.normpath(posixpath.join(here, unquote(path))) if path else self._path

    def _drawn(self, attributes: dict[str, str | None]) -> str:
        """An <img> as an <svg>, which can refer to a picture that stands elsewhere."""
        shown = self._pictures.take(self._resolved(attributes.get("src") or ""))
        size = {"width": str(shown.width), "height": str(shown.height)}
        alt = attributes.get("alt")
        kept = {n: v for n, v in attributes.items() if n in ("id", "class", "width", "height")}
        if kept.get("id"):
            kept["id"] = self._own(kept["id"] or "")
        svg = size | kept
        svg["class"] = f"{svg.get('class') or ''} img".strip()
        svg["viewbox"] = f"0 0 {shown.width} {shown.height}"
        svg |= {"role": "img", "aria-label": alt} if alt else {"aria-hidden": "true"}
        used = _written("use", [("href", f"#{shown.id}"), *size.items()], "/>")
        return f"{_written('svg', list(svg.items()), '>')}{used}</svg>"

    def _data(self, text: str) -> str:
        """Data for a script, with addresses of pictures and pages as they are in the document."""
        try:
            content = self._walked(json.loads(text))
        except ValueError:
            return text
        written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return written.replace("<", "\\u003c")

    def _walked(self, content: Any) -> Any:
        if isinstance(content, dict):
            return {name: self._walked(value) for name, value in content.items()}
        if isinstance(content, list):
            return [self._walked(value) for value in content]
        if isinstance(content, str) and content:
            if content[0] == "#" and content[1:] in self._ids:
                return f"#{self._own(content[1:])}"
            path = self._resolved(content.partition("#")[0])
            if content[0] != "#" and (path in self._pages or path in self._pictures):
                return self._address(content)
        return content


def _written(tag: str, attributes: Attributes, end: str) -> str:
    told = (f" {n}" if v is None else f' {n}="{html.escape(v)}"' for n, v in attributes)
    return f"<{tag}{''.join(told)}{end}"
