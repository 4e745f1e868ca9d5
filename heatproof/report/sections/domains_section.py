"""A network on other images than its own: accuracy, and what becomes of its maps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.domains.comparison import AGREEMENT
from heatproof.domains.corruptions import CORRUPTIONS, SEVERITIES
from heatproof.report.cell_results import CellResults
from heatproof.report.charts import sprites
from heatproof.report.charts.lines import Chart, line_chart
from heatproof.report.charts.series import Series
from heatproof.report.charts.sprites import Picture, Sprite
from heatproof.report.text import methods

MAPS = "example/maps/"  # with a method's name behind it, an array of the stages'
MAX_SIDE = 96  # pixels of a picture; of larger ones every second, third … pixel is shown
CHARTS = {"label_room": 118.0, "size": (460.0, 290.0)}


@dataclass(frozen=True)
class Strip:
    """Pictures in a row, and the maps of them below, with what they are of."""

    title: str
    images: Sequence[Picture]
    maps: Sequence[Picture]


@dataclass(frozen=True)
class Domains:
    """All that a page shows of a cell on other images; `sprite` holds all tiles.

    corrupted: the stage's metrics, empty where not there; charts, rows, versions: of them.
    domains: (dataset, metrics, pictures of right and of wrong answers). method: whose maps are
    shown; example: of which test image.
    """

    corrupted: dict[str, Any]
    charts: Sequence[Chart]
    versions: Sequence[Strip]
    example: int
    domains: Sequence[tuple[str, dict[str, Any], Sequence[Strip]]]
    method: str
    signed: bool
    sprite: Sprite


def domains(result: CellResults) -> Domains | None:
    """Draw what a cell does on other images; None where it was tried on none."""
    if not (result.corrupted or result.domains):
        return None
    arrays = result.domain() if result.corrupted else {}
    others = {name: result.domain(name) for name in result.domains}
    every = [each for each in (arrays, *others.values()) if each]
    # Of methods that were changed in between, some results may have one that others lack.
    listed = set.intersection(*({name for name in each if MAPS in name} for each in every))
    method = methods.first_overlay(name.removeprefix(MAPS) for name in listed) if listed else ""
    sprite = _sprite(every)
    maps = [each[MAPS + method] for each in every if method]
    signed = any(sprites.is_signed(each) for each in maps)
    names = every[0]["class_names"]
    return Domains(
        result.corrupted,
        list(_charts(result.corrupted, method)) if result.corrupted else [],
        [_version(arrays, name, names, method, signed, sprite) for name in _shown(result)],
        int(arrays["example"]) if arrays else 0,
        [
            (name, result.domains[name], _answers(other, names, method, signed, sprite))
            for name, other in others.items()
        ],
        method,
        signed,
        sprite,
    )


def _sprite(every: Sequence[dict[str, np.ndarray]]) -> Sprite:
    tiles = sum(2 * len(each["example/images"]) for each in every)
    height, width = _small(every[0]["example/images"]).shape[1:3]
    # The clean image is in the row of each corruption.
    return Sprite(height, width, tiles + 2 * len(CORRUPTIONS))


def _small(pictures: np.ndarray) -> np.ndarray:
    """Leave out pixels of pictures (n, height, width, ...) until they are small enough."""
    step = -(-max(pictures.shape[1:3]) // MAX_SIDE)
    return pictures[:, ::step, ::step]


def _shown(result: CellResults) -> list[str]:
    return list(result.corrupted.get("corruptions", ()))


def _charts(metrics: dict[str, Any], method: str) -> Iterator[Chart]:
    """Accuracy, and how far maps agree with the clean ones, by severity of each corruption."""
    severity = [float(n) for n in range(SEVERITIES + 1)]
    accuracy = [
        Series(
            label(name),
            slot,
            severity,
            [metrics["clean"]["accuracy"], *(s["accuracy"] for s in each["severities"])],
        )
        for slot, (name, each) in enumerate(metrics["corruptions"].items())
    ]
    chart = line_chart(
        "Accuracy by severity", accuracy, x_title="severity", as_percent=True, **CHARTS
    )
    if chart:
        yield chart
    if method not in metrics["maps"]:
        return
    by_name = metrics["maps"][method][AGREEMENT]["corruptions"]
    agreement = [
        Series(label(name), slot, severity, [1.0, *by_name[name]])
        for slot, name in enumerate(by_name)
    ]
    chart = line_chart(
        f"Agreement with the clean map, {methods.describe(method).label}",
        agreement,
        x_title="severity",
        **CHARTS,
    )
    if chart:
        yield chart


def is_tried(params: Params, cell: str) -> bool:
    """Whether params.yaml asks for a cell on other images than its own."""
    return cell in params.corrupted or bool(params.domains_of(cell))


def label(corruption: str) -> str:
    """What a corruption is called; its plain name where the code no longer has it."""
    known = CORRUPTIONS.get(corruption)
    return known.label if known else corruption.replace("_", " ")


def _version(
    arrays: dict[str, np.ndarray],
    corruption: str,
    names: np.ndarray,
    method: str,
    signed: bool,
    sprite: Sprite,
) -> Strip:
    """Draw the example, clean and at each severity of a corruption."""
    rows = [0, *np.flatnonzero(arrays["corruption"] == corruption)]
    predicted = arrays["predicted"][rows, int(arrays["example"])]
    captions = [f"{n or 'clean'}: {names[p]}" for n, p in enumerate(predicted)]
    title = label(corruption)
    return _strip(title, arrays, np.array(rows), captions, (method, signed), sprite)


def _answers(
    arrays: dict[str, np.ndarray], names: np.ndarray, method: str, signed: bool, sprite: Sprite
) -> list[Strip]:
    """Draw right and wrong answers of another dataset."""
    labels, predicted = (arrays[kind][arrays["example"]] for kind in ("labels", "predicted"))
    strips = []
    for title, rows in (
        ("Right answers", np.flatnonzero(labels == predicted)),
        ("Wrong answers", np.flatnonzero(labels != predicted)),
    ):
        captions = [
            f"{names[p]}" if p == true else f"{names[p]}, is {names[true]}"
            for p, true in zip(predicted[rows], labels[rows], strict=True)
        ]
        if len(rows):
            strips.append(_strip(title, arrays, rows, captions, (method, signed), sprite))
    return strips


def _strip(
    title: str,
    arrays: dict[str, np.ndarray],
    rows: np.ndarray,
    captions: Sequence[str],
    drawn: tuple[str, bool],
    sprite: Sprite,
) -> Strip:
    method, signed = drawn
    images = [
        sprite.image(pixels, f"{title}, {caption}", caption)
        for pixels, caption in zip(_small(arrays["example/images"][rows]), captions, strict=True)
    ]
    maps: list[Picture] = []
    if method:
        of_rows = _small(arrays[MAPS + method][rows])
        name = methods.describe(method).label
        maps = [
            sprite.levels(values, signed, f"{name} of {title}, {caption}", sprites.defect(values))
            for values, caption in zip(of_rows, captions, strict=True)
        ]
    return Strip(title, images, maps)
