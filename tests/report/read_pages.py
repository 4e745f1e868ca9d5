"""Pages read as a browser would read them: links, ids, pictures, text and table cells."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

BLOCKS = ("td", "th", "dt", "dd", "p", "li", "h1", "h2", "h3", "figcaption", "caption", "summary")


@dataclass
class Page:
    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.page.tags.append(tag)
        self.page.attributes += found.items()
        self._silent += tag in ("style", "script")
        if "id" in found:
            self.page.ids.append(found["id"])
        if tag == "a":
            self.page.links.append(found["href"])
        if tag in ("img", "image"):
            self.page.pictures.append(found.get("src") or found["href"])
        if tag in ("h1", "h2", "h3", "h4"):
            self.page.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")
        self.page.text += " " if tag in BLOCKS else ""

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.page.text += data


def read(path: Path) -> Page:
    """Parse a page's file."""
    return parse(path.read_text(encoding="utf-8"))


def parse(html: str) -> Page:
    """Parse a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.page.text = " ".join(reader.page.text.split())
    return reader.page


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its relative path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
