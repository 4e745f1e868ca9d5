"""`explain_inversion` of params.yaml: what layers keep of images, and of their style."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block


class StyleOptions(Block):
    """How a picture is made with the content of one picture and the style of another."""

    contents: Annotated[int, Field(ge=0, le=20)] = 2
    """Test images whose content is taken; each with every style. 0: no style at all."""
    steps: Annotated[int, Field(ge=1, le=10_000)] = 150
    """Steps of Adam."""
    content_weight: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    """The weight of the content loss, relative: 1 is a layer that gives nothing."""
    style_weight: Annotated[float, Field(ge=0, le=1e6)] = 10.0
    """The weight of the style loss, relative and averaged over the layers."""
    images: Annotated[int, Field(ge=4, le=10_000)] = 200
    """Test images whose Gram matrices are compared, to see what they say of the class."""


class InversionOptions(Block):
    """explain_inversion of params.yaml."""

    images: Annotated[int, Field(ge=1, le=100)] = 4
    """Test images that are sought again from what each layer says of them, of as many classes."""
    layers: Annotated[int, Field(ge=1, le=100)] = 5
    """Of how many layers, evenly spread over those that activate or pool, and the logits."""
    steps: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Steps of Adam."""
    step_size: Annotated[float, Field(gt=0, le=1)] = 0.05
    """The first step’s, of pixels in [0, 1]; steps shrink linearly to nothing."""
    total_variation: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """The weight of smoothness, beside a relative error: of the mean squared difference of
    neighbouring pixels."""
    alpha_norm: Annotated[float, Field(ge=0, le=1000)] = 0.1
    """The weight of the mean sixth power of pixels’ distance from grey, twice that distance being
    the range of pixels."""
    style: StyleOptions = StyleOptions()
    """Content and style."""


DEFAULT = InversionOptions()
