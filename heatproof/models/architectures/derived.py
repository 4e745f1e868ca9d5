"""derived: a network made from another one, smaller or joined; see `heatproof.derived`.

What the other stages work on is the flat graph that `stages.derive` writes. Its widths are not
those of the model that it comes from, so it is rebuilt from its description, as a saved one is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from heatproof.config.derived import Way
from heatproof.config.schema import Block

if TYPE_CHECKING:
    from pathlib import Path

    import keras

INPUT_SIZE: int | None = None
NORMALISES = True


class Network(Block):
    """A network made from that of another model on the same dataset."""

    architecture: Literal["derived"]
    """Which architecture."""
    origin: str
    """A name under `models`: what it is derived from; trained, saved, or derived itself."""
    way: Way
    """How, and the options of it."""


def described(path: Path, description: str) -> keras.Model:
    """Build the network that `stages.derive` described in a file, its weights yet to be loaded.

    Raises:
        UserError: the file is damaged.
    """
    from heatproof.models import (
        attention,
        attention_parts,
        batch_norm,
        convolution,
        integer_program,
        layer_normalisation,
        log_mean,
        model_file,
        pointwise,
        rescaling,
    )
    from heatproof.models.black_box import BlackBox
    from heatproof.models.gelu import TanhGelu

    own = (
        attention.MultiHeadAttention,
        attention_parts.AttendedValues,
        attention_parts.AttentionScores,
        attention_parts.AttentionWeights,
        batch_norm.BatchNormalization,
        convolution.Conv2D,
        layer_normalisation.LayerNormalization,
        log_mean.LogMeanProbabilities,
        pointwise.Conv2D,
        rescaling.Rescaling,
        BlackBox,
        TanhGelu,
    )
    content = integer_program.taken_out(description)
    model = model_file.described(path, content.description, own)
    if content.program:
        integer_program.attach(model, content.program)
    return model
