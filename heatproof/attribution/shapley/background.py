"""The training images that stand for "no information" in Shapley values."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block


class BackgroundOptions(Block):
    """background: how many training images, the first ones in processed order."""

    background: Annotated[int, Field(ge=1, le=10_000)] = 50
