"""The base of every block of params.yaml, wherever the block is described."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Block(BaseModel):
    """A mapping in params.yaml: unknown keys are refused, types are not bent, values are fixed.

    Whole numbers are taken where a fraction is expected, nothing else is converted: the text
    "3" is not the number 3, and `true` is not 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
