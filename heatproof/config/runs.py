"""Runs of cells, in params.yaml and resolved: one training with everything that it uses."""

import json
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from heatproof.config.models import Budget
from heatproof.config.schema import Block, Count, Name, Seed
from heatproof.datasets.options import Augmentation, NormalisationChoice
from heatproof.models.options import Network
from heatproof.training.options import Schedule, Training

SHUFFLED = "shuffled"
MAX_FOLDS = 100

# YAML reads `true` as a truth value.
Labels = Annotated[
    Literal["true", "shuffled"],
    BeforeValidator(lambda value: "true" if value is True else value),
]


class Cell(Block):
    """A model on a dataset."""

    model: str
    """A name under `models`."""
    dataset: str
    """A name under `datasets`."""


class CellRun(Cell):
    """One training of a cell, as params.yaml lists it under `runs`."""

    seed: Seed | None = None
    """Of all that is random in the run; the study’s where it is not given."""
    labels: Labels = "true"
    """As they are (`true`), or in random order (label randomisation, Adebayo et al. 2018,
    https://arxiv.org/abs/1810.03292, section 3.2): a network that learned nothing of the classes
    should be explained differently from one that did."""
    fold: Annotated[int, Field(ge=1)] | None = None
    """Of cross-validation: the training part is divided into `folds` parts by the seed; the run
    leaves this one out, counted from 1, and is evaluated on it."""
    folds: Annotated[int, Field(ge=2, le=MAX_FOLDS)] | None = None
    """How many folds there are."""
    train_images_per_class: Count | None = None
    """The run is trained on so few images of each class, which the seed draws."""

    @property
    def only_seed_differs(self) -> bool:
        """Whether it is trained as its cell is, from this or another seed."""
        return self.labels != SHUFFLED and self.fold is None and not self.train_images_per_class

    @model_validator(mode="after")
    def _fold_of_folds(self) -> Self:
        if (self.fold is None) != (self.folds is None):
            raise ValueError("fold and folds go together, such as {fold: 1, folds: 5}")
        if self.fold is not None and self.folds is not None and self.fold > self.folds:
            raise ValueError(f"fold: there are {self.folds} folds, counted from 1")
        if self.fold is not None and self.labels == SHUFFLED:
            raise ValueError("a fold with shuffled labels is uninformative; leave one of them out")
        return self

    @model_validator(mode="after")
    def _few_of_all(self) -> Self:
        if self.train_images_per_class and (self.fold is not None or self.labels == SHUFFLED):
            raise ValueError(
                "train_images_per_class goes with neither folds nor shuffled labels; leave one of "
                "them out"
            )
        return self


class SavedCell(Cell):
    """A cell of a network that exists already."""

    file: Annotated[str, Field(min_length=1)]
    """The file of its model’s `network`. It is repeated here because DVC takes a stage’s files from
    the list of its cells."""


class DerivedCell(Cell):
    """A cell of a network that is derived from another cell's."""

    origin: Name
    """The cell that it is derived from: its model’s `network.origin` on the same dataset. It is
    repeated here because DVC takes a stage’s files from the list of its cells."""
    reads: Annotated[str, Field(min_length=1)]
    """One more file or folder whose change means deriving again; `data/code/derive.txt` where there
    is none."""


class ComparedRun(Cell):
    """A cell and another of its runs, to be compared with the cell's own."""

    run: Name
    """A name under `runs`: the other run."""


class OnDomain(Cell):
    """A cell, and another dataset of the same classes that its network is evaluated on."""

    domain: Name
    """A name under `datasets`: the other dataset."""


def on_domain(cell: str, domain: str) -> str:
    """Return the name of a cell's evaluation on another dataset."""
    return f"{cell}-on-{domain}"


class Run(Block):
    """A run with everything that its training uses; what decides its weights beside code and data.

    name, cell, model and dataset are names in params.yaml; the rest is their options, defaults
    filled in. The budget is left out of dumps: only what it picks counts. Of a network that exists
    already, which is not trained, there is no schedule.
    """

    name: str
    cell: str
    model: str
    dataset: str
    seed: int
    labels: Literal["true", "shuffled"]
    fold: int | None
    folds: int | None
    train_images_per_class: int | None
    threads: int
    budget: Annotated[Budget, Field(exclude=True)]
    network: Network
    training: Training
    schedule: Schedule | None
    normalisation: NormalisationChoice
    augmentation: Augmentation

    @property
    def is_cells_own(self) -> bool:
        """Whether this is the run that is explained and assessed as the cell."""
        return self.name == self.cell

    @property
    def counts_with_others(self) -> bool:
        """Whether it is of a series, folds or draws of few images, which says something as one."""
        return self.fold is not None or self.train_images_per_class is not None

    def description(self) -> str:
        """Return what decides the training beside code and data, as data/runs/<run>.json has it."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"


class DerivedRun(Run):
    """The run of a derived cell, which is its only one.

    network: its origin, and the way with its options. training, schedule and augmentation are those
    of `root`, and with them which images are the training and the validation part.
    root: what the chain of derivations begins with, a trained or saved cell's own run, or that of
    the model that is trained in its place, such as a student.
    """

    root: Run
