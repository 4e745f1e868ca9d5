"""`explain_influence` of params.yaml: which training images speak for a prediction."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block


class InfluenceOptions(Block):
    """explain_influence of params.yaml."""

    train_images: Annotated[int, Field(ge=10, le=1_000_000)] = 5000
    """Training images whose influence is computed, at most: the first of those that the network was
    trained on, which are in random order."""
    images: Annotated[int, Field(ge=1, le=100)] = 8
    """Test images that are explained: wrong predictions, the most confident first, three quarters
    of them if there are as many, then right ones."""
    shown: Annotated[int, Field(ge=1, le=20)] = 4
    """Training images shown of each kind: for the prediction, against it, nearest."""
    checked: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Test images, the first, over which it is checked what the images that speak for a prediction
    have in common with it."""


DEFAULT = InfluenceOptions()
