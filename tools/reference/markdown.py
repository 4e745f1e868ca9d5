"""Markdown from plain text: nothing that a record says is taken for markup."""

import re
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|$~^])")
# What stays as it is, and what becomes a link: code, addresses, papers by their number.
_KEPT = re.compile(r"`[^`]+`|https?://[^\s);]*[^\s);.:,]|arXiv:\d+\.\d+|doi:10\.[^\s;]*[^\s;.,]")
_ADDRESSES = {"arXiv:": "https://arxiv.org/abs/", "doi:": "https://doi.org/"}


def text(plain: str) -> str:
    """Return text that reads the same as Markdown, with code between backticks and with links."""
    parts, end = [], 0
    for kept in _KEPT.finditer(plain):
        parts += [_MARKUP.sub(r"\\\1", plain[end : kept.start()]), _linked(kept[0])]
        end = kept.end()
    return "".join(parts) + _MARKUP.sub(r"\\\1", plain[end:])


def _linked(kept: str) -> str:
    for prefix, site in _ADDRESSES.items():
        if kept.startswith(prefix):
            return f"[{kept}]({site}{kept.removeprefix(prefix)})"
    return kept if kept.startswith("`") else f"<{kept}>"


def sentence(words: str) -> str:
    """Return words with a capital first, and a full stop where there is no end."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?")) else ".")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already; an empty one where there are no rows."""
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines]) + "\n"


def anchor(title: str) -> str:
    """Return a heading's anchor: its letters and digits, with hyphens between."""
    return "-".join(re.findall(r"\w+", title.lower()))
