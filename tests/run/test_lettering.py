"""Class names in figures, in scripts for which there is a font and in others."""

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from heatproof.evaluation import figures
from heatproof.run import lettering

CAT = "\U0010fff0"  # of private use: no font has it
NAMES = (f"{CAT}s", CAT, "قطة", "$x$", "café\nnoir")


def write_font(path: Path, letter: str) -> Path:
    """A font of one letter, a triangle."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((500, 0))
    pen.lineTo((250, 700))
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "letter"])
    builder.setupCharacterMap({ord(letter): "letter"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "letter": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (600, 0), "letter": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Triangle", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def drawn_quietly(names: tuple[str, ...]) -> list[str]:
    """Draw a confusion matrix; return what stands at its axis."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = figures.confusion(np.eye(len(names), dtype=int), names)
        figure.savefig(io.BytesIO())
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def test_what_no_font_has_is_called_by_its_number() -> None:
    assert lettering.drawable(NAMES) == ["class 0", "class 1", *NAMES[2:]]
    assert drawn_quietly(NAMES)[:4] == ["class 0", "class 1", "قطة", "$x$"]


def test_an_installed_font_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = list(font_manager.fontManager.ttflist)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    font_manager.fontManager.addfont(write_font(tmp_path / "triangle.ttf", CAT))
    lettering._fonts_for.cache_clear()
    assert lettering.drawable(NAMES)[1] == CAT
    assert drawn_quietly(NAMES)[1] == CAT
    lettering._fonts_for.cache_clear()
