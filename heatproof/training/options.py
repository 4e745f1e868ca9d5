"""How networks are trained, in params.yaml: optimiser and schedules."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block, Count, Fraction, partial
from heatproof.datasets.options import Augmentation

Decay = Literal["constant", "cosine", "one_cycle", "reduce_on_plateau"]


class Training(Block):
    """How a network is trained, whatever the budget and the dataset."""

    optimizer: Literal["adam", "sgd"]
    """Which optimiser."""
    momentum: Annotated[float, Field(ge=0, lt=1)]
    """Of `sgd`, Nesterov’s; `adam` has none."""
    weight_decay: Fraction
    """Decoupled weight decay, per step times the learning rate."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    """The share of each label that is spread over all classes."""
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)]
    """The share of the training part that chooses the epoch, where the dataset has no validation
    part."""
    early_stopping_patience: Annotated[int, Field(ge=0, le=1_000_000)]
    """Epochs without a better validation accuracy before training stops; 0: never. The best epoch’s
    weights are kept in any case."""
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    """Of `one_cycle`: the share of the steps in which the learning rate rises."""
    plateau_factor: Annotated[float, Field(gt=0, lt=1)]
    """Of `reduce_on_plateau`: what the learning rate is multiplied by."""
    plateau_patience: Count
    """Of `reduce_on_plateau`: epochs without improvement before that."""
    mixed_precision: bool | Literal["auto"]
    """Whether to compute in half precision: bfloat16 on a CPU, float16 on a GPU; the weights stay
    in float32. `auto`: on a GPU, or where the processor has instructions for it (AVX512_BF16 or
    AMX)."""
    whitening: bool = False
    """Whether the first convolution starts as one that whitens patches of training images, and
    keeps that kernel (Jordan 2024, https://arxiv.org/abs/2404.00498)."""
    identity: bool = False
    """Whether convolutions start by handing on their input, in as many filters as it has channels
    (Zagoruyko & Komodakis 2017, https://arxiv.org/abs/1706.00388)."""
    bias_rate: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """What the learning rate is multiplied by for the biases of batch normalisation."""
    lookahead_steps: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Above 0: after each so many steps training goes on from an average of the weights (Zhang et
    al. 2019, https://arxiv.org/abs/1907.08610), which follows them ever more slowly."""
    test_time_augmentation: bool = False
    """Whether the test images’ classes are also told by the mean over six views of each, or three
    where training mirrors nothing (`evaluation.views`): an accuracy that is reported apart."""
    balance: Literal["none", "class_weights", "sampling"] = "none"
    """What is done about classes of unequal size. `sampling`: each comes as often; `class_weights`:
    each weighs the same in the loss. Epochs are then chosen by balanced accuracy. Rare classes are
    found more often, at the cost of the largest."""
    min_validation_images: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    """With fewer validation images than this, training does not stop early, the last epoch’s
    weights are kept, and `reduce_on_plateau` watches the training loss: over 100 images an accuracy
    is good to 6 to 10 points only."""


class Head(Block):
    """How long the layers after a pretrained backbone are trained, before the backbone is."""

    epochs: Annotated[int, Field(ge=1, le=1_000_000)]
    """Passes over the features."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.003
    """Of the head’s training."""
    batch_size: Annotated[int, Field(ge=1, le=8192)] = 32
    """Of the head’s training."""
    decay: Decay = "cosine"
    """Of the head’s learning rate, as a schedule’s."""
    copies: Annotated[int, Field(ge=1, le=1000)] = 4
    """Random changes of each training image whose features are computed, once, where the schedule
    says `augment: true`."""
    trained_layers: Annotated[int, Field(ge=0, le=10_000)] | Literal["all"] = "all"
    """How many of the backbone’s last convolutions are trained afterwards, or `all`."""


class Schedule(Block):
    """How long a network is trained on one dataset under one budget."""

    epochs: Annotated[int, Field(ge=0, le=1_000_000)]
    """Passes over the training images; may be 0 where there is a `head`."""
    batch_size: Annotated[int, Field(ge=1, le=8192)]
    """Images per step."""
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    """The first one; of `one_cycle` the highest."""
    decay: Decay
    """How the learning rate falls: `constant` not at all, `cosine` to zero, `one_cycle` after a
    rise, `reduce_on_plateau` when validation accuracy no longer improves."""
    augment: bool = False
    """Whether training images are changed at random, as `augmentation` says."""
    augmentation: Augmentation | None = None
    """How, where it is not as the dataset’s `augmentation` says."""
    train_images: Count | Literal["all"] = "all"
    """How many images of the training part are trained on, or `all`."""
    head: Head | None = None
    """What is trained first of a pretrained network, on features that are computed once."""

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
