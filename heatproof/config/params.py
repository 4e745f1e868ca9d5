"""params.yaml as typed, validated objects: the only reader of it.

What it has is described in `sections`; here is what is looked up in it, and how it is read.
Reading parameters never imports TensorFlow.
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from heatproof.concepts.options import ConceptCell
from heatproof.config.checks import (
    check_concepts,
    check_datasets_named,
    check_domains,
    check_runs,
)
from heatproof.config.derived import trained_as
from heatproof.config.derived_checks import (
    check_derived_cells,
    check_derived_models,
    check_members,
)
from heatproof.config.members import Member
from heatproof.config.models import Budget, scheduled
from heatproof.config.runs import Cell, CellRun, ComparedRun, DerivedRun, Run
from heatproof.config.sections import Sections
from heatproof.config.tuned import check_tune
from heatproof.config.validation import validated
from heatproof.config.yaml_file import read_yaml
from heatproof.datasets.options import Dataset
from heatproof.run.errors import UserError, require_known
from heatproof.run.stage import PARAMS, STAGE, begun_with
from heatproof.training.options import Schedule, Training

_OF_0_1 = ("twins", "seeds")  # what params.yaml of that release has, in the place of `runs`

T = TypeVar("T")


class Params(Sections):
    """The whole of params.yaml, valid: every name that a cell or run uses exists."""

    def cell(self, name: str) -> Cell:
        """Return the cell called `name`. Raises UserError, with the nearest name, if unknown."""
        return _named(self.cells, "cell", name)

    def dataset(self, name: str) -> Dataset:
        """Return the dataset called `name`. Raises UserError if unknown."""
        return _named(self.datasets, "dataset", name)

    def run(self, name: str) -> Run:
        """Resolve the run called `name`; a cell's own is called as the cell.

        The cell of a saved network has its own alone, which has no schedule; that of a derived
        network too, with the schedule of what it was derived from.

        Raises:
            UserError: unknown, with the nearest name.
        """
        untrained: dict[str, Cell] = {**self.saved, **self.derived}
        only = {cell: CellRun(model=c.model, dataset=c.dataset) for cell, c in untrained.items()}
        return self._run(name, _named(self.runs | only, "run", name))

    @property
    def run_names(self) -> tuple[str, ...]:
        """What `run` resolves: trainings, and the cells of saved and derived networks."""
        return (*self.runs, *self.saved, *self.derived)

    def _run(self, name: str, run: CellRun) -> Run:
        model, dataset = self.models[run.model], self.datasets[run.dataset]
        kind, more = Run, {}
        if model.is_derived:
            root = self._run(*self._root(run))
            kind, more = DerivedRun, {"root": root}
            schedule, training = root.schedule, root.training
        elif model.is_saved:
            schedule, training = None, self.training.model_copy(update={"balance": "none"})
        else:
            resolved = self._scheduled(self.budget, run)
            assert resolved is not None, "it was checked when the file was read"
            schedule, training = resolved
        return kind(
            name=name,
            cell=f"{run.model}-{run.dataset}",
            model=run.model,
            dataset=run.dataset,
            seed=self.seed if run.seed is None else run.seed,
            labels=run.labels,
            fold=run.fold,
            folds=run.folds,
            train_images_per_class=run.train_images_per_class,
            threads=self.threads,
            budget=self.budget,
            network=model.network,
            training=training,
            schedule=schedule,
            normalisation=dataset.normalisation,
            augmentation=(schedule and schedule.augmentation) or dataset.augmentation,
            **more,
        )

    def derived_run(self, cell: str) -> DerivedRun:
        """Resolve the run of a derived cell. Raises UserError if it is not listed."""
        _named(self.derived, "cell under derived called", cell)
        run = self.run(cell)
        assert isinstance(run, DerivedRun)
        return run

    def member(self, name: str) -> Member:
        """Return an entry under `members`. Raises UserError if it is not listed."""
        return _named(self.members, "member called", name)

    def origin_of(self, cell: str) -> str:
        """Return the cell that one is derived from. Raises UserError if it is not listed."""
        return _named(self.derived, "cell under derived called", cell).origin

    def root_of(self, cell: str) -> str:
        """Return the trained or saved cell at the end of a derived cell's origins."""
        while cell in self.derived:
            cell = self.derived[cell].origin
        return cell

    def _root(self, cell: Cell) -> tuple[str, CellRun]:
        """Return what a chain of derivations begins with, and what it is called as a cell."""
        model = cell.model
        while (origin := self.models[model].origin) is not None:
            way = self.models[model].way
            model = (way and trained_as(way)) or origin
        return f"{model}-{cell.dataset}", CellRun(model=model, dataset=cell.dataset)

    def seed_runs(self, cell: str) -> list[Run]:
        """Resolve the runs of a cell that differ in nothing but the seed, the cell's own first."""
        seeds = self._runs_of(cell, lambda run: run.only_seed_differs)
        return sorted(seeds, key=lambda run: not run.is_cells_own)

    def fold_runs(self, cell: str) -> list[Run]:
        """Resolve the runs of a cell that leave a fold out each, in the order of params.yaml."""
        return self._runs_of(cell, lambda run: run.fold is not None)

    def few_image_runs(self, cell: str) -> list[Run]:
        """Resolve the runs of a cell on few images of each class, in the order of params.yaml."""
        return self._runs_of(cell, lambda run: run.train_images_per_class is not None)

    def _runs_of(self, cell: str, wanted: Callable[[CellRun], bool]) -> list[Run]:
        _named(self.cells, "cell", cell)
        return [
            self.run(name)
            for name, run in self.runs.items()
            if f"{run.model}-{run.dataset}" == cell and wanted(run)
        ]

    def domains_of(self, cell: str) -> list[str]:
        """Return the other datasets that a cell is evaluated on, in the order of params.yaml."""
        self.cell(cell)
        return [
            each.domain
            for each in self.evaluate_on.values()
            if f"{each.model}-{each.dataset}" == cell
        ]

    def is_used(self, dataset: str) -> bool:
        """Say whether a cell is trained or evaluated on a dataset."""
        return dataset in {
            *(cell.dataset for cell in self.cells.values()),
            *(each.domain for each in self.evaluate_on.values()),
            *(concept.dataset for each in self.concepts.values()
              for concept in each.concepts.values()),
        }  # fmt: skip

    def concept_cell(self, cell: str) -> ConceptCell:
        """Return a cell's entry under `concepts`. Raises UserError if it is not listed."""
        self.cell(cell)
        return _named(self.concepts, "cell under concepts called", cell)

    def inversion_cell(self, cell: str) -> Cell:
        """Return a cell's entry under `inversions`. Raises UserError if it is not listed."""
        self.cell(cell)
        return _named(self.inversions, "cell under inversions called", cell)

    def influenced_cell(self, cell: str) -> Cell:
        """Return a cell's entry under `influenced`. Raises UserError if it is not listed."""
        self.cell(cell)
        return _named(self.influenced, "cell under influenced called", cell)

    def listed(self, place: Literal["shuffled", "compared"], cell: str) -> ComparedRun:
        """Return a cell's entry in one of the lists of cells. Raises UserError if not listed."""
        self.cell(cell)
        return _named(getattr(self, place), f"cell under {place} called", cell)

    @property
    def explained_images(self) -> tuple[int, int]:
        """How many test images of a cell are explained, at least and at most.

        At least those that `assess.images` asks for: nobody can assess what is not explained.
        """
        asked = self.assess.images
        return asked, max(asked, self.explain.images.limit(self.budget))

    def schedule_under(self, budget: Budget, cell: str) -> Schedule | None:
        """Return a cell's schedule under a budget, None where there is none."""
        _, root = self._root(self.derived.get(cell) or self.cell(cell))
        return self.schedule_of(budget, root.model, root.dataset)

    def schedule_of(self, budget: Budget, model: str, dataset: str) -> Schedule | None:
        """Return a model's schedule on a dataset under a budget, None where there is none."""
        resolved = self._scheduled(budget, Cell(model=model, dataset=dataset))
        return resolved[0] if resolved else None

    def _scheduled(self, budget: Budget, cell: Cell) -> tuple[Schedule, Training] | None:
        model = self.models[cell.model]
        return scheduled(PARAMS, self.training, cell.model, model, budget, cell.dataset)


def load(path: Path = PARAMS) -> Params:
    """Read and validate a parameters file.

    A stage reads params.yaml once, and within a run the copy that the run began with.

    Raises:
        UserError: naming the file, each wrong key and its value, what was expected, what to do.
    """
    if path != PARAMS:
        return _loaded(path, path)
    return (_loaded_once if STAGE in os.environ else _loaded)(path, begun_with(path))


def _loaded(path: Path, source: Path) -> Params:
    params = validated(path, "", Params, _read(path, source))
    for name, model in params.models.items():
        for budget, schedules in model.schedules.items():
            for dataset in schedules:
                scheduled(path, params.training, name, model, budget, dataset)
    check_derived_models(path, params)
    check_runs(path, params)
    check_derived_cells(path, params)
    check_members(path, params)
    check_datasets_named(path, params)
    check_domains(path, params)
    check_concepts(path, params)
    check_tune(path, params)
    return params


_loaded_once = cache(_loaded)


def _read(path: Path, source: Path) -> dict[str, Any]:
    content = read_yaml(path, source)
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected a mapping of parameters; restore it with git checkout")
    if "runs" not in content and (earlier := [key for key in _OF_0_1 if key in content]):
        raise UserError(
            f"{path}: {', '.join(earlier)}: this file is an earlier release's, expected one with "
            "`runs`; keep a copy, take this release's file, and make your changes in it again: "
            "CHANGELOG.md says what is called otherwise"
        )
    return content


def _named(known: dict[str, T], kind: str, name: str) -> T:
    require_known(f"{PARAMS}: there is no {kind} '{name}'", name, known)
    return known[name]
