"""`assess` of params.yaml: how explanations are put to the test."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block

Count = Annotated[int, Field(ge=1)]


class Faithfulness(Block):
    """Deletion and insertion: in how many steps; how wide the blurred baseline's Gaussian is, as a
    share of the image's side."""

    steps: Annotated[int, Field(ge=2, le=10_000)]
    blur: Annotated[float, Field(gt=0, le=10)]


class Infidelity(Block):
    """How many squares and how many noises, and the noise's standard deviation."""

    samples: Annotated[int, Field(ge=2, le=100_000)]
    noise: Annotated[float, Field(gt=0, le=1)]


class Randomisation(Block):
    """Weights made random in `steps` steps; each map of the smooth variant is a mean over
    `smooth_samples` copies of the image with noise of standard deviation `smooth_noise`."""

    steps: Annotated[int, Field(ge=1, le=1000)]
    smooth_samples: Annotated[int, Field(ge=1, le=1000)]
    smooth_noise: Annotated[float, Field(gt=0, le=1)]


class Robustness(Block):
    """How many noisy copies of an image; the noise is uniform in [-radius, radius]."""

    samples: Annotated[int, Field(ge=1, le=1000)]
    radius: Annotated[float, Field(gt=0, le=1)]


class Few(Block):
    """Methods that take many passes: where maps have to be made again, of this many images."""

    images: Count
    methods: list[str]


class Published(Block):
    """The published randomisation table: on how many test images, how many times."""

    images: Count
    draws: Annotated[int, Field(ge=1, le=100)]


class Options(Block):
    """assess of params.yaml.

    images: at most, evenly spread over those explained. foreground: datasets of bright objects on
    black, whose object serves as a mask of where the evidence is.
    """

    images: Count
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)]
    foreground: list[str]
    faithfulness: Faithfulness
    infidelity: Infidelity
    randomisation: Randomisation
    robustness: Robustness
    few: Few
    published: Published
