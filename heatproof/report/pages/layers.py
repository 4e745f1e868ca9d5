"""The page on what each layer of a cell's network keeps of images, and of their style."""

from typing import Any

from heatproof.config.params import Params
from heatproof.report.cell_results import CellResults
from heatproof.report.sections import layers_section
from heatproof.storage.folders import file_name


def context(params: Params, result: CellResults) -> tuple[dict[str, Any], bytes | None]:
    """The values of the page's template, and its pictures as one PNG; None without any."""
    metrics = result.inversion
    values: dict[str, Any] = {"result": result, "metrics": metrics, "shown": None, "params": params}
    if "layers" not in metrics:
        return values, None
    shown = layers_section.layers(metrics, result.inversion_arrays())
    values |= {
        "shown": shown,
        "sheet": f"../images/{file_name(result.name)}-layers.png",
        "finding": layers_section.finding(metrics),
        "style_finding": layers_section.style_finding(metrics["style"]),
        "missed": layers_section.missed(metrics),
    }
    return values, shown.sprite.png()
