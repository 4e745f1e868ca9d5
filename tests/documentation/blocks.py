"""The code blocks of README and docs/, as a reader sees them."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.scratch import ROOT

# Above a block that cannot be checked here: why.
MARK = re.compile(r"<!-- not checked: (.+?) -->\s*$")
_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block. reason: why it is not checked, "" where it is."""

    page: str
    line: int
    language: str
    text: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Return README and all pages of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(*languages: str) -> list[Block]:
    """Return all blocks in these languages, or in any, in the order in which they are read."""
    found = [each for page in pages() for each in of_page(page)]
    return [each for each in found if not languages or each.language in languages]


def of_page(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page."""
    content = page.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(content):
        before = content[: fence.start()]
        mark = MARK.search(before)
        yield Block(
            page.relative_to(ROOT).as_posix(),
            before.count("\n") + 1,
            fence[2].strip(),
            textwrap.dedent(fence[3]),
            mark[1] if mark else "",
        )


def inline_code() -> Iterator[tuple[str, str]]:
    """Yield what stands between backticks within the text, with its page."""
    for page in pages():
        prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
        for code in _INLINE.findall(prose):
            yield page.relative_to(ROOT).as_posix(), code
