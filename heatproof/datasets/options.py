"""A dataset in params.yaml: its source, how it is split, what the networks see of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from heatproof.config.registry import choice
from heatproof.config.schema import Block, Fraction

SOURCES = "heatproof.datasets.sources"  # each of its modules is one

if TYPE_CHECKING:

    class Fetch(Block):
        source: str

else:
    Fetch = choice(SOURCES, "Options", "source")


def known_class_names(fetch: Fetch) -> Sequence[str] | None:
    """Return the class names that a source has before it fetches; None where it finds them."""
    return getattr(fetch, "class_names", None)


class Preprocess(Block):
    """How a dataset is split."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)]
    """The share of the images that is the test part; counts only where the source has no test
    part."""


class Normalisation(Block):
    """Per channel: the network sees (x - mean) / std of an image x in [0, 1]."""

    mean: Annotated[list[Fraction], Field(min_length=1, max_length=4)]
    """One number per channel."""
    # Pixels differ by 1/255: a much smaller deviation would make them infinite.
    std: Annotated[list[Annotated[float, Field(ge=1e-4, le=1)]], Field(min_length=1, max_length=4)]
    """One number per channel."""

    @model_validator(mode="after")
    def _one_per_channel(self) -> "Normalisation":
        if len(self.mean) != len(self.std):
            raise ValueError("mean and std need one number per channel each")
        return self


def _auto_or_numbers(value: Any) -> Any:
    """Refuse at once what is neither: the union would complain twice."""
    if value == "auto" or isinstance(value, dict | Normalisation):
        return value
    raise ValueError("should be auto, or numbers: {mean: […], std: […]}")


NormalisationChoice = Annotated[Normalisation | Literal["auto"], BeforeValidator(_auto_or_numbers)]


class Augmentation(Block):
    """What may be changed in a training image without changing what it shows.

    A preset, and what differs from it: an option that is not given is the preset's
    (`training.presets`), 0 or false is off. The preset's name alone stands for it.
    """

    preset: Literal["digits", "objects", "none"] = "none"
    """`digits`: shifts by 1/14 of the side, where a mirror image would be something else.
    `objects`: shifts by 1/8, mirror images, brightness, contrast, a covered square. `none`:
    nothing."""
    shift_pixels: Annotated[int, Field(ge=0, le=256)] | None = None
    """The largest shift, in pixels."""
    flip: bool | Literal["alternating"] | None = None
    """Whether half of the images are mirrored, left to right; `alternating`: each image in every
    other epoch, half of them in the first (Jordan 2024, https://arxiv.org/abs/2404.00498)."""
    brightness: Fraction | None = None
    """The largest change of brightness, of the range from black to white."""
    contrast: Annotated[float, Field(ge=0, lt=1)] | None = None
    """The largest change of contrast, as a share."""
    cutout_pixels: Annotated[int, Field(ge=0, le=256)] | None = None
    """Side of a square that is covered, in pixels."""
    mixup_alpha: Annotated[float, Field(ge=0, le=10)] | None = None
    """Images and labels are mixed in pairs, with shares from a Beta distribution of this parameter
    (Zhang et al. 2017, https://arxiv.org/abs/1710.09412)."""

    @model_validator(mode="before")
    @classmethod
    def _preset_alone(cls, value: Any) -> Any:
        return {"preset": value} if isinstance(value, str) else value


class Dataset(Block):
    """A dataset: its source, its split, and how it is normalised and augmented in training."""

    fetch: Fetch
    """Where the images are from."""
    preprocess: Preprocess
    """How they are split."""
    normalisation: NormalisationChoice
    """The network sees (x - mean) / std of an image x in [0, 1]. `auto`: the mean and standard
    deviation of the training part, one of each per channel."""
    augmentation: Augmentation
    """Random changes of training images, used where a schedule says `augment: true`: a preset’s
    name, sized for the images, or a preset with single options over it, such as `{preset: objects,
    flip: false}`."""
