"""Names in matplotlib's figures: in any script for which a font is installed, as they are written.

For a letter that its font lacks, matplotlib draws a box and warns in each figure. Here another
installed font is looked for; a class in letters that none of them has is called by its number,
counted from 0 in the report's order of classes.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIRST = "DejaVu Sans"  # which matplotlib brings
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def drawable(names: Iterable[str]) -> list[str]:
    """Return the classes' names, and "class 3" for one that no installed font can show."""
    listed = [str(name) for name in names]
    missing = _fonts_for(frozenset("".join(listed)))[1]
    return [
        f"class {number}" if missing.intersection(name) else name
        for number, name in enumerate(listed)
    ]


def legible(figure: "Figure") -> "Figure":
    """Let a finished figure show all its texts as they are, and return it.

    A dollar sign in a name starts no formula. A letter that no installed font has is �.
    """
    from matplotlib.text import Text

    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    fonts, missing = _fonts_for(frozenset("".join(text.get_text() for text in texts)))
    for text in texts:
        text.set_parse_math(False)
        if fonts:
            text.set_fontfamily([FIRST, *fonts])
        if missing.intersection(text.get_text()):
            text.set_text("".join(_UNKNOWN if c in missing else c for c in text.get_text()))
    return figure


@lru_cache(maxsize=64)
def _fonts_for(letters: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Return the fonts needed beside the first for some letters, and the letters none has."""
    # Not at the top: where its list of fonts is yet to be made, this takes seconds and prints.
    from matplotlib import font_manager, get_data_path

    missing = {letter for letter in letters if not letter.isspace()} - _letters_of(
        font_manager.findfont(FIRST)
    )
    fonts = []
    if missing:
        for path, family in sorted({(e.fname, e.name) for e in font_manager.fontManager.ttflist}):
            # Matplotlib's other fonts have symbols in letters' places, and boxes for all letters.
            if not path.startswith(get_data_path()) and missing & _letters_of(path):
                usual = font_manager.findfont(font_manager.FontProperties(family=[family]))
                missing -= _letters_of(usual)
                fonts.append(family)
    return fonts, frozenset(missing)


@cache
def _letters_of(path: str) -> frozenset[str]:
    from matplotlib import font_manager

    try:
        return frozenset(map(chr, font_manager.get_font(path).get_charmap()))
    except (OSError, RuntimeError):  # a damaged font
        return frozenset()
