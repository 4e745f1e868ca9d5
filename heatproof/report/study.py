"""What the report tells: params.yaml and every cell's results, as far as they are there."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from heatproof.claims import description
from heatproof.config.params import Params
from heatproof.report import derived_results, provenance, showcase
from heatproof.report.cell_results import CellResults, Reader
from heatproof.report.derived_results import DerivedResults
from heatproof.report.showcase import Showcase
from heatproof.storage import paths
from heatproof.storage.formats import read_record, require_keys

# What each file must hold for a page to be made from it.
_CLAIMS = ("budget", "sources", "claims")
_PREPROCESS = ("train_images", "test_images", "classes", "height", "width", "channels")
_INSPECT = ("class_names", "parts", "per_class", "samples", "copies", "unusual", "pictures")


@dataclass(frozen=True)
class Study:
    """The whole study, cells and datasets in the order of params.yaml.

    `claims` is what data/claims.json has, empty where it is not there; `has_claims` whether the
    study has a claims.yaml; `provenance` what `provenance.gathered` returns; `inspections` what
    data/metrics/inspect has of each dataset, as far as it is there; `finished` how many runs are
    trained; `derived` the derived networks, also those that are no cells of their own.
    """

    params: Params
    cells: tuple[CellResults, ...]
    datasets: dict[str, dict[str, Any]]
    claims: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    has_claims: bool = True
    inspections: dict[str, dict[str, Any]] = field(default_factory=dict)
    finished: int = 0
    derived: tuple[DerivedResults, ...] = ()

    def slot(self, model: str) -> int:
        """A model's place in params.yaml, which gives it one colour on every page."""
        return list(self.params.models).index(model)

    def cells_on(self, dataset: str) -> tuple[CellResults, ...]:
        """The cells of one dataset."""
        return tuple(c for c in self.cells if c.cell.dataset == dataset)

    @property
    def rated(self) -> tuple[CellResults, ...]:
        """The cells on whose maps findings and rankings may rest."""
        return tuple(c for c in self.cells if c.rated)

    @property
    def unrated(self) -> tuple[CellResults, ...]:
        """The cells that are assessed, and no better than their dataset's majority class."""
        return tuple(c for c in self.cells if c.assess and not c.rated)

    @cached_property
    def showcases(self) -> dict[str, Showcase]:
        """What each cell shows of its verdict, drawn once for all pages."""
        return {cell.name: showcase.of_cell(cell) for cell in self.cells}

    @property
    def engines(self) -> dict[str, str]:
        """The methods that a library computed: method -> the library, with its version."""
        found: dict[str, str] = {}
        for content in (content for cell in self.cells for content in cell.explain.values()):
            found |= content.get("engines", {})
        return found

    @property
    def dataset_names(self) -> list[str]:
        """The datasets that a cell uses, in the order of params.yaml."""
        return [d for d in self.params.datasets if any(c.cell.dataset == d for c in self.cells)]

    @property
    def model_names(self) -> list[str]:
        """The models that a cell uses, in the order of params.yaml."""
        return [m for m in self.params.models if any(c.cell.model == m for c in self.cells)]


def collect(params: Params) -> Study:
    """Read every result of the cells in params.yaml, relative to the current folder.

    Raises:
        UserError: a file is damaged, or is not what its stage writes today.
    """
    cells = tuple(Reader(params, name).cell() for name in params.cells)
    datasets, inspections = {}, {}
    for name in {c.cell.dataset: None for c in cells}:
        reader = Reader(params, name)
        if content := reader.metrics("preprocess", _PREPROCESS):
            datasets[name] = content
        if content := reader.metrics("inspect", _INSPECT):
            inspections[name] = content
    claims = {}
    if paths.CLAIMS.exists():
        claims = read_record(paths.CLAIMS, "claims")
        require_keys(paths.CLAIMS, claims, _CLAIMS, "claims")
    has_claims = bool(claims) or description.CLAIMS.exists()
    gathered = provenance.gathered(params)
    finished = sum(paths.metrics("train", run).exists() for run in params.runs)
    derived = derived_results.collect(params)
    return Study(
        params, cells, datasets, claims, gathered, has_claims, inspections, finished, derived
    )
