"""Whether the cells of params.yaml, and their twins, fit the models and datasets that are there."""

from pathlib import Path
from typing import TYPE_CHECKING

from heatproof.run.errors import UserError, nearest, shown_value

if TYPE_CHECKING:
    from heatproof.config.params import Cell, Params, Seeds, Twin


def check_twin(path: Path, params: "Params", place: str, name: str, twin: "Twin") -> None:
    """Refuse a twin of no cell, or one of the cell's own seed, which would be no other network.

    place: where it stands, `twins` or `shuffled`.
    """
    check_known(path, params, place, name)
    check_cell(path, params, f"{place}.{name}", name, twin)
    if twin.seed == params.seed:
        raise UserError(
            f"{path}: {place}.{name}.seed = {twin.seed}: this is `seed`; give another here"
        )


def check_seeds(path: Path, params: "Params", name: str, cell: "Seeds") -> None:
    """Refuse further seeds of no cell, and one that stands twice: it gives the same network."""
    check_known(path, params, "seeds", name)
    check_cell(path, params, f"seeds.{name}", name, cell)
    known = [params.seed, *cell.seeds]
    twice = sorted({seed for seed in known if known.count(seed) > 1})
    if twice:
        raise UserError(
            f"{path}: seeds.{name}.seeds = {cell.seeds}: {twice[0]} is there twice, or is `seed`, "
            "which the cell itself is trained from; give another instead"
        )


def check_known(path: Path, params: "Params", place: str, name: str) -> None:
    """Refuse an entry of `place` that is of no cell."""
    if name not in params.cells:
        raise UserError(
            f"{path}: {place}.{name}: there is no such cell{nearest(name, list(params.cells))}; "
            f"name one of cells, or remove this line of {place}"
        )


def check_cell(path: Path, params: "Params", place: str, name: str, cell: "Cell") -> None:
    """Refuse a cell whose parts do not exist or do not fit together."""
    key = f"{path}: {place}"
    for part, value, known in (
        ("model", cell.model, list(params.models)),
        ("dataset", cell.dataset, list(params.datasets)),
    ):
        if value not in known:
            raise UserError(
                f"{key}.{part} = {shown_value(value)}: unknown{nearest(value, known)}; "
                f"known: {', '.join(known)}"
            )
    expected = f"{cell.model}-{cell.dataset}"
    if name != expected:
        raise UserError(
            f"{key}: a cell is named <model>-<dataset>, here '{expected}'; rename it, or correct "
            "its model or dataset"
        )
    model = params.models[cell.model]
    if cell.architecture != model.architecture:
        raise UserError(
            f"{key}.architecture = {shown_value(cell.architecture)}: expected "
            f"'{model.architecture}', the architecture of models.{cell.model}"
        )
    if cell.dataset not in model.schedules.get(params.budget, {}):
        raise UserError(
            f"{path}: models.{cell.model}.schedules.{params.budget} has no '{cell.dataset}', which "
            f"the cell '{name}' needs: add a line for it (copy another dataset's)"
        )
