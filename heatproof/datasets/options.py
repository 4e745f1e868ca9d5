"""A dataset in params.yaml: its source, how it is split, what the networks see of it."""

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


class Preprocess(Block):
    """How a dataset is split. `test_fraction` counts only where the source has no test part."""

    test_fraction: Annotated[float, Field(gt=0, lt=1)]


class Normalisation(Block):
    """Per channel: the network sees (x - mean) / std of an image x in [0, 1]."""

    mean: Annotated[list[Fraction], Field(min_length=1, max_length=4)]
    # Pixels differ by 1/255: a much smaller deviation would make them infinite.
    std: Annotated[list[Annotated[float, Field(ge=1e-4, le=1)]], Field(min_length=1, max_length=4)]

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
    shift_pixels: Annotated[int, Field(ge=0, le=256)] | None = None
    flip: bool | None = None
    brightness: Fraction | None = None
    contrast: Annotated[float, Field(ge=0, lt=1)] | None = None
    cutout_pixels: Annotated[int, Field(ge=0, le=256)] | None = None
    mixup_alpha: Annotated[float, Field(ge=0, le=10)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _preset_alone(cls, value: Any) -> Any:
        return {"preset": value} if isinstance(value, str) else value


class Dataset(Block):
    """A dataset: its source, its split, and how it is normalised and augmented in training.

    normalisation: `auto` for the mean and standard deviation of the training part.
    """

    fetch: Fetch
    preprocess: Preprocess
    normalisation: NormalisationChoice
    augmentation: Augmentation
