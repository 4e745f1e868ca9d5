"""What there is of one cell for the report to tell, read from its files."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.explain import EXPLAINED
from heatproof.config.params import Cell, Params
from heatproof.config.runs import SHUFFLED, on_domain
from heatproof.evaluation.cross_validation import all_remarks, over_folds, progress
from heatproof.evaluation.few_images import by_images_per_class
from heatproof.evaluation.seeds import over_seeds
from heatproof.report import required
from heatproof.storage import artifacts, domain_files, paths, tables
from heatproof.storage.images import Images
from heatproof.storage.records import Dataset, Explanations, Predictions
from heatproof.training.options import Schedule
from heatproof.trust.verdict import CellVerdict, of_cell

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CellResults:
    """One cell: what params.yaml says of it, and each result that exists (empty where not).

    `explain` holds each family's metrics, `explained` the families whose arrays there are.
    Few cells have `published` (scores as in the published randomisation table), `seeds` (accuracy
    over seeds), `folds` (accuracy by cross-validation; of its runs `fold_runs` has how many are
    evaluated, and how many there are), `few_images` (accuracy by training images
    per class), `compared` (the cell beside a run with another seed), `corrupted` (on corrupted
    copies of its test images), `domains` (on other datasets, by name), `concepts`, `inversion`
    and `influence`.
    The cell of a saved network has no schedule, and `opened` in the place of `train` and
    `history`; that of a derived one has `derived` in the place of `train`. `crosscheck` is what the
    libraries say of its maps; `seconds` in it are of each side. `trusted` says whether the trust
    measures' per-image values are there. `missing` names the files that are not there, in the order
    the stages make them.
    """

    name: str
    cell: Cell
    schedule: Schedule | None
    train: dict[str, Any] = field(default_factory=dict)
    history: "pd.DataFrame | None" = None
    opened: dict[str, Any] = field(default_factory=dict)
    derived: dict[str, Any] = field(default_factory=dict)
    evaluate: dict[str, Any] = field(default_factory=dict)
    explain: dict[str, dict[str, Any]] = field(default_factory=dict)
    assess: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    seeds: dict[str, Any] = field(default_factory=dict)
    folds: dict[str, Any] = field(default_factory=dict)
    fold_runs: tuple[int, int] = (0, 0)
    few_images: dict[str, Any] = field(default_factory=dict)
    compared: dict[str, Any] = field(default_factory=dict)
    corrupted: dict[str, Any] = field(default_factory=dict)
    domains: dict[str, dict[str, Any]] = field(default_factory=dict)
    concepts: dict[str, Any] = field(default_factory=dict)
    inversion: dict[str, Any] = field(default_factory=dict)
    influence: dict[str, Any] = field(default_factory=dict)
    crosscheck: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)
    explained: tuple[str, ...] = ()
    predicted: bool = False
    trusted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is wrong with the network at first sight, in sentences."""
        return (*self.opened.get("remarks", ()), *all_remarks(self.evaluate, self.folds))

    @property
    def rated(self) -> bool:
        """Whether its maps are assessed and count: not those of a network that may be at chance."""
        return bool(self.assess) and self.assess["above_chance"]

    @cached_property
    def verdict(self) -> CellVerdict | None:
        """Which methods to use for the network; None where not assessed, or no better than chance.

        One place judges, `heatproof.trust.verdict`.
        """
        return of_cell(self.assess, self.crosscheck) if self.assess else None

    @cached_property
    def right(self) -> np.ndarray | None:
        """Whether it is right about each test image, bool (n,); None where that is not there."""
        predictions = self.predictions()
        return None if predictions is None else predictions.predicted == predictions.labels

    def explanations(self) -> Explanations | None:
        """Read the attributions of all families as one: not kept, since forty cells' are too much.

        Raises:
            UserError: the families do not explain the same rows.
        """
        families = [name for name in STAGE_FAMILIES if name in self.explained]
        return artifacts.read_maps(self.name, families) if families else None

    def explained_images(self) -> Explanations | None:
        """Read one family's attributions, for the images: all families explain the same.

        Raises:
            UserError: the file is damaged.
        """
        family = next((name for name in STAGE_FAMILIES if name in self.explained), None)
        return None if family is None else artifacts.read_explanations(self.name, family)

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

    def domain(self, other: str | None = None) -> dict[str, np.ndarray]:
        """Read the arrays of the network on another dataset, or on corrupted copies.

        Raises:
            UserError: the file is missing, though the metrics are there, or damaged.
        """
        return domain_files.read(self.name, other)

    def inversion_arrays(self) -> dict[str, np.ndarray]:
        """Read the pictures of what layers keep, as `heatproof.inversion` describes them.

        Raises:
            UserError: the file is missing, though the metrics are there, or damaged.
        """
        return artifacts.read_findings(self.name, "inversion")

    def influence_arrays(self) -> dict[str, np.ndarray]:
        """Read the influential training images, as `heatproof.influence` describes them.

        Raises:
            UserError: the file is missing, though the metrics are there, or damaged.
        """
        return artifacts.read_findings(self.name, "influence")

    def concept_arrays(self) -> dict[str, np.ndarray]:
        """Read the arrays of the cell's concepts, as `heatproof.concepts` describes them.

        Raises:
            UserError: the file is missing, though the metrics are there, or damaged.
        """
        return artifacts.read_findings(self.name, "concepts")

    def predictions(self) -> Predictions | None:
        """Read what the cell says of each test image; None where that is not there."""
        return artifacts.read_predictions(self.name) if self.predicted else None

    def test_images(self) -> Images | None:
        """Open the dataset's test images, uint8 (n, height, width, channels); None if not there."""
        dataset = dataset_if_there(self.cell.dataset)
        return dataset and dataset.test_images

    def test_masks(self) -> Images | None:
        """Open where the evidence is in the test images, uint8 (n, height, width), if known."""
        dataset = dataset_if_there(self.cell.dataset)
        return dataset and dataset.test_masks


def dataset_if_there(name: str) -> Dataset | None:
    """Open a prepared dataset; None unless its record and its images in data/raw are both there."""
    there = paths.processed(name).exists() and paths.raw(name).exists()
    return artifacts.read_dataset(name) if there else None


class Reader:
    """Reads what there is of a cell or dataset, and remembers which files are not there."""

    def __init__(self, params: Params, name: str) -> None:
        self.params, self.name = params, name
        self.missing: list[str] = []

    def there(self, path: Path) -> bool:
        if not path.exists():
            self.missing.append(path.as_posix())
        return path.exists()

    def metrics(self, stage: str, keys: tuple[str, ...] = ()) -> dict[str, Any]:
        there = self.there(paths.metrics(stage, self.name))
        return artifacts.read_metrics(stage, self.name, keys) if there else {}

    def cell(self) -> CellResults:
        params, name = self.params, self.name
        timing: dict[str, float] = {}
        for stage in (
            "train",
            "derive",
            "evaluate",
            *(f"explain_{family}" for family in STAGE_FAMILIES),
        ):
            timing |= artifacts.read_timing(stage, name)
        published = paths.metrics("published_sanity", name).exists()
        saved, derived = name in params.saved, name in params.derived
        made = self.metrics("derive", required.DERIVE) if derived else {}
        return CellResults(
            name=name,
            cell=params.cell(name),
            schedule=params.run(name).schedule,
            train={} if saved or derived else self.metrics("train", required.TRAIN),
            history=None if saved or (derived and not made.get("epochs")) else self._history(),
            opened=self.metrics("open", required.OPEN) if saved else {},
            derived=made,
            evaluate=self.metrics("evaluate", required.EVALUATE),
            explain={f: content for f in EXPLAINED if (content := self.metrics(f"explain_{f}"))},
            assess=self._assess(),
            published=self.metrics("published_sanity", required.PUBLISHED) if published else {},
            seeds=over_seeds(params, name) or {},
            folds=over_folds(params, name) or {},
            fold_runs=progress(params, name),
            few_images=by_images_per_class(params, name) or {},
            compared=self.metrics("compare_runs", required.COMPARED)
            if name in params.compared
            else {},
            corrupted=(
                self.metrics("evaluate_corrupted", required.CORRUPTED)
                if name in params.corrupted
                else {}
            ),
            domains=self._domains(),
            concepts=self._of_layers("explain_concepts", params.concepts, required.CONCEPTS),
            inversion=self._of_layers("explain_inversion", params.inversions, required.INVERSION),
            influence=self._of_layers("explain_influence", params.influenced, required.INFLUENCE),
            crosscheck=self._crosscheck(),
            timing=timing,
            explained=tuple(f for f in EXPLAINED if self.there(paths.explanations(name, f))),
            predicted=self.there(paths.predictions(name)),
            trusted=self._trusted(),
            missing=tuple(self.missing),
        )

    def _domains(self) -> dict[str, dict[str, Any]]:
        found = {}
        for domain in self.params.domains_of(self.name):
            pair = on_domain(self.name, domain)
            if self.there(paths.metrics("evaluate_on", pair)):
                found[domain] = artifacts.read_metrics("evaluate_on", pair, required.ON_DOMAIN)
        return found

    def _of_layers(
        self, stage: str, listed: Collection[str], keys: tuple[str, ...]
    ) -> dict[str, Any]:
        """Read what was found in layers; of a network that has none of it only why not."""
        if self.name not in listed:
            return {}
        content = self.metrics(stage)
        if content and "unsupported" not in content:
            artifacts.read_metrics(stage, self.name, keys)
        return content

    def _crosscheck(self) -> dict[str, Any]:
        """Read what the libraries gave; a study of an earlier version has no such stage."""
        if not paths.metrics("crosscheck", self.name).exists():
            return {}
        content = self.metrics("crosscheck", required.CROSSCHECK)
        return content | {"seconds": artifacts.read_timing("crosscheck", self.name)}

    def _trusted(self) -> tuple[str, ...]:
        """Say of which families per-image values are there, and whether of shuffled labels."""
        families = [f for f in STAGE_FAMILIES if self.there(paths.trust(self.name, f))]
        more = [SHUFFLED] if families and paths.trust(self.name, SHUFFLED).exists() else []
        return (*families, *more)

    def _assess(self) -> dict[str, Any]:
        """Read what was assessed, the comparison with shuffled labels among it if there is one."""
        content = self.metrics("assess", required.ASSESS)
        if self.name in self.params.shuffled and content:
            for part, more in self.metrics(
                "assess_shuffled", ("measures", "uninformative")
            ).items():
                content[part] = content[part] | more
        return content

    def _history(self) -> "pd.DataFrame | None":
        path = paths.history(self.name)
        there = self.there(path)
        return tables.read_table(path, f"train@{self.name}", required.HISTORY) if there else None
