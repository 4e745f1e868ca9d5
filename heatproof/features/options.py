"""`explain.features` of params.yaml: how a network's filters are looked into."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block


class DeadFilterOptions(Block):
    """Which filters count as dead."""

    images: Annotated[int, Field(ge=1, le=10_000_000)]
    """Test images on which a filter must be silent to be dead, at most."""
    near_dead_share: Annotated[float, Field(gt=0, le=1)]
    """A filter is nearly dead that is activated by a smaller share of them."""


class MaximisationOptions(Block):
    """How the images of activation maximisation are sought."""

    layers: Annotated[int, Field(ge=0, le=1000)]
    """Of how many layers, evenly spread from the first to the last."""
    classes: Annotated[int, Field(ge=1, le=100_000)] = 30
    """Of how many classes, the first ones: with a thousand it would take hours."""
    steps: Annotated[int, Field(ge=1, le=10_000)]
    """Steps of gradient ascent."""
    step_size: Annotated[float, Field(gt=0, le=100)]
    """How far the first step goes, as a root mean square of pixels in [0, 1]; steps shrink linearly
    to nothing."""
    total_variation: Annotated[float, Field(ge=0, le=10)]
    """The weight of smoothness, where the gradient’s root mean square is 1."""
    jitter: Annotated[int, Field(ge=0, le=64)]
    """The largest shift between steps, in pixels; a filter’s image is shifted by less than half a
    cell of its map."""
    noise: Annotated[float, Field(ge=0, le=0.5)]
    """Standard deviation of the grey image that all start from."""


class FeaturesOptions(Block):
    """explain.features of params.yaml."""

    images: Annotated[int, Field(ge=0, le=100)]
    """Explained images whose feature maps are kept."""
    channels: Annotated[int, Field(ge=1, le=4096)]
    """Channels of each layer, at most, whose maps are kept and whose preferred images are
    sought."""
    dead: DeadFilterOptions
    """Which filters count as dead."""
    maximisation: MaximisationOptions
    """The images that activate a filter or a class most."""
