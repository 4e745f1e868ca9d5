"""The base of every block of params.yaml, wherever the block is described."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """A mapping in params.yaml: unknown keys are refused, types are not bent, values are fixed.

    Whole numbers are taken where a fraction is expected, nothing else is converted: the text
    "3" is not the number 3, and `true` is not 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
