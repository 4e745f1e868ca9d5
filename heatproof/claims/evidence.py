"""What the stages measured, for claims to be compared with: read when asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.claims.description import Claim, Confusion, Figure, Statement
from heatproof.claims.verdicts import MissingEvidence
from heatproof.config.params import Params
from heatproof.config.runs import on_domain
from heatproof.statistics.numbers import plural
from heatproof.storage import artifacts, domain_files, paths, tables
from heatproof.training.options import Schedule

if TYPE_CHECKING:
    import pandas as pd

_OF_DERIVED = {"train": "derive", "evaluate": "evaluate_derived"}


@dataclass(frozen=True)
class Evidence:
    """The study's parameters, all claims, and every result, relative to the current folder."""

    study: Params
    claims: Mapping[str, Claim]

    def require(self, *cells: str) -> None:
        """Raise MissingEvidence if the study has not all of these cells."""
        for cell in cells:
            if cell not in self.study.cells and cell not in self.study.derived:
                raise MissingEvidence(f"params.yaml has no cell '{cell}'.")

    def evaluate(self, cell: str) -> dict[str, Any]:
        """What evaluate measured. Raises MissingEvidence, or UserError for a damaged file."""
        keys = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1", "parameters", "flops")
        keys += ("train_accuracy", "train_images", "test_images", "confusion_test", "class_names")
        keys += ("majority_accuracy",)
        return self._metrics("evaluate", cell, keys)

    def train(self, cell: str) -> dict[str, Any]:
        """What train wrote of a cell. Raises as `evaluate` and `schedules` do."""
        self.schedules(cell)
        return self._metrics("train", cell, ("best_epoch", "epochs_run"))

    def figures_of(self, cell: str) -> dict[str, Any]:
        """The figures of the way in which a cell was derived. Raises as `evaluate` does."""
        return self._metrics("train", cell, ("figures",))["figures"]

    def origin_of(self, cell: str) -> str:
        """The cell that one is derived from. Raises MissingEvidence if it is derived from none."""
        if cell not in self.study.derived:
            raise MissingEvidence(f"params.yaml has no '{cell}' under derived.")
        return self.study.origin_of(cell)

    def features(self, cell: str) -> dict[str, Any]:
        """What explain_features wrote of a cell. Raises as `evaluate` does."""
        return self._metrics("explain_features", cell, ("activity",))

    def assess(self, cell: str) -> dict[str, Any]:
        """What assess wrote of a cell. Raises as `evaluate` does."""
        return self._metrics("assess", cell, ("above_chance",))

    def history(self, cell: str) -> "pd.DataFrame":
        """A cell's training, one row per epoch. Raises as `schedules` does."""
        self.schedules(cell)
        path = paths.history(cell)
        self.file(path, self._stage("train", cell))
        return tables.read_table(path, f"train@{cell}", ("epoch", "val_accuracy"))

    def findings(self, cell: str, family: str) -> dict[str, np.ndarray]:
        """The arrays of a family of findings. Raises as `evaluate` does."""
        self.require(cell)
        self.file(paths.explanations(cell, family), f"explain_{family}@{cell}")
        return artifacts.read_findings(cell, family)

    def domain(self, cell: str, domain: str) -> dict[str, np.ndarray]:
        """The arrays of a cell on another dataset. Raises as `evaluate` does."""
        self.require(cell)
        name = on_domain(cell, domain)
        if name not in self.study.evaluate_on:
            raise MissingEvidence(f"params.yaml has no '{name}' under evaluate_on.")
        self.file(paths.domain(cell, domain), f"evaluate_on@{name}")
        return domain_files.read(cell, domain)

    def file(self, path: Path, made_by: str) -> None:
        """Raise MissingEvidence if there is no such file; `made_by` is the stage to run."""
        if not path.exists():
            raise MissingEvidence(f"{path.as_posix()} is missing: `dvc repro {made_by}` makes it.")

    def schedules(self, cell: str) -> tuple[Schedule, Schedule | None]:
        """A cell's schedule under the budget in force, and the published one if there is one.

        Raises MissingEvidence as `require` does, and of a saved network.
        """
        self.require(cell)
        schedule = self.study.run(cell).schedule
        if schedule is None:
            raise MissingEvidence(f"{cell} is a saved network, which was not trained here.")
        return schedule, self.study.schedule_under("paper", cell)

    def opened(self, cell: str) -> bool:
        """Whether a cell's network comes from a file, as it was published, not trained here."""
        self.require(cell)
        return self.study.run(cell).schedule is None

    def as_published(self, *cells: str) -> bool:
        """Whether all of these cells are trained as published. Raises as `require` does."""
        pairs = [self.schedules(cell) for cell in cells]
        return all(now == published for now, published in pairs)

    def shortened(self, cells: Iterable[str]) -> str:
        """One sentence on how the training of the first cell that differs is not the published."""
        for cell in cells:
            now, published = self.schedules(cell)
            if published is None:
                return f"params.yaml has no published schedule for {cell}."
            if now != published:
                alike = _length(now) == _length(published)
                lengths = [
                    f"{_length(s)}, decay {s.decay}" if alike else _length(s)
                    for s in (now, published)
                ]
                return f"{cell} was trained for {lengths[0]}; the paper budget has {lengths[1]}."
        return ""

    def named(self, source: str, model: str) -> list[str]:
        """The cells of a model that a source has figures of, in the order of claims.yaml."""
        figures = (c for c in self.claims.values() if isinstance(c, Figure) and c.cell)
        cells = [figure.cell for figure in figures if figure.source == source]
        return list(dict.fromkeys(c for c in cells if c.split("-", 1)[0] == model))

    def cells_of(self, claim: Claim) -> list[str]:
        """The cells that a claim is about, whether the study has them or not."""
        if isinstance(claim, Figure):
            return [claim.cell] if claim.cell else self.named(claim.source, claim.model)
        if isinstance(claim, Confusion):
            return [f"{model}-{claim.dataset}" for model in claim.models]
        assert isinstance(claim, Statement)
        models = dict.fromkeys([claim.model, *claim.models] if claim.model else claim.models)
        return [f"{model}-{dataset}" for dataset in claim.datasets for model in models]

    def _metrics(self, stage: str, cell: str, keys: tuple[str, ...]) -> dict[str, Any]:
        self.require(cell)
        self.file(paths.metrics(stage, cell), self._stage(stage, cell))
        return artifacts.read_metrics(stage, cell, keys)

    def _stage(self, stage: str, cell: str) -> str:
        """Return the stage that writes what `stage` does of a trained cell."""
        return f"{_OF_DERIVED.get(stage, stage) if cell in self.study.derived else stage}@{cell}"


def _length(schedule: Schedule) -> str:
    images = "all images" if schedule.train_images == "all" else f"{schedule.train_images:,} images"
    return f"{plural(schedule.epochs, 'epoch')} on {images}"
