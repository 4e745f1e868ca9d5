"""How networks are trained, in params.yaml: optimiser and schedules."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block, Count, Fraction, partial


class Training(Block):
    """How a network is trained, whatever the budget and the dataset.

    balance: what is done about classes of unequal size. min_validation_images: with fewer, no epoch
    is chosen and no training stopped by them.
    """

    optimizer: Literal["adam", "sgd"]
    momentum: Annotated[float, Field(ge=0, lt=1)]
    weight_decay: Fraction
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)]
    early_stopping_patience: Annotated[int, Field(ge=0, le=1_000_000)]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    plateau_factor: Annotated[float, Field(gt=0, lt=1)]
    plateau_patience: Count
    mixed_precision: bool
    balance: Literal["none", "class_weights", "sampling"] = "none"
    min_validation_images: Annotated[int, Field(ge=0, le=1_000_000)] = 100


class Schedule(Block):
    """How long a network is trained on one dataset under one budget."""

    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    batch_size: Annotated[int, Field(ge=1, le=8192)]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    decay: Literal["constant", "cosine", "one_cycle", "reduce_on_plateau"]
    augment: bool = False
    train_images: Count | Literal["all"] = "all"


# What a model or a schedule says of its training, and a schedule of itself: only what differs.
if TYPE_CHECKING:
    PartialTraining = Block
    PartialSchedule = Block
else:
    PartialTraining = partial(Training)
    PartialSchedule = partial(Schedule, training=(PartialTraining, PartialTraining()))
