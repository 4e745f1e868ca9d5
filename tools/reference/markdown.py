"""Markdown from plain text: nothing that a record says is taken for markup."""

import re
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|$~^])")
_ADDRESS = re.compile(r"https?://[^\s),;]+[^\s),;.:]")


def text(plain: str) -> str:
    """Return text that reads the same as Markdown; code between backticks and addresses stay."""
    parts = re.split(r"(`[^`]+`|https?://[^\s),;]*[^\s),;.:])", plain)
    return "".join(
        part if number % 2 else _MARKUP.sub(r"\\\1", part) for number, part in enumerate(parts)
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already; an empty one where there are no rows."""
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines]) + "\n"


def anchor(title: str) -> str:
    """Return a heading's anchor: its letters and digits, with hyphens between."""
    return "-".join(re.findall(r"\w+", title.lower()))
