"""Whether the derived networks of params.yaml fit what they are derived from."""

from pathlib import Path
from typing import TYPE_CHECKING

from heatproof.config.derived import reads, trained_as
from heatproof.config.models import DEFAULT
from heatproof.config.runs import DerivedCell
from heatproof.run.errors import UserError, nearest, require_known, shown_value

if TYPE_CHECKING:
    from heatproof.config.params import Params


def check_derived_models(path: Path, study: "Params") -> None:
    """Refuse models that are derived from none, in a circle, or trained in place of no trained one.

    Raises:
        UserError: with what to write instead.
    """
    trained = [name for name, model in study.models.items() if model.is_trained]
    for name, model in study.models.items():
        if model.origin is None or model.way is None:
            continue
        place = f"{path}: models.{name}.network"
        what = f"{place}.origin = {shown_value(model.origin)}: there is no such model"
        require_known(what, model.origin, study.models)
        if circle := _circle(study, name):
            raise UserError(
                f"{place}.origin = {shown_value(model.origin)}: {' from '.join(circle)} is a "
                "circle; name a model that ends in one that is trained or saved"
            )
        student = trained_as(model.way)
        if student is not None:
            what = f"{place}.way: {shown_value(student)} is no trained model"
            require_known(what, student, trained)


def check_derived_cells(path: Path, study: "Params") -> None:
    """Refuse cells that `derived` does not list as what they are, or whose origin is not there.

    Raises:
        UserError: with what to write instead.
    """
    for name, cell in study.cells.items():
        if study.models[cell.model].is_derived and name not in study.derived:
            raise UserError(
                f"{path}: derived.{name}: the cell is missing here; add `{name}: "
                f"{_expected(study, name, cell.model, cell.dataset)}` below derived"
            )
    for name, cell in study.derived.items():
        _check_derived(path, study, name, cell)


def _check_derived(path: Path, study: "Params", name: str, cell: DerivedCell) -> None:
    place, model = f"{path}: derived.{name}", study.models[cell.model]
    if model.origin is None or model.way is None:
        raise UserError(
            f"{place}: models.{cell.model} is not derived; expected a model with network: "
            "{architecture: derived, origin: …, way: …}; remove this line"
        )
    origin = f"{model.origin}-{cell.dataset}"
    if (cell.origin, cell.reads) != (origin, reads(model.way, name)):
        raise UserError(
            f"{place}: expected {_expected(study, name, cell.model, cell.dataset)}, as "
            f"models.{cell.model}.network has it; correct it"
        )
    there = [*study.cells, *study.derived]
    if origin not in there:
        raise UserError(
            f"{place}: it is derived from the cell '{origin}' (models.{cell.model}.network.origin, "
            f"on the same dataset), which is not there{nearest(origin, there)}; add it to cells"
        )
    student = trained_as(model.way)
    if student is not None and study.schedule_of(study.budget, student, cell.dataset) is None:
        raise UserError(
            f"{path}: models.{student}.schedules.{study.budget} has neither '{cell.dataset}' nor "
            f"'{DEFAULT}', and the cell '{name}' needs one: add a line for it (copy another "
            "dataset's)"
        )
    fits = getattr(model.way, "unfit", None)
    if fits is not None and (reason := fits(study, name)):
        raise UserError(f"{path}: models.{cell.model}.network.way.{reason}")


def _expected(study: "Params", name: str, model: str, dataset: str) -> str:
    """Return what `derived` has of a cell."""
    network = study.models[model]
    assert network.way is not None
    return (
        f"{{model: {model}, dataset: {dataset}, origin: {network.origin}-{dataset}, "
        f"reads: {reads(network.way, name)}}}"
    )


def _circle(study: "Params", name: str) -> list[str]:
    """Return the models of a circle of derivations that begins and ends with one; or nothing."""
    chain = [name]
    while (origin := study.models[chain[-1]].origin) in study.models:
        chain.append(origin)
        if origin == name:
            return chain
        if origin in chain[:-1]:  # it leads into a circle, which is told of its own members
            return []
    return []
