"""What the report tells: params.yaml and every cell's results, as far as they are there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.attribution.registry import STAGES
from heatproof.config.params import Cell, Params
from heatproof.config.runs import SHUFFLED
from heatproof.evaluation.seeds import over_seeds
from heatproof.report import provenance
from heatproof.storage import artifacts, paths, tables
from heatproof.storage.formats import read_object, require_keys
from heatproof.storage.records import Explanations, Predictions
from heatproof.training.options import Schedule

if TYPE_CHECKING:
    import pandas as pd


# What each metrics file must hold for a page to be made from it.
_TRAIN = ("epochs", "epochs_run", "best_epoch", "train_images", "validation_images")
_EVALUATE = (
    *("accuracy", "accuracy_low", "accuracy_high", "macro_precision", "macro_recall", "macro_f1"),
    *("ece", "loss", "train_accuracy", "test_images", "train_images", "per_class"),
    *("confusion_test", "confusion_train", "top_confusions", "reliability", "class_names"),
    *("parameters", "flops"),
)
_ASSESS = (
    *("images", "right_images", "wrong_images", "slow_methods", "mask", "measures"),
    *("uninformative", "ranking", "agreement"),
)
_PUBLISHED = ("images", "draws", "layers", "methods")
_CLAIMS = ("budget", "sources", "claims")
_PREPROCESS = ("train_images", "test_images", "classes", "height", "width", "channels")
_HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@dataclass(frozen=True)
class CellResults:
    """One cell: what params.yaml says of it, and each result that exists (empty where not).

    `explain` holds each family's metrics, `explained` the families whose arrays there are.
    Few cells have `published` (scores as in the published randomisation table), `seeds` (accuracy
    over seeds) and `compared` (the cell beside a run with another seed).
    `trusted` says whether the trust measures' per-image values are there.
    `missing` names the files that are not there, in the order the stages make them.
    """

    name: str
    cell: Cell
    schedule: Schedule
    train: dict[str, Any] = field(default_factory=dict)
    history: "pd.DataFrame | None" = None
    evaluate: dict[str, Any] = field(default_factory=dict)
    explain: dict[str, dict[str, Any]] = field(default_factory=dict)
    assess: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    seeds: dict[str, Any] = field(default_factory=dict)
    compared: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)
    explained: tuple[str, ...] = ()
    predicted: bool = False
    trusted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def explanations(self) -> Explanations | None:
        """Read the attributions of all families as one: not kept, since forty cells' are too much.

        Raises:
            UserError: the families do not explain the same rows.
        """
        families = [name for name in STAGE_FAMILIES if name in self.explained]
        return artifacts.read_maps(self.name, families) if families else None

    def findings(self, family: str) -> dict[str, np.ndarray]:
        """Read what a family of findings wrote, as its module describes; empty where not there."""
        return artifacts.read_findings(self.name, family) if family in self.explained else {}

    def methods(self) -> dict[str, dict[str, Any]]:
        """What the explain stages say of each method: its own errors, or why it cannot serve."""
        records: dict[str, dict[str, Any]] = {}
        for family in STAGE_FAMILIES:
            records |= self.explain.get(family, {}).get("methods", {})
        return records

    def trust(self) -> dict[str, np.ndarray]:
        """Read the trust measures' per-image values and mean curves; empty where not there."""
        return artifacts.read_trust(self.name, self.trusted) if self.trusted else {}

    def predictions(self) -> Predictions | None:
        """Read what the cell says of each test image; None where that is not there."""
        return artifacts.read_predictions(self.name) if self.predicted else None

    def test_images(self) -> np.ndarray | None:
        """Read the dataset's test images, uint8 (n, height, width, channels); None if not there."""
        there = paths.processed(self.cell.dataset).exists()
        return artifacts.read_test_images(self.cell.dataset) if there else None


@dataclass(frozen=True)
class Study:
    """The whole study, cells and datasets in the order of params.yaml.

    `claims` is what data/claims.json has, empty where it is not there; `provenance` what
    `provenance.gathered` returns.
    """

    params: Params
    cells: tuple[CellResults, ...]
    datasets: dict[str, dict[str, Any]]
    claims: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def slot(self, model: str) -> int:
        """A model's place in params.yaml, which gives it one colour on every page."""
        return list(self.params.models).index(model)

    def cells_on(self, dataset: str) -> tuple[CellResults, ...]:
        """The cells of one dataset."""
        return tuple(c for c in self.cells if c.cell.dataset == dataset)

    @property
    def dataset_names(self) -> tuple[str, ...]:
        """The datasets that a cell uses, in the order of params.yaml."""
        used = {c.cell.dataset for c in self.cells}
        return tuple(name for name in self.params.datasets if name in used)

    @property
    def model_names(self) -> tuple[str, ...]:
        """The models that a cell uses, in the order of params.yaml."""
        used = {c.cell.model for c in self.cells}
        return tuple(name for name in self.params.models if name in used)


def collect(params: Params) -> Study:
    """Read every result of the cells in params.yaml, relative to the current folder.

    Raises:
        UserError: a file is damaged, or is not what its stage writes today.
    """
    cells = tuple(_cell(params, name) for name in params.cells)
    datasets = {}
    for name in {c.cell.dataset: None for c in cells}:
        content = _metrics("preprocess", name, _PREPROCESS, [])
        if content:
            datasets[name] = content
    claims = {}
    if paths.CLAIMS.exists():
        claims = read_object(paths.CLAIMS, "claims")
        require_keys(paths.CLAIMS, claims, _CLAIMS, "claims")
    return Study(params, cells, datasets, claims, provenance.gathered(params))


def _cell(params: Params, name: str) -> CellResults:
    missing: list[str] = []
    timing: dict[str, float] = {}
    for stage in ("train", "evaluate", *(f"explain_{family}" for family in STAGE_FAMILIES)):
        timing |= artifacts.read_timing(stage, name)
    train = _metrics("train", name, _TRAIN, missing)
    history = _optional(paths.history(name), lambda: _history(name), missing)
    evaluate = _metrics("evaluate", name, _EVALUATE, missing)
    explain = {
        family: content
        for family in STAGES
        if (content := _metrics(f"explain_{family}", name, (), missing))
    }
    return CellResults(
        name=name,
        cell=params.cell(name),
        schedule=params.run(name).schedule,
        train=train,
        history=history,
        evaluate=evaluate,
        explain=explain,
        assess=_assess(params, name, missing),
        published=_metrics("published_sanity", name, _PUBLISHED, []),
        seeds=over_seeds(params, name) or {},
        compared=_compared(params, name, missing),
        timing=timing,
        explained=tuple(
            family for family in STAGES if _there(paths.explanations(name, family), missing)
        ),
        predicted=_there(paths.predictions(name), missing),
        trusted=_trusted(name, missing),
        missing=tuple(missing),
    )


def _assess(params: Params, name: str, missing: list[str]) -> dict[str, Any]:
    """Read what was assessed, the comparison with shuffled labels in its place if there is one."""
    content = _metrics("assess", name, _ASSESS, missing)
    if name in params.shuffled and content:
        more = _metrics("assess_shuffled", name, ("measures", "uninformative"), missing)
        for part, shuffled in more.items():
            content[part] = content[part] | shuffled
    return content


def _trusted(name: str, missing: list[str]) -> tuple[str, ...]:
    """Say of which families of maps per-image values are there, and whether of shuffled labels."""
    families = [f for f in STAGE_FAMILIES if _there(paths.trust(name, f), missing)]
    more = [SHUFFLED] if families and paths.trust(name, SHUFFLED).exists() else []
    return (*families, *more)


def _compared(params: Params, name: str, missing: list[str]) -> dict[str, Any]:
    if name not in params.compared:
        return {}
    return _metrics("compare_runs", name, ("filters", "images", "same_prediction", "maps"), missing)


def _there(path: Path, missing: list[str]) -> bool:
    if not path.exists():
        missing.append(path.as_posix())
    return path.exists()


def _optional(path: Path, read: Callable[[], Any], missing: list[str]) -> Any:
    return read() if _there(path, missing) else None


def _metrics(stage: str, name: str, keys: tuple[str, ...], missing: list[str]) -> dict[str, Any]:
    path = paths.metrics(stage, name)
    return _optional(path, lambda: artifacts.read_metrics(stage, name, keys), missing) or {}


def _history(name: str) -> "pd.DataFrame":
    path = paths.history(name)
    table = tables.read_table(path, f"train@{name}")
    require_keys(path, table.columns, _HISTORY, f"train@{name}")
    return table
