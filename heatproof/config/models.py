"""A model in params.yaml: its network, and how it is trained, by budget and dataset."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from heatproof.config.derived import Way
from heatproof.config.schema import Block, Name
from heatproof.config.validation import validated
from heatproof.models.options import DERIVED, SAVED, Network, is_pretrained
from heatproof.run.errors import UserError
from heatproof.training.options import PartialSchedule, PartialTraining, Schedule, Training

# Each picks one of a model's schedules for every dataset: `paper` as published, `cpu` short, `best`
# for accuracy.
Budget = Literal["cpu", "paper", "best"]
DEFAULT = "default"  # the schedule of datasets that have none of their own


class Model(Block):
    """An architecture with its hyperparameters, and its schedules by budget and dataset."""

    network: Network
    """The architecture and its hyperparameters."""
    training: PartialTraining = PartialTraining()
    """What differs from the study’s `training` for this model."""
    schedules: dict[Budget, dict[Name, PartialSchedule]] = Field({}, validate_default=True)
    """How long it is trained, by budget and dataset. A dataset’s schedule says what differs from
    the budget’s `default`, which serves all other datasets. A saved or derived network has none."""

    @property
    def is_saved(self) -> bool:
        """Whether it is a network that exists already, and is never trained."""
        return self.network.architecture == SAVED

    @property
    def is_derived(self) -> bool:
        """Whether it is made from the network of another model, and never trained by `train`."""
        return self.network.architecture == DERIVED

    @property
    def origin(self) -> str | None:
        """The model that it is derived from, if it is."""
        return getattr(self.network, "origin", None) if self.is_derived else None

    @property
    def way(self) -> Way | None:
        """How it is derived, if it is."""
        return getattr(self.network, "way", None) if self.is_derived else None

    @property
    def is_trained(self) -> bool:
        """Whether it has schedules, and runs."""
        return not (self.is_saved or self.is_derived)

    @field_validator("training", "schedules")
    @classmethod
    def _only_of_trained(cls, value: Any, info: ValidationInfo) -> Any:
        network = info.data.get("network")
        if network is None:
            return value
        untrained = network.architecture in (SAVED, DERIVED)
        if untrained and value not in ({}, PartialTraining()):
            kind = network.architecture
            raise ValueError(f"a {kind} network (architecture: {kind}) is never trained; remove it")
        if info.field_name == "schedules" and not (untrained or value):
            raise PydanticCustomError("missing", "Field required")
        return value


def scheduled(
    path: Path, defaults: Training, name: str, model: Model, budget: Budget, dataset: str
) -> tuple[Schedule, Training] | None:
    """Return how a model is trained on a dataset under a budget; None where there is no schedule.

    The dataset's schedule is laid over the budget's default, and its training over the model's,
    which is laid over the study's.

    Args:
        path: the parameters file, for messages.
        defaults: the study's training.
        name: the model's, for messages.
        model: its options.
        budget: which schedules.
        dataset: on which it is trained.

    Raises:
        UserError: what they say together is not complete or not valid.
    """
    schedules = model.schedules.get(budget, {})
    names = [key for key in (DEFAULT, dataset) if key in schedules]
    if not names:
        return None
    schedule: dict[str, Any] = {}
    training = defaults.model_dump() | model.training.model_dump(exclude_unset=True)
    for key in names:
        layer = schedules[key].model_dump(exclude_unset=True)
        training |= layer.pop("training", {})
        if layer.get("head"):
            layer["head"] = (schedule.get("head") or {}) | layer["head"]
        schedule |= layer
    place = f"models.{name}.schedules.{budget}.{names[-1]}."
    valid = validated(path, place, Schedule, schedule)
    if valid.head and not is_pretrained(model.network):
        raise UserError(
            f"{path}: {place}head: it is what is trained first of a network with pretrained "
            "weights (architecture: pretrained, weights: imagenet or a file), and "
            f"models.{name} has none: remove it"
        )
    return valid, validated(path, f"{place}training.", Training, training)
