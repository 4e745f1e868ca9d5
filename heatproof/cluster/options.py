"""`cluster` of params.yaml: how the study runs on several machines. It decides no result."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block


class ClusterOptions(Block):
    """cluster of params.yaml."""

    checkpoint_seconds: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    """Seconds between two copies of a training’s checkpoint to the DVC remote. A machine that is
    lost costs what was trained since the last one; on one machine every epoch is kept."""
    max_retries: Annotated[int, Field(ge=0, le=1_000)] = 20
    """How often a task may be lost, with its worker or its machine, and begun again elsewhere."""


DEFAULT = ClusterOptions()
