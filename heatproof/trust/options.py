"""`assess` and `published_sanity` of params.yaml: how attributions are put to the test."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, create_model

from heatproof.config.schema import Block, Count
from heatproof.trust.registry import FAMILIES

if TYPE_CHECKING:
    MeasuresOptions = Block
else:
    MeasuresOptions = create_model(
        "MeasuresOptions",
        __base__=Block,
        __doc__="The families of measures that are taken, each with its options.",
        **{name: (f.options, None) for name, f in FAMILIES.items() if f.options is not None},
    )


class SlowMethodsOptions(Block):
    """Methods that take many passes per image: where maps are made again, of how many images."""

    images: Count


class AssessOptions(Block):
    """assess of params.yaml.

    images: at most, evenly spread over those explained. foreground: datasets of bright objects on
    black, whose object serves as a mask of where the evidence is. blur: standard deviation of the
    blurred baseline's Gaussian, as a share of the image's side.
    """

    images: Count
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)]
    foreground: list[str]
    blur: Annotated[float, Field(gt=0, le=10)]
    slow_methods: SlowMethodsOptions
    measures: MeasuresOptions


class PublishedSanityOptions(Block):
    """The published randomisation table: on how many test images, how many times."""

    images: Count
    draws: Annotated[int, Field(ge=1, le=100)]
