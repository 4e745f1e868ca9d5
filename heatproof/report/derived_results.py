"""What there is of the derived networks for the report to tell, read from their files."""

from dataclasses import dataclass, field
from typing import Any

from heatproof.comparisons.survival import Survival, of_cell
from heatproof.config.params import Params
from heatproof.report import required
from heatproof.storage import artifacts, paths


@dataclass(frozen=True)
class DerivedResults:
    """A derived cell beside its origin, and each result that exists (empty where not).

    root: the cell at the end of its origins, that was trained or opened. made: what the stage
    `derive` says; compared: `compare_derived`; trainings: `compare_runs` of the root, where the
    study has a second training of it; timing: of `compare_derived`. has_page: whether it is one of
    the cells that have a page of their own.
    """

    name: str
    model: str
    dataset: str
    origin: str
    root: str
    has_page: bool
    made: dict[str, Any] = field(default_factory=dict)
    compared: dict[str, Any] = field(default_factory=dict)
    trainings: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)

    @property
    def survival(self) -> Survival | None:
        """What the agreement of the maps is worth; None where it was not compared."""
        return of_cell(self.compared, self.trainings) if self.compared else None


def collect(params: Params) -> tuple[DerivedResults, ...]:
    """Read the derived cells of params.yaml in their order, relative to the current folder.

    Raises:
        UserError: a file is damaged, or is not what its stage writes today.
    """
    return tuple(_read(params, name) for name in params.derived)


def _read(params: Params, name: str) -> DerivedResults:
    cell, root = params.derived[name], params.root_of(name)
    compares = root in params.compared
    return DerivedResults(
        name,
        cell.model,
        cell.dataset,
        cell.origin,
        root,
        name in params.cells,
        _metrics("derive", name, required.DERIVE),
        _metrics("compare_derived", name, required.COMPARED_DERIVED),
        _metrics("compare_runs", root, required.COMPARED) if compares else {},
        artifacts.read_timing("compare_derived", name),
    )


def _metrics(stage: str, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    there = paths.metrics(stage, name).exists()
    return artifacts.read_metrics(stage, name, keys) if there else {}
