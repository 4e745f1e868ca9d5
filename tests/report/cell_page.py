"""A cell's page, rendered from what a study's folder holds."""

from typing import Any

from heatproof.config.params import Params
from heatproof.report import rendering, study
from heatproof.report.pages import cell
from tests.report import read_pages


def page(params: Params, name: str) -> tuple[str, Any, dict[str, bytes]]:
    """Return a cell's page as HTML, as it is read, and its pictures by name."""
    collected = study.collect(params)
    result = next(each for each in collected.cells if each.name == name)
    values, files = cell.context(collected, result)
    html = rendering.environment().get_template("cell.html").render(values | {"root": "../"})
    return html, read_pages.parse(html), files
