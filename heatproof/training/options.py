"""How networks are trained, in params.yaml: optimiser and schedules."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block, Count, Fraction, partial

Decay = Literal["constant", "cosine", "one_cycle", "reduce_on_plateau"]


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


class Head(Block):
    """How long the layers after a pretrained backbone are trained, before any of the backbone is.

    copies: how many random changes of each training image are seen, where the schedule says
    `augment: true`; their features are computed once. trained_layers: how many of the backbone's
    last convolutions are trained afterwards.
    """

    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.003
    batch_size: Annotated[int, Field(ge=1, le=8192)] = 32
    decay: Decay = "cosine"
    copies: Annotated[int, Field(ge=1, le=1000)] = 4
    trained_layers: Annotated[int, Field(ge=0, le=10_000)] | Literal["all"] = "all"


class Schedule(Block):
    """How long a network is trained on one dataset under one budget.

    head: what is trained first, of a pretrained network; `epochs` may be 0 then.
    """

    epochs: Annotated[int, Field(ge=0, le=1_000_000)]
    batch_size: Annotated[int, Field(ge=1, le=8192)]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    decay: Decay
    augment: bool = False
    train_images: Count | Literal["all"] = "all"
    head: Head | None = None

    @model_validator(mode="after")
    def _something_is_trained(self) -> "Schedule":
        if self.epochs == 0 and self.head is None:
            raise ValueError("epochs = 0: expected at least 1, where there is no `head`")
        return self


# What a model or a schedule says of its training, and a schedule of itself: only what differs.
if TYPE_CHECKING:
    PartialTraining = Block
    PartialSchedule = Block
else:
    PartialTraining = partial(Training)
    PartialSchedule = partial(
        Schedule, training=(PartialTraining, PartialTraining()), head=(partial(Head) | None, None)
    )
