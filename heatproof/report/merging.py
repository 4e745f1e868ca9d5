"""One page of the site as a part of a document that holds them all.

Ids and references to them are prefixed with the page's name; links to other pages become links
within the document; pictures become references to pictures that the document holds once.

The pages are the site's own, so tags are found by a pattern: attributes are quoted, and text and
values are escaped. For a page's script to work in both, it sets up every element of its kind, finds
others by class or by an id that an attribute names (`href`, `for`, `aria-controls`,
`data-...="#id"`), and draws by cloning or moving what the page drew (`image` is `use` here).
"""

import html
import json
import posixpath
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from heatproof.report.embedded import TYPES, Pictures

TAG = re.compile(r"<(/?)([a-z]\w*)((?:\s+[^\s=<>\"/]+(?:=\"[^\"]*\")?)*)\s*(/?)>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"([^\s=<>\"/]+)(?:=\"([^\"]*)\")?")
DATA = re.compile(r"(<script type=\"application/json\"[^>]*>)(.*?)</script>", re.DOTALL)
# A page's parts, the first of each.
PARTS = {name: re.compile(rf"<{name}\b[^>]*>(.*?)</{name}>", re.DOTALL) for name in
         ("title", "nav", "main", "footer")}  # fmt: skip
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# Definitions that are the same on every page, such as the filters that colour maps: style sheets
# refer to their ids, so these stay, and the document has them once, outside of its pages.
SHARED = re.compile(r'<svg[^>]*\sdata-shared="([^"]*)"[^>]*>.*?</svg>', re.DOTALL)
PAINT = re.compile(r"url\(#([^)]+)\)")
# Attributes that name other elements by their ids, one or several.
REFERENCES = frozenset(
    ("for", "headers", "form", "aria-labelledby", "aria-describedby", "aria-controls")
)

Attributes = dict[str, str | None]


def key(path: str) -> str:
    """A page's name in the document: `cells/a.html` is `cells.a`."""
    return path.removesuffix(".html").replace("/", ".")


class Part:
    """A page in the document: its key, its title, its parts as HTML, its styles and scripts.

    shared: name -> an <svg> of definitions that other pages have too. links: to other pages.
    """

    def __init__(self, path: str, content: str, pages: frozenset[str], pictures: Pictures) -> None:
        """Rewrite a page.

        Args:
            path: of the page in the site, such as `cells/a.html`.
            content: its HTML.
            pages: the paths of all pages.
            pictures: the site's.

        Raises:
            UserError: a picture that it shows does not exist.
        """
        self.key, self.links = key(path), list[str]()
        self.shared = {match[1]: match[0] for match in SHARED.finditer(content)}
        self.styles, self.scripts = STYLE.findall(content), SCRIPT.findall(content)
        content = SHARED.sub("", content)
        self._path, self._pages, self._pictures = path, pages, pictures
        self._ids = frozenset(re.findall(r'\sid="([^"]*)"', content))
        found = {name: pattern.search(content) for name, pattern in PARTS.items()}
        texts = {name: match[1] if match else "" for name, match in found.items()}
        self.title = html.unescape(texts.pop("title"))
        self.parts = {name: self._rewritten(text) for name, text in texts.items()}

    def _rewritten(self, text: str) -> str:
        """Rewrite the tags and the data for scripts of a part of the page."""
        pieces = DATA.split(text)  # text, a script's tag, its data, text ...
        for i in range(0, len(pieces), 3):
            pieces[i] = TAG.sub(self._tag, pieces[i])
        for i in range(1, len(pieces), 3):
            pieces[i] = TAG.sub(self._tag, pieces[i])
            pieces[i + 1] = f"{self._data(pieces[i + 1])}</script>"
        return "".join(pieces)

    def _tag(self, match: re.Match[str]) -> str:
        closing, tag, text, end = match.groups()
        name = {"image": "use"}.get(tag, tag)
        if closing:
            return f"</{name}>"
        before: Attributes = {
            name: None if value is None else html.unescape(value)
            for name, value in (each.groups() for each in ATTRIBUTE.finditer(text))
        }
        if tag == "img":
            return self._picture(before)
        after = self._attributes(tag, before)
        return match[0] if (name, after) == (tag, before) else _written(name, after, f"{end}>")

    def _attributes(self, tag: str, before: Attributes) -> Attributes:
        after: Attributes = {}
        # Of these, a name is that of a group, which belongs to its page.
        grouped = tag == "details" or before.get("type") == "radio"
        for name, value in before.items():
            new = value and (
                self._own(value) if grouped and name == "name" else self._value(name, value)
            )
            if new is not None or value is None:
                after[name] = new
            if tag == "a" and name == "href" and new != value and (new or "").startswith("data:"):
                # Browsers save such an address, and do not open it.
                after["download"] = posixpath.basename(value or "")
        if re.fullmatch("h[1-5]", tag) and "aria-level" not in before:
            after["aria-level"] = str(int(tag[1]) + 1)  # below the document's own heading
        return after

    def _value(self, name: str, value: str) -> str | None:
        """An attribute's value in the document; None where it has no target there."""
        if name == "id":
            return self._own(value)
        if name in REFERENCES:
            return " ".join(map(self._own, value.split()))
        if name == "href":
            return self._address(value)
        if name.startswith("data-") and value[0] == "#" and value[1:] in self._ids:
            return f"#{self._own(value[1:])}"
        return PAINT.sub(
            lambda match: f"url(#{self._own(match[1])})" if match[1] in self._ids else match[0],
            value,
        )

    def _own(self, name: str) -> str:
        return f"{self.key}:{name}"

    def _address(self, value: str) -> str | None:
        parts = urlsplit(value)
        if parts.scheme or parts.netloc:
            return value
        path = self._resolved(parts.path)
        if path in self._pages:
            self.links.append(path)
            return f"#{key(path)}{':' + parts.fragment if parts.fragment else ''}"
        if posixpath.splitext(path)[1] in TYPES:
            return f"#{self._pictures.take(path).id}"
        return self._pictures.embedded(path)

    def _resolved(self, path: str) -> str:
        folder = posixpath.dirname(self._path)
        return posixpath.normpath(posixpath.join(folder, unquote(path))) if path else self._path

    def _picture(self, img: Attributes) -> str:
        """An <img> as an <svg>, which can refer to a picture elsewhere in the document."""
        picture = self._pictures.take(self._resolved(img.get("src") or ""))
        size: Attributes = {"width": str(picture.width), "height": str(picture.height)}
        svg = size | {n: v for n, v in img.items() if n in ("id", "class", "width", "height")}
        if svg.get("id"):
            svg["id"] = self._own(svg["id"] or "")
        svg["class"] = f"{svg.get('class') or ''} img".strip()
        svg["viewBox"] = f"0 0 {picture.width} {picture.height}"
        alt = img.get("alt")
        svg |= {"role": "img", "aria-label": alt} if alt else {"aria-hidden": "true"}
        use = _written("use", {"href": f"#{picture.id}"} | size, "/>")
        return f"{_written('svg', svg, '>')}{use}</svg>"

    def _data(self, text: str) -> str:
        """Data for a script, with addresses of pictures and pages as they are in the document."""
        content = self._walked(json.loads(text))
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
    written = (f" {n}" if v is None else f' {n}="{html.escape(v)}"' for n, v in attributes.items())
    return f"<{tag}{''.join(written)}{end}"
