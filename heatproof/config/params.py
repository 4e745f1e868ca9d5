"""params.yaml as typed, validated objects: the only reader of it.

Every hyperparameter of the study is there and nowhere else. The blocks that belong to a room are
described in that room: a source's options in `datasets/<source>.py`, a network's parameters in
`models/<architecture>.py`, a family's options in `explainers/<family>.py`. Reading parameters never
imports TensorFlow.
"""

import importlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from heatproof.attribution import gradients_family, shap_family
from heatproof.attribution.perturbation import lime
from heatproof.config.cell_checks import check_cell, check_known, check_seeds, check_twin
from heatproof.config.schema import Block, Count, Fraction
from heatproof.config.validation import validated
from heatproof.counterfactuals.options import CounterfactualOptions
from heatproof.features.options import FeaturesOptions, TwinsOptions
from heatproof.run.errors import UserError, nearest, shown_value
from heatproof.storage.formats import read_yaml
from heatproof.training.options import Augmentation, Schedule, Training
from heatproof.trust.options import AssessOptions, PublishedSanityOptions

PARAMS = Path("params.yaml")

LONGEST_NAME = 120  # bytes; with an ending it is a file's name, of at most 255


def _as_a_name(name: str) -> str:
    """Refuse what would not do in a file's name, a DVC stage's name or a dotted key."""
    if name.startswith("-") or not f"_{name}".replace("-", "_").isidentifier():
        raise ValueError("a name is made of letters, digits, _ and - and does not begin with -")
    if len(name.encode()) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} bytes")
    return name


def _as_a_models_name(name: str) -> str:
    """Refuse what Keras does not take, or what would make a cell's name ambiguous."""
    if "-" in name or not name.isascii() or name.startswith("_"):
        raise ValueError("a model's name is made of a to z, A to Z, digits and _, not _ first")
    return name


# Each picks one of a model's schedules for every dataset: `paper` as published, `cpu` short, `best`
# for accuracy.
Budget = Literal["cpu", "paper", "best"]
# Half of NumPy's and Keras' 32 bits: layers add to it for generators of their own.
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Name = Annotated[str, AfterValidator(_as_a_name)]
ModelName = Annotated[Name, AfterValidator(_as_a_models_name)]


class Preprocess(Block):
    """How a dataset is split. `test_fraction` counts only where the source has no test part."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)]


class Normalisation(Block):
    """Per channel: the network sees (x - mean) / std of an image x in [0, 1]."""

    mean: Annotated[list[Fraction], Field(min_length=1, max_length=4)]
    # Pixels differ by 1/255: a much smaller deviation would make them infinite.
    std: Annotated[list[Annotated[float, Field(ge=1e-4, le=1)]], Field(min_length=1, max_length=4)]

    @model_validator(mode="after")
    def _one_a_channel(self) -> "Normalisation":
        if len(self.mean) != len(self.std):
            raise ValueError("mean and std need one number a channel each")
        return self


class ImageChoice(Block):
    """Which test images are explained, for each class."""

    right_per_class: Annotated[int, Field(ge=0, le=100)]
    wrong_per_class: Annotated[int, Field(ge=0, le=100)]

    @model_validator(mode="after")
    def _some(self) -> "ImageChoice":
        if self.right_per_class + self.wrong_per_class == 0:
            raise ValueError("right_per_class and wrong_per_class are both 0: nothing to explain")
        return self


class Explain(Block):
    """Which images are explained, and the options of each family of `heatproof/attribution/`."""

    images: ImageChoice
    gradients: gradients_family.Options
    lime: lime.Options
    shap: shap_family.Options
    features: FeaturesOptions
    counterfactual: CounterfactualOptions
    twins: TwinsOptions


class Evaluate(Block):
    train_images: Count
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)]
    calibration_bins: Annotated[int, Field(ge=2, le=1000)]


class Dataset(Block):
    fetch: Any
    preprocess: Preprocess
    normalisation: Normalisation
    augmentation: Augmentation


class Model(Block):
    architecture: str
    network: Any
    training: Training
    schedules: dict[Budget, dict[Name, Schedule]]

    def training_under(self, schedule: Schedule) -> Training:
        """Return how the model is trained under one of its schedules, which may differ."""
        return Training.model_validate(self.training.model_dump() | schedule.training)


class Cell(Block):
    """A model on a dataset. `architecture` is the model's, so that dvc.yaml can name its file."""

    model: str
    dataset: str
    architecture: str


class Twin(Cell):
    """A cell that is trained once more, from another seed or on labels without meaning."""

    seed: Seed


class Seeds(Cell):
    """A cell that is trained from further seeds, to see how much of its numbers is chance."""

    seeds: Annotated[list[Seed], Field(min_length=2, max_length=100)]


class Params(Block):
    """The whole of params.yaml, valid: every name that a cell uses exists."""

    budget: Budget
    seed: Seed
    threads: Annotated[int, Field(ge=1, le=256)]
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    models: Annotated[dict[ModelName, Model], Field(min_length=1)]
    evaluate: Evaluate
    explain: Explain
    assess: AssessOptions
    published_sanity: PublishedSanityOptions
    cells: Annotated[dict[Name, Cell], Field(min_length=1)]
    twins: dict[Name, Twin]
    shuffled: dict[Name, Twin]
    published: dict[Name, Cell]
    seeds: dict[Name, Seeds]

    def cell(self, name: str) -> Cell:
        """Return the cell called `name`. Raises UserError, with the nearest name, if unknown."""
        return _named(self.cells, "cell", name)

    def twin(self, cell: str) -> Twin:
        """Return what makes a cell's twin. Raises UserError if there is no such cell or twin."""
        self.cell(cell)
        return _named(self.twins, "twin", cell)

    def shuffled_cell(self, cell: str) -> Twin:
        """Return what trains a cell on shuffled labels. Raises UserError if there is no such."""
        self.cell(cell)
        return _named(self.shuffled, "cell with shuffled labels", cell)

    def seeds_of(self, cell: str) -> list[int]:
        """Return the further seeds of a cell. Raises UserError if there is no such."""
        self.cell(cell)
        return _named(self.seeds, "cell with further seeds", cell).seeds

    def dataset(self, name: str) -> Dataset:
        """Return the dataset called `name`. Raises UserError if unknown."""
        return _named(self.datasets, "dataset", name)

    def model_of(self, cell: str) -> Model:
        """Return the model of a cell. Raises UserError if the cell is unknown."""
        return self.models[self.cell(cell).model]

    def dataset_of(self, cell: str) -> Dataset:
        """Return the dataset of a cell. Raises UserError if the cell is unknown."""
        return self.datasets[self.cell(cell).dataset]

    def schedule_of(self, cell: str) -> Schedule:
        """Return a cell's schedule under the budget in force."""
        return self.model_of(cell).schedules[self.budget][self.cell(cell).dataset]

    def training_of(self, cell: str) -> Training:
        """Return how a cell is trained under the budget in force."""
        return self.model_of(cell).training_under(self.schedule_of(cell))


def load(path: Path = PARAMS) -> Params:
    """Read and validate a parameters file.

    Raises:
        UserError: naming the file, each wrong key and its value, what was expected, what to do.
    """
    content = _read(path)
    params = validated(path, "", Params, content)
    datasets = {
        name: dataset.model_copy(update={"fetch": _fetch_options(path, name, dataset.fetch)})
        for name, dataset in params.datasets.items()
    }
    models = {
        name: model.model_copy(update={"network": _network(path, name, model)})
        for name, model in params.models.items()
    }
    for name, model in params.models.items():
        _check_trainings(path, name, model)
    for name, cell in params.cells.items():
        check_cell(path, params, f"cells.{name}", name, cell)
    for place in ("twins", "shuffled"):
        for name, twin in getattr(params, place).items():
            check_twin(path, params, place, name, twin)
    for name, cell in params.published.items():
        check_known(path, params, "published", name)
        check_cell(path, params, f"published.{name}", name, cell)
    for name, cell in params.seeds.items():
        check_seeds(path, params, name, cell)
    return params.model_copy(update={"datasets": datasets, "models": models})


def _read(path: Path) -> dict[str, Any]:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected a mapping of parameters; restore it with git checkout")
    return content


def _fetch_options(path: Path, dataset: str, content: Any) -> Block:
    key = f"datasets.{dataset}.fetch"
    source = content.get("source") if isinstance(content, dict) else None
    options = _described(path, f"{key}.source", source, "heatproof.datasets.sources", "Options")
    return validated(path, f"{key}.", options, content)


def _network(path: Path, name: str, model: Model) -> Block:
    key, room = f"models.{name}.architecture", "heatproof.models.architectures"
    described = _described(path, key, model.architecture, room, "Network")
    return validated(path, f"models.{name}.network.", described, model.network)


def _check_trainings(path: Path, name: str, model: Model) -> None:
    usual = model.training.model_dump()
    for budget, schedules in model.schedules.items():
        for dataset, schedule in schedules.items():
            prefix = f"models.{name}.schedules.{budget}.{dataset}.training."
            validated(path, prefix, Training, usual | schedule.training)


def _described(path: Path, key: str, name: Any, room: str, block: str) -> type[Block]:
    """Return the block that the room's module `name` describes."""
    folder = Path(*importlib.import_module(room).__path__)
    # By their text, so that a module which needs Keras is not imported to see that it has none.
    known = sorted(
        module.stem
        for module in folder.glob("*.py")
        if f"\nclass {block}(" in module.read_text(encoding="utf-8")
    )
    if name in known:
        return getattr(importlib.import_module(f"{room}.{name}"), block)
    raise UserError(
        f"{path}: {key} = {shown_value(name)}: unknown{nearest(name, known)}; "
        f"known: {', '.join(known)}"
    )


def _named(known: dict[str, Any], kind: str, name: str) -> Any:
    if name not in known:
        raise UserError(
            f"{PARAMS}: there is no {kind} '{name}'{nearest(name, list(known))}; "
            f"known: {', '.join(known)}"
        )
    return known[name]
