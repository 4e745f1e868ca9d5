"""`crosscheck` of params.yaml: how a cell is checked against the libraries."""

from typing import Annotated

from pydantic import Field

from heatproof.attribution.core.sizes import AUTO, Auto, by_size
from heatproof.config.schema import Block


class CrosscheckOptions(Block):
    """images: explained images, each for its predicted class; auto: 4, and 2 above 40 pixels a
    side. seconds: which one method of a library may take, after which it is ended."""

    images: Annotated[Auto | Annotated[int, Field(ge=1, le=1000)], by_size(4, 2)] = AUTO
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 120
