"""Whether the derived networks of params.yaml fit what they are derived from."""

from pathlib import Path
from typing import TYPE_CHECKING

from heatproof.config.derived import reads, trained_as
from heatproof.config.members import member_name
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
            what = f"{place}.way.student = {shown_value(student)}: it is no trained model"
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


def check_members(path: Path, study: "Params") -> None:
    """Refuse members of what is no ensemble, and runs that the ensemble does not name.

    Raises:
        UserError: with what to write instead.
    """
    for name, member in study.members.items():
        place = f"{path}: members.{name}"
        what = f"{place}.cell = '{member.cell}': there is no such cell under derived"
        require_known(what, member.cell, study.derived)
        expected = member_name(member.cell, member.run)
        if name != expected:
            raise UserError(f"{place}: expected the name {expected}; call it that")
        way = study.models[study.derived[member.cell].model].way
        if member.run not in getattr(way, "runs", ()):
            raise UserError(
                f"{place}: models.{study.derived[member.cell].model}.network.way does not name the "
                f"run '{member.run}'; remove this line, or add it to way.runs"
            )


def unfit_members(study: "Params", cell: str, runs: list[str]) -> str | None:
    """Say which of an ensemble's runs does not fit the study; None where all do.

    Args:
        study: with its runs and members.
        cell: the ensemble's.
        runs: names of its members beside the origin.
    """
    origin = study.derived[cell].origin
    others = {run.name for run in study.seed_runs(origin)} if origin in study.cells else set()
    for run in runs:
        if run not in others - {origin}:
            return (
                f"runs: '{run}' is no run of {origin} from another seed; expected some of "
                f"{', '.join(sorted(others - {origin})) or 'such runs, of which there are none'}"
            )
        if member_name(cell, run) not in study.members:
            return (
                f"runs: '{run}' is not under members; add `{member_name(cell, run)}: "
                f"{{cell: {cell}, run: {run}}}` there"
            )
    if len(set(runs)) < len(runs):
        return "runs: one is named twice; remove it"
    return None


def untrainable(study: "Params", cell: str, epochs: int | None) -> str | None:
    """Say why the network of a derived cell cannot be trained on; None where it can.

    Args:
        study: params.yaml.
        cell: listed under `derived`.
        epochs: what the way says of it; None for the schedule's own.
    """
    schedule = study.run(cell).schedule
    if schedule is None:
        return (
            f"epochs: {study.root_of(cell)} is a saved network, of which nobody knows what it was "
            "trained on; give epochs: 0, or another way or origin"
        )
    if not (epochs or schedule.epochs):
        return "epochs: the schedule has none beside those of its head; give some"
    return None


def unvalidated(study: "Params", cell: str, what: str = "calibrate") -> str | None:
    """Say why there are no validation images to choose a temperature by; None where there are.

    what: the option that asks for them.
    """
    if study.run(cell).schedule is None:
        return (
            f"{what}: {study.root_of(cell)} is a saved network, of which nobody knows what it was "
            "trained on, so that no images are left to choose by; remove it"
        )
    return None


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
