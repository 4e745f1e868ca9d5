"""What is measured of a trained run, in params.yaml."""

from typing import Annotated

from pydantic import Field

from heatproof.config.schema import Block, Count


class EvaluateOptions(Block):
    """train_images: how many the training confusion matrix counts, at most.

    bootstrap_samples: for the accuracy's 95 % interval. calibration_bins: of confidence.
    """

    train_images: Count
    bootstrap_samples: Annotated[int, Field(ge=100, le=1_000_000)]
    calibration_bins: Annotated[int, Field(ge=2, le=1000)]
