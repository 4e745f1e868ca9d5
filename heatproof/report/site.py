"""The site as a folder: all pages are written to a new folder, which then replaces the old one."""

from pathlib import Path
from typing import Any

from heatproof.playground import data_file
from heatproof.report import navigation, rendering
from heatproof.report.charts import colours
from heatproof.report.pages import (
    cell,
    claims,
    compare,
    data,
    guide,
    layers,
    libraries,
    overview,
    playground,
    smaller,
    trust,
)
from heatproof.report.study import Study
from heatproof.report.text import methods
from heatproof.storage import paths, playground_files
from heatproof.storage.atomic import write_bytes, write_text
from heatproof.storage.folders import file_name, replace_folder
from heatproof.storage.formats import write_json

REPORTS = Path("reports")
# What cells' pages, and the page that compares two cells, need besides the site's own.
CELL = ("maps.css", "gallery.css", "opening.css", "gallery.js", "enlarge.js", "squares.js")
COMPARE = ("maps.css", "compare.css", "compare.js")
# What a page has to run networks, and prepare pictures for them.
ENGINE = (
    *("playground/engine.js", "playground/engine_kernels.js"),
    *("playground/engine_activations.js", "playground/engine_graph.js"),
    *("playground/engine_maps.js", "playground/engine_server.js"),
    *("playground/pixels.js", "playground/ink.js", "playground/photo.js"),
)
PLAYGROUND = (
    *("maps.css", "playground/playground.css"),
    *ENGINE,
    *("playground/strokes.js", "playground/pad.js", "playground/paint.js", "playground/changes.js"),
    *("playground/test_images.js", "playground/network_view.js"),
    *("playground/changes_view.js", "playground/erase_view.js"),
    *("playground/worksheet.js", "playground/page.js"),
)
PROVENANCE = "provenance.json"  # the overview's section on provenance, in full


def build(study: Study, folder: Path) -> None:
    """Write the whole site to `folder`; an interrupted run leaves the earlier site as it was.

    Raises:
        UserError: `folder` exists and is not a folder.
        OSError: the place cannot be written to, or the disk is full.
    """
    replace_folder(folder, lambda new: write_pages(study, new))


def write_pages(study: Study, folder: Path) -> None:
    """Write every page and picture into a new folder."""
    with methods.computed_by(study.engines):
        _write_pages(study, folder)


def _write_pages(study: Study, folder: Path) -> None:
    templates = rendering.environment()
    templates.globals["has_claims"] = study.has_claims
    wanted = {"claims": study.has_claims, "smaller": bool(study.derived)}
    there = {f"{name}.html" for name in navigation.LABELS if wanted.get(name, True)}
    first = data.first_page(study).removesuffix(".html")
    templates.globals["site_links"] = navigation.pages(there, first)
    templates.globals["networks"] = navigation.networks(study)
    offered, refused = networks_of_playground(study, folder)
    templates.globals["playable"] = {each.result.name for each in offered}
    if study.provenance:
        write_json(folder / PROVENANCE, study.provenance)
        templates.globals["provenance"] = PROVENANCE

    written: dict[str, str] = {}

    def page(path: str, template: str, values: dict[str, Any]) -> None:
        values = values | {"root": "../" * path.count("/"), "here": path.removesuffix(".html")}
        written[path] = rendering.page(templates, template, values)
        write_text(folder / path, written[path])

    of_data = {"static": rendering.static("data.css")}
    for name in study.inspections:
        values, sprite = data.context(study, name)
        write_bytes(folder / "images" / f"data-{file_name(name)}.png", sprite.png())
        page(data.page(name), "data.html", values | of_data)
    values = overview.context(study)
    page("index.html", "index.html", values)
    answers = values["answers"]
    for row in answers:
        if row.strip:
            name = f"strip-{file_name(row.result.name)}.png"
            write_bytes(folder / "images" / name, row.strip.sprite.png())
    page("methods.html", "trust.html", trust.context(study))
    for result in study.cells:
        if result.verdict and (example := study.showcases[result.name].example):
            name = f"verdict-{file_name(result.name)}.png"
            write_bytes(folder / "images" / name, example.sprite.png())
    page("libraries.html", "libraries.html", libraries.context(study))
    if study.has_claims:
        page("claims.html", "claims.html", claims.context(study, study.claims))
    if study.derived:
        page(
            "smaller.html",
            "smaller.html",
            smaller.context(study) | {"static": rendering.static("smaller.css")},
        )
    of_cell = {"static": rendering.static(*CELL)}
    of_layers = {"static": rendering.static("maps.css", "gallery.css")}
    comparable = []
    for result in study.cells:
        values, pictures = cell.context(study, result)
        name = file_name(result.name)
        if values["gallery"] is not None:
            comparable.append((result, compare.compared(result, values["gallery"], name)))
        for suffix, picture in pictures.items():
            write_bytes(folder / "images" / f"{name}{suffix}.png", picture)
        page(f"cells/{name}.html", "cell.html", values | of_cell)
        if result.inversion:
            values, picture = layers.context(study.params, result)
            if picture:
                write_bytes(folder / "images" / f"{name}-layers.png", picture)
            page(f"{navigation.layers_page(result.name)}.html", "layers.html", values | of_layers)
    values = playground.context(study, offered, refused, answers)
    static = rendering.static(*PLAYGROUND, runs_networks=True)
    page("playground.html", "playground.html", values | {"static": static})
    values = compare.context(comparable) | {"palette": colours.palette()}
    page("compare.html", "compare.html", values | {"static": rendering.static(*COMPARE)})
    values = guide.context(study, written)
    page("guide.html", "guide.html", values)
    if values["pictures"].sprite:
        write_bytes(folder / "images" / "guide.png", values["pictures"].sprite.png())


def networks_of_playground(
    study: Study, folder: Path
) -> tuple[list[playground.Offered], dict[str, str]]:
    """Write the files of the networks that the playground runs; of the others say why it does not.

    Cells that no stage has prepared for it are in neither.
    """
    offered, refused = [], {}
    for result in study.cells:
        if not paths.playground(result.name).exists():
            continue
        record = playground_files.read(result.name)
        if reason := record.get(playground_files.REFUSED):
            refused[result.name] = reason
            continue
        script = data_file.script(record | playground.examples(result))
        write_text(folder / playground.file(result.name), script)
        offered.append(playground.Offered(result, len(script), record["precision"]))
    return offered, refused
