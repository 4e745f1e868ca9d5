"""`compare_runs` and `compare_derived` of params.yaml: how two networks are compared."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from heatproof.config.schema import Block


def _once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("each name should be there once")
    return names


class RunComparisonOptions(Block):
    """compare_runs of params.yaml: of two runs of a cell, and of a derived cell and its origin."""

    images: Annotated[int, Field(ge=0, le=100_000)]
    """Test images, the first in processed order, which is random."""
    draws: Annotated[int, Field(ge=10, le=100_000)]
    """Banks of filters with nothing in common, to which the match of the filters is compared."""
    families: Annotated[
        list[Literal["gradients", "perturbation", "shapley"]],
        Field(min_length=1, default_factory=lambda: ["gradients"]),
        AfterValidator(_once),
    ]
    """Whose methods, of those under `explain`, make the maps that are compared: `gradients`, which
    take few passes; `perturbation` and `shapley` take minutes for each network."""
    passes: Annotated[int, Field(ge=1)] = 20
    """Of these, methods that take more passes of an image are left out: 20 leaves out SmoothGrad,
    VarGrad, Integrated Gradients and Ablation-CAM."""
    top: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Of a map’s pixels the share that are its top ones, of which it is counted how many two maps
    have in common (Ghorbani et al. 2019, https://arxiv.org/abs/1710.10547)."""


class DerivedComparisonOptions(Block):
    """compare_derived of params.yaml; which images and methods: compare_runs."""

    faithful_images: Annotated[int, Field(ge=1, le=100)]  # whose maps are in memory at once
    """Of the images those, the first, on which it is measured whether the derived network needs
    what the origin’s maps mark."""
    timed_rounds: Annotated[int, Field(ge=1, le=10_000)]
    """How often each network is timed, one after the other in turns."""
    timed_batch: Annotated[int, Field(ge=2, le=1024)]
    """Images in a batch that is timed, beside single images."""


# Of a params.yaml that was written before there were derived cells.
DEFAULT = DerivedComparisonOptions(faithful_images=10, timed_rounds=30, timed_batch=32)
