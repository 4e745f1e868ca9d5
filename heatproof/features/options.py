"""`explain.features` of params.yaml: how a network's filters are looked into."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block


class DeadFilterOptions(Block):
    """On how many test images, at most, a filter must be silent to be dead; and the share of them
    that must activate one that is not nearly dead."""

    images: Annotated[int, Field(ge=1, le=10_000_000)]
    near_dead_share: Annotated[float, Field(gt=0, le=1)]


class MaximisationOptions(Block):
    """How the images of activation maximisation climb.

    layers: of the activated feature maps, so many, evenly spread from the first to the last.
    classes: of so many an image is sought, the first ones: with a thousand it would take hours.
    steps: how many. step_size: how far the first goes (root mean square, of pixels in [0, 1]); the
    steps shrink linearly to nothing. total_variation: its pull, where the gradient's root mean
    square is 1. jitter: largest shift in pixels; a filter's image is shifted by less than half a
    cell of its map. noise: standard deviation of the grey image that all start from.
    """

    layers: Annotated[int, Field(ge=0, le=1000)]
    classes: Annotated[int, Field(ge=1, le=100_000)] = 30
    steps: Annotated[int, Field(ge=1, le=10_000)]
    step_size: Annotated[float, Field(gt=0, le=100)]
    total_variation: Annotated[float, Field(ge=0, le=10)]
    jitter: Annotated[int, Field(ge=0, le=64)]
    noise: Annotated[float, Field(ge=0, le=0.5)]


class FeaturesOptions(Block):
    """explain.features of params.yaml.

    images: explained images whose feature maps are kept. channels: of each layer, at most, whose
    maps are kept and whose preferred images are sought.
    """

    images: Annotated[int, Field(ge=0, le=100)]
    channels: Annotated[int, Field(ge=1, le=4096)]
    dead: DeadFilterOptions
    maximisation: MaximisationOptions


class RunComparisonOptions(Block):
    """compare_runs of params.yaml.

    images: of the test set, the first in processed order, which is random. draws: banks without
    anything in common, to which the match of the filters is compared.
    """

    images: Annotated[int, Field(ge=0, le=100_000)]
    draws: Annotated[int, Field(ge=10, le=100_000)]
