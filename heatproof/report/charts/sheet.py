"""Pictures with titles as one PNG: for notebooks, and beside the page on photos."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heatproof.report.charts import sprites
from heatproof.report.text import methods
from heatproof.statistics import numbers

OPACITY = 0.55  # of a coarse map over its image, as on the pages
INCHES = 1.75  # width and height of a picture
TITLE = 26  # letters per line of a title, which has up to two


@dataclass(frozen=True)
class Shown:
    """One picture: uint8 (height, width, 3), a title above and a note below it."""

    pixels: np.ndarray
    title: str
    note: str = ""


class Picture:
    """A PNG that a notebook displays."""

    def __init__(self, png: bytes) -> None:
        self.png = png

    def _repr_png_(self) -> bytes:
        return self.png


def image(pixels: np.ndarray, title: str, note: str = "") -> Shown:
    """An image in its own colours, as `sprites.to_rgb` takes it."""
    return Shown(sprites.to_rgb(pixels), title, note)


def heatmap(
    values: np.ndarray,
    method: str,
    *,
    over: np.ndarray | None = None,
    signed: bool | None = None,
    own: dict[str, float] | None = None,
    title: str = "",
) -> Shown:
    """A method's map coloured as on the pages, with its range below.

    Args:
        values: float (height, width), raw.
        method: its name, which decides the colours and whether it is shown over the image.
        over: uint8 (height, width, channels), the image.
        signed: whether the method gives negative values; by default, whether this map does.
        own: name -> number, the method's own error on this map.
        title: by default the method's label.
    """
    described = methods.describe(method)
    signed = sprites.is_signed(values) if signed is None else signed
    heat = sprites.colour(values, method, signed)
    if described.overlay and over is not None:
        grey = over.mean(axis=-1, keepdims=True)
        heat = np.rint(OPACITY * heat + (1 - OPACITY) * grey).astype(np.uint8)
    note = sprites.defect(values) or value_range(values, signed)
    note = ", ".join(filter(None, [note, methods.beside(own or {})]))
    return Shown(heat, title or described.label, note)


def value_range(values: np.ndarray, signed: bool) -> str:
    """The range that a map's colours cover, such as `0 to 2.31`."""
    peak = numbers.significant(sprites.peak(values), 3)
    return f"{numbers.MINUS}{peak} to {peak}" if signed else f"0 to {peak}"


def picture(
    rows: Sequence[Sequence[Shown]], columns: int = 6, titles: Sequence[str] = ()
) -> Picture:
    """Lay pictures out in rows of at most `columns`.

    Args:
        rows: groups of pictures; each starts on a new line.
        columns: pictures per line.
        titles: one line above each group, or none.
    """
    from matplotlib.figure import Figure

    from heatproof.run.lettering import legible

    lines: list[tuple[str, Sequence[Shown]]] = []
    for index, row in enumerate(rows):
        for start in range(0, len(row), columns):
            title = titles[index] if titles and start == 0 else ""
            lines.append((title, row[start : start + columns]))
    width = max((len(line) for _, line in lines), default=1)
    heights = [INCHES + 0.6 + (0.4 if title else 0) for title, _ in lines]
    figure = Figure(figsize=(INCHES * 1.08 * width, sum(heights)), dpi=100, facecolor="white")
    below = sum(heights)
    for (title, line), height in zip(lines, heights, strict=True):
        top = below
        below -= height
        if title:
            place = (0.005, 1 - (sum(heights) - top + 0.22) / sum(heights))
            figure.text(*place, numbers.short(title, 26 * width), fontsize=11, weight="bold")
        for column, shown in enumerate(line):
            corner = ((column + 0.04) / width, (below + 0.24) / sum(heights))
            size = (0.92 / width, INCHES / sum(heights))
            axes = figure.add_axes((*corner, *size))
            axes.imshow(shown.pixels, interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(_two_lines(shown.title), fontsize=8, pad=3, linespacing=1.05)
            if shown.note:
                axes.text(
                    0.5, -0.03, numbers.short(shown.note, 34), fontsize=7.5, color="#5a6270",
                    transform=axes.transAxes, ha="center", va="top",
                )  # fmt: skip
    buffer = io.BytesIO()
    legible(figure).savefig(buffer, format="png", metadata={"Software": None})
    return Picture(buffer.getvalue())


def _two_lines(title: str) -> str:
    lines = textwrap.wrap(numbers.printable(title), TITLE) or [""]
    return "\n".join(
        lines if len(lines) <= 2 else [lines[0], numbers.short(lines[1], TITLE - 1) + "…"]
    )
