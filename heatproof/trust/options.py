"""`assess` and `published_sanity` of params.yaml: how attributions are put to the test."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, create_model

from heatproof.attribution.core.sizes import AUTO, Auto, by_size
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
    """Methods that take many passes per image."""

    images: Annotated[Auto | Count, by_size(4, 2)] = AUTO
    """Images of which their maps are made again, where a measure needs that."""


class AssessOptions(Block):
    """assess of params.yaml."""

    images: Count
    """Images that are assessed, each explained for its predicted class, spread over the classes;
    where `explain.images` gives fewer, more are explained."""
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)]
    """Samples for the 95 % intervals."""
    foreground: list[str]
    """Datasets of bright objects on black, whose object serves as a mask of where the evidence
    is."""
    blur: Annotated[float, Field(gt=0, le=10)]
    """Of the blurred baseline: standard deviation of the Gaussian, as a share of the image’s
    side."""
    slow_methods: SlowMethodsOptions
    """How methods of many passes are spared."""
    measures: MeasuresOptions
    """The families of measures that are taken, each with its options; one that is not listed is not
    taken."""


class PublishedSanityOptions(Block):
    """The published randomisation table (Adebayo et al. 2018)."""

    images: Count
    """Test images."""
    draws: Annotated[int, Field(ge=1, le=100)]
    """How many times, each with other random weights."""
