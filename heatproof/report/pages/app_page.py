"""The page of `heatproof app`: a picture is chosen, and explained by the server behind it.

What comes back is the page of `image_page`, whose content is shown below the form and which can be
saved as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heatproof.config.params import Cell
from heatproof.report import rendering
from heatproof.report.charts import colours


@dataclass(frozen=True)
class Offer:
    """What the page offers.

    networks: trained cells by name. first: the study's first cell, saved: whether its network is
    opened from a file; for what to do where nothing is trained. problem: why the study cannot be
    read; empty where it can. demo: whether there is a trained demo. links: addresses of the
    report's pages and their names. megabytes: how large a picture's file may be, in MiB.
    """

    networks: Mapping[str, Cell] = field(default_factory=dict)
    first: str = ""
    saved: bool = False
    problem: str = ""
    demo: bool = False
    links: Mapping[str, str] = field(default_factory=dict)
    megabytes: int = 0


def page(offer: Offer) -> str:
    """Render the page as HTML."""
    values = {
        "static": rendering.static(
            "maps.css", "image.css", "app.css", "app.js", pictures="data: blob:", connect="'self'"
        ),
        "offer": offer,
        "palette": colours.palette(),
    }
    return rendering.page(rendering.environment(), "app.html", values)
