"""How networks are trained, in params.yaml: augmentation, optimiser, schedules."""

from typing import Annotated, Any, Literal

from pydantic import Field

from heatproof.config.schema import Block, Count, Fraction


class Augmentation(Block):
    """What may be changed in a training image without changing what it shows; 0 or false is off."""

    shift_pixels: Annotated[int, Field(ge=0, le=64)]
    flip: bool
    brightness: Fraction
    contrast: Annotated[float, Field(ge=0, lt=1)]
    cutout_pixels: Annotated[int, Field(ge=0, le=64)]
    mixup_alpha: Annotated[float, Field(ge=0, le=10)]


class Training(Block):
    """How a network is trained, whatever the budget and the dataset; a schedule may differ."""

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


class Schedule(Block):
    """How long a network is trained on one dataset under one budget.

    training: what differs there from the model's own block of that name, of the same parameters.
    """

    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    batch_size: Annotated[int, Field(ge=1, le=8192)]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    decay: Literal["constant", "cosine", "one_cycle", "reduce_on_plateau"]
    augment: bool
    train_images: Count | Literal["all"]
    training: dict[str, Any] = Field(default_factory=dict)
