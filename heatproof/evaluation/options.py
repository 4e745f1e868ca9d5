"""What is measured of a trained run, in params.yaml."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block, Count


class EvaluateOptions(Block):
    """What is measured of every trained run."""

    train_images: Count
    """Training images that the training confusion matrix counts, at most."""
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)]
    """Samples for the accuracy’s 95 % interval."""
    calibration_bins: Annotated[int, Field(ge=2, le=1000)]
    """Equal-width bins of confidence for the calibration error (Guo et al. 2017,
    https://arxiv.org/abs/1706.04599)."""
