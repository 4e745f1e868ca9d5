"""Runs of cells, in params.yaml and resolved: one training with everything that it uses."""

import json
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from heatproof.config.models import Budget
from heatproof.config.schema import Block, Name, Seed
from heatproof.datasets.options import Augmentation, Normalisation
from heatproof.models.options import Network
from heatproof.training.options import Schedule, Training

SHUFFLED = "shuffled"

# YAML reads `true` as a truth value.
Labels = Annotated[
    Literal["true", "shuffled"],
    BeforeValidator(lambda value: "true" if value is True else value),
]


class Cell(Block):
    """A model on a dataset."""

    model: str
    dataset: str


class CellRun(Cell):
    """One training of a cell, as params.yaml lists it under `runs`.

    seed: of all that is random in it; the study's where it is not given. labels: as they are, or
    in random order (label randomisation, Adebayo et al. 2018, https://arxiv.org/abs/1810.03292,
    section 3.2): a network that learned nothing of the classes should be explained otherwise than
    one that did.
    """

    seed: Seed | None = None
    labels: Labels = "true"


class ComparedRun(Cell):
    """A cell and another of its runs, to be compared with the cell's own."""

    run: Name


class Run(Block):
    """A run with everything that its training uses; what decides its weights beside code and data.

    name, cell, model and dataset are names in params.yaml; the rest is their options, defaults
    filled in. The budget is left out of dumps: only what it picks counts.
    """

    name: str
    cell: str
    model: str
    dataset: str
    seed: int
    labels: Literal["true", "shuffled"]
    threads: int
    budget: Annotated[Budget, Field(exclude=True)]
    network: Network
    training: Training
    schedule: Schedule
    normalisation: Normalisation
    augmentation: Augmentation

    @property
    def is_cells_own(self) -> bool:
        """Whether this is the run that is explained and assessed as the cell."""
        return self.name == self.cell

    def description(self) -> str:
        """Return what decides the training beside code and data, as data/runs/<run>.json has it."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"
