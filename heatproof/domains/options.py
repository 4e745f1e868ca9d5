"""`domains` of params.yaml: what is measured of a network on other images than its own."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from heatproof.attribution import registry
from heatproof.config.schema import Block, Count
from heatproof.domains.corruptions import CORRUPTIONS

STAGE_FAMILY = "gradients"  # whose methods may explain: those that take few passes

if TYPE_CHECKING:
    MethodName = CorruptionName = str
else:
    MethodName = Literal[tuple(registry.of_stage(STAGE_FAMILY))]
    CorruptionName = Literal[tuple(CORRUPTIONS)]


def _once(names: list[Any]) -> list[Any]:
    if len(set(names)) < len(names):
        raise ValueError("each name should be there once")
    return names


class DomainOptions(Block):
    """domains of params.yaml."""

    images: Count
    """Test images that are corrupted, at most, the first in processed order, which is random."""
    explained: Annotated[int, Field(ge=2, le=10_000)]
    """The first of them, and of another dataset’s test images, whose maps are measured."""
    methods: Annotated[list[MethodName], Field(min_length=1), AfterValidator(_once)]
    """Methods of `explain.gradients` by which they are explained."""
    corruptions: Annotated[list[CorruptionName], Field(min_length=1), AfterValidator(_once)]
    """Which corruptions, each at five severities (Hendrycks & Dietterich 2019,
    https://arxiv.org/abs/1903.12261)."""


# Of a params.yaml that was written before there were domains.
DEFAULT = DomainOptions(
    images=2000,
    explained=100,
    methods=["gradcam", "saliency"],
    corruptions=list(CORRUPTIONS),
)
