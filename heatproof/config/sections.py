"""The sections of params.yaml, each a block of its own.

Every hyperparameter of the study is there and nowhere else. The blocks that belong to a package
are described in it: its `options.py`, a source's options in `datasets/sources/<source>.py`, a
network's hyperparameters in `models/architectures/<architecture>.py`.
"""

from typing import Annotated

from pydantic import AfterValidator, Field

from heatproof.cluster.options import DEFAULT as DEFAULT_CLUSTER
from heatproof.cluster.options import ClusterOptions
from heatproof.comparisons.options import DEFAULT as DEFAULT_DERIVED_COMPARISON
from heatproof.comparisons.options import DerivedComparisonOptions, RunComparisonOptions
from heatproof.concepts.options import DEFAULT as DEFAULT_CONCEPTS
from heatproof.concepts.options import ConceptCell, ConceptOptions
from heatproof.config.explain import Explain
from heatproof.config.members import Member
from heatproof.config.models import Budget, Model
from heatproof.config.runs import Cell, CellRun, ComparedRun, DerivedCell, OnDomain, SavedCell
from heatproof.config.schema import Block, Name, Seed
from heatproof.crosscheck.options import CrosscheckOptions
from heatproof.datasets.options import Dataset
from heatproof.domains.options import DEFAULT as DEFAULT_DOMAINS
from heatproof.domains.options import DomainOptions
from heatproof.evaluation.options import EvaluateOptions
from heatproof.influence.options import DEFAULT as DEFAULT_INFLUENCE
from heatproof.influence.options import InfluenceOptions
from heatproof.inversion.options import DEFAULT as DEFAULT_INVERSION
from heatproof.inversion.options import InversionOptions
from heatproof.training.options import Training
from heatproof.trust.options import AssessOptions, PublishedSanityOptions
from heatproof.tuning.options import Search


def _checked_model_name(name: str) -> str:
    """Refuse what Keras does not take, or what would make a cell's name ambiguous."""
    if "-" in name or not name.isascii() or name.startswith("_"):
        raise ValueError("a model's name is made of a to z, A to Z, digits and _, not _ first")
    return name


ModelName = Annotated[Name, AfterValidator(_checked_model_name)]


class Sections(Block):
    """The whole of params.yaml, each of its blocks valid."""

    budget: Budget
    """Which of a model’s schedules is used: `cpu`, short; `paper`, as published; `best`, for more
    accuracy (both for a GPU)."""
    seed: Seed
    """Of all that is random: splits, shuffling, initial weights, augmentation, bootstrap."""
    threads: Annotated[int, Field(ge=1, le=256)]
    """Threads inside one operation of TensorFlow. The number decides the last bits of the
    weights."""
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    """Images with labels, by a name of your choice."""
    training: Training
    """How every model is trained. A model’s own `training`, and a schedule’s, say what differs
    there."""
    models: Annotated[dict[ModelName, Model], Field(min_length=1)]
    """Networks and how long they are trained, by a name of your choice."""
    evaluate: EvaluateOptions
    """What is measured of every trained run."""
    explain: Explain
    """Which test images are explained, and how."""
    compare_runs: RunComparisonOptions
    """How alike two runs of a cell are, and a derived network and its origin."""
    compare_derived: DerivedComparisonOptions = DEFAULT_DERIVED_COMPARISON
    """What else is compared of a derived network and its origin."""
    assess: AssessOptions
    """Whether the explanations can be believed."""
    published_sanity: PublishedSanityOptions
    """The published weight-randomisation table."""
    crosscheck: CrosscheckOptions = CrosscheckOptions()
    """Each cell’s methods and figures beside those of tf-keras-vis, lime, shap and scikit-learn."""
    cells: Annotated[dict[Name, Cell], Field(min_length=1)]
    """The study: each cell is a model on a dataset, under the name `<model>-<dataset>`."""
    runs: dict[Name, CellRun]
    """Every training. A cell’s own run has the cell’s name, and is the one that is explained;
    further runs are called `<cell>-seed<seed>`, `<cell>-shuffled<seed>`,
    `<cell>-fold<fold>of<folds>` or `<cell>-<number>perclass`."""
    saved: dict[Name, SavedCell] = Field(default_factory=dict)
    """Cells of networks that exist already (`architecture: saved`). They are listed under `cells`
    too, and not under `runs`: they are opened, never trained."""
    derived: dict[Name, DerivedCell] = Field(default_factory=dict)
    """Cells of networks that are derived from others (`architecture: derived`), and not under
    `runs`. Those that are listed under `cells` too are explained and assessed; the others are
    evaluated alone."""
    members: dict[Name, Member] = Field(default_factory=dict)
    """Runs whose networks are members of an ensemble, as `<the ensemble’s cell>-of-<run>`."""
    shuffled: dict[Name, ComparedRun]
    """Cells whose maps are compared with those of a run on shuffled labels, by the cell’s name."""
    compared: dict[Name, ComparedRun]
    """Cells whose filters and maps are compared with those of another seed, by the cell’s name."""
    published: dict[Name, Cell]
    """Cells whose weight randomisation is measured in the published setting too, by the cell’s
    name."""
    domains: DomainOptions = DEFAULT_DOMAINS
    """What is measured of a network on other images than those it was trained for."""
    corrupted: dict[Name, Cell] = Field(default_factory=dict)
    """Cells that are evaluated on corrupted copies of their test images, by the cell’s name."""
    evaluate_on: dict[Name, OnDomain] = Field(default_factory=dict)
    """Cells that are evaluated on another dataset with the same class names, as
    `<cell>-on-<domain>`."""
    cluster: ClusterOptions = DEFAULT_CLUSTER
    """How the study runs on a Ray cluster. No result depends on it, and nothing becomes stale."""
    explain_concepts: ConceptOptions = DEFAULT_CONCEPTS
    """How concepts are sought in networks."""
    concepts: dict[Name, ConceptCell] = Field(default_factory=dict)
    """Cells in whose networks concepts are sought, by the cell’s name, and which concepts."""
    explain_inversion: InversionOptions = DEFAULT_INVERSION
    """How images are sought again from what layers say of them, and pictures made with a style."""
    inversions: dict[Name, Cell] = Field(default_factory=dict)
    """Cells whose layers are inverted, by the cell’s name."""
    explain_influence: InfluenceOptions = DEFAULT_INFLUENCE
    """How training images that speak for a prediction are found."""
    influenced: dict[Name, Cell] = Field(default_factory=dict)
    """Cells of whose training images the influence is computed, by the cell’s name."""
    tune: dict[Name, Search] = Field(default_factory=dict)
    """Which parameters of a cell `heatproof tune` searches for, and among which values, by the
    cell’s name: `network.<option>`, `training.<option>` or `schedules.<option>` of its model. No
    result depends on it, and nothing becomes stale."""
