"""What becomes of the pages that MkDocs has rendered."""

import re
from collections.abc import Callable
from html import unescape

# As pymdownx.arithmatex marks them.
_EQUATION = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
# What a browser loads by itself; links are for the reader to follow.
_LOADED = re.compile(
    r'<(?:script|img|iframe|source|video)\b[^>]*\bsrc="(?:https?:)?//[^"]*"'
    r'|<link\b[^>]*\brel="(?:stylesheet|icon|preconnect|preload)"[^>]*\bhref="(?:https?:)?//[^"]*"'
    r'|<link\b[^>]*\bhref="(?:https?:)?//[^"]*"[^>]*\brel="(?:stylesheet|icon|preconnect|preload)"'
)
# What the theme leaves out for who does not see the page, or does not use a mouse.
_ACCESS = (
    ('data-md-component="search" role="dialog"', ' aria-label="Search"'),
    (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"',
        ' tabindex="0"',
    ),  # scrolls
)


def with_equations(html: str, convert: Callable[..., str]) -> str:
    """Return a page with its equations as MathML.

    Args:
        html: the page, with equations as pymdownx.arithmatex marks them.
        convert: (LaTeX, display="inline" or "block") -> MathML.
    """
    return _EQUATION.sub(
        lambda found: convert(unescape(found[3]), display="inline" if found[2] == "(" else "block"),
        html,
    )


def loaded_from_elsewhere(html: str) -> str:
    """Return what a page would ask the network for, "" where nothing."""
    found = _LOADED.search(html)
    return found[0] if found else ""


def accessible(html: str) -> str:
    """Return a page with the names and tab stops that the theme leaves out."""
    for place, attribute in _ACCESS:
        html = html.replace(place, place + attribute)
    return html
