"""The colour maps that a reader may choose, as lookup tables for the browser.

Maps are levels of grey in a sprite; an SVG filter (feComponentTransfer) colours them. So one
picture works with every colour map, also without scripts, and although a page opened from disk may
not read its pictures' pixels.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps

from heatproof.attribution import registry
from heatproof.report.charts import sprites

STEP = 3  # levels between two entries of a table, which the browser interpolates


@dataclass(frozen=True)
class ColourMap:
    """A colour map; `red`, `green` and `blue` are the table values of its filter.

    `offered`: readers can choose it for all maps; the others are colours of single methods.
    """

    name: str
    label: str
    signed: bool
    offered: bool
    red: str
    green: str
    blue: str


# matplotlib's names, all perceptually uniform, and diverging ones with a light and even middle.
UNSIGNED = {"viridis": "viridis", "magma": "magma", "cividis": "cividis", "gray": "grey"}
SIGNED = {"RdBu_r": "blue to red", "PuOr_r": "purple to orange"}


def palette() -> tuple[ColourMap, ...]:
    """All colour maps of the pages, those for unsigned maps first."""
    of_methods = {method.colours for method in registry.methods().values()} - set(UNSIGNED)
    return (
        *(_colour_map(name, label, False) for name, label in UNSIGNED.items()),
        *(_colour_map(name, name, False, offered=False) for name in sorted(of_methods)),
        *(_colour_map(name, label, True) for name, label in SIGNED.items()),
    )


def table(name: str, signed: bool) -> np.ndarray:
    """A colour map at every `STEP`th level, as `sprites.levels` makes them.

    Returns:
        uint8 (entries, 3); the first is of level 0, the last of level 255.
    """
    steps = np.arange(0, 256, STEP, dtype=np.float64)
    middle = sprites.ZERO_LEVEL
    scaled = 0.5 + (steps - middle) / (2 * (255 - middle)) if signed else steps / 255
    return colormaps[name](np.clip(scaled, 0, 1), bytes=True)[:, :3]


def _colour_map(name: str, label: str, signed: bool, offered: bool = True) -> ColourMap:
    values = table(name, signed) / 255
    red, green, blue = (" ".join(_brief(v) for v in channel) for channel in values.T)
    return ColourMap(name, label, signed, offered, red, green, blue)


def _brief(share: float) -> str:
    """A share in three decimals, enough for 256 levels, without needless zeros."""
    return f"{share:.3f}".rstrip("0").rstrip(".").removeprefix("0") or "0"
