"""The real params.yaml, shrunk: how tests and benches come by their parameters.

Starting from the real file means that they exercise what a user runs; an overlay says only what is
different.
"""

import json
from pathlib import Path
from typing import Any

from heatproof.config.yaml_file import read_yaml

PLACES = ("saved", "shuffled", "compared", "published", "corrupted", "concepts", "inversions",
          "influenced")  # fmt: skip


def read(path: Path) -> dict[str, Any]:
    """Read a YAML mapping. Raises UserError if it is missing, or not valid YAML."""
    return read_yaml(path)


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a mapping as YAML, each value as JSON, which takes a fiftieth of the time."""
    lines = (f"{key}: {json.dumps(value)}\n" for key, value in content.items())
    path.write_text("".join(lines), encoding="utf-8")


def overlaid(params: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Lay an overlay over parameters.

    Mappings are merged, anything else is replaced. `cells`, `runs`, and what names some of the
    cells (`PLACES`, `evaluate_on`), are replaced as a whole; entries there for no cell, and models
    and datasets that no cell uses, are left out, with the schedules of such datasets. Of derived
    cells those under `cells` are left, unless the overlay says which.
    """
    study = merged(params, overlay)
    cells = study["cells"] = overlay.get("cells", params["cells"])
    listed = {name: each for name, each in params.get("derived", {}).items() if name in cells}
    derived = study["derived"] = _derived(overlay.get("derived", listed), cells)
    # Searches are of networks as they are, whose options an overlay changes.
    study["members"], study["tune"] = overlay.get("members", {}), overlay.get("tune", {})
    untrained = {*overlay.get("saved", {}), *derived}
    study["runs"] = {name: cell for name, cell in cells.items() if name not in untrained} | {
        name: run
        for name, run in overlay.get("runs", params["runs"]).items()
        if f"{run['model']}-{run['dataset']}" in cells and name not in cells
    }
    for place in PLACES:
        entries = overlay.get(place, params.get(place, {}))
        study[place] = {k: v for k, v in entries.items() if k in cells}
    models = {cell["model"] for cell in (*cells.values(), *derived.values())}
    for name in models & study["models"].keys():
        way = study["models"][name]["network"].get("way", {})
        models = models | {each for each in way.values() if each in list(study["models"])}
    datasets = {cell["dataset"] for cell in cells.values()}
    pairs = overlay.get("evaluate_on", params.get("evaluate_on", {}))
    study["evaluate_on"] = {
        name: each
        for name, each in pairs.items()
        if f"{each['model']}-{each['dataset']}" in cells and each["domain"] in datasets
    }
    study["models"] = {k: v for k, v in study["models"].items() if k in models}
    study["datasets"] = {k: v for k, v in study["datasets"].items() if k in datasets}
    foreground = [name for name in study["assess"]["foreground"] if name in datasets]
    study["assess"] = {**study["assess"], "foreground": foreground}
    for name, model in study["models"].items():
        schedules = {
            budget: {k: v for k, v in rows.items() if k in {"default", *datasets}}
            for budget, rows in model.get("schedules", {}).items()
        }
        study["models"][name] = {**model, "schedules": schedules}
    return study


def _derived(entries: dict[str, Any], cells: dict[str, Any]) -> dict[str, Any]:
    """Return the derived cells whose origins are there."""
    kept: dict[str, Any] = {}
    for name, entry in entries.items():  # each after those that it is derived from
        if entry["origin"] in cells or entry["origin"] in kept:
            kept[name] = entry
    return kept


def merged(below: Any, above: Any) -> Any:
    """Lay one value over another: mappings are merged, anything else is replaced."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: merged(below.get(key), value) for key, value in above.items()}
