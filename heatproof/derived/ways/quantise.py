"""Quantisation: numbers of few bits (Jacob et al. 2018, https://arxiv.org/abs/1712.05877)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from heatproof.derived.task import Derived, Task


class Options(Block):
    """Weights as integers of few bits, and with `activations` all arithmetic too."""

    by: Literal["quantise"]
    """Which way."""
    bits: Literal[4, 8] = 8
    """Of a weight."""
    activations: bool = False
    """Whether activations are 8-bit integers too, as LiteRT computes on small devices:
    with 8 bits. Predictions are then those of its program; gradients, and what is in the layers,
    those of a network of floats with the same weights."""
    calibration_images: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Training images by which the ranges of activations are measured, the first ones."""

    @model_validator(mode="after")
    def _of_8_bits(self) -> Options:
        if self.activations and self.bits != 8:
            raise ValueError("activations: true goes with bits: 8")
        return self


def derive(task: Task) -> Derived:
    """Round a network's weights to integers of `bits` bits, times a scale for each channel.

    Raises:
        UserError: LiteRT has not all of its operations for integers.
    """
    from heatproof.derived import fake_quantisation
    from heatproof.derived.task import Derived

    options = task.options
    assert isinstance(options, Options)
    if options.activations:
        return _of_integers(task, options)
    model, stored = fake_quantisation.quantised(task.origin, options.bits)
    note = f"the weights of its layers were rounded to {options.bits}-bit integers"
    return Derived(model, (note,), stored_bytes=stored)


def _of_integers(task: Task, options: Options) -> Derived:
    from heatproof.datasets.parts import training_parts
    from heatproof.derived import integer_network
    from heatproof.derived.task import Derived
    from heatproof.storage.images import selected

    rows = training_parts(task.run, task.data)[0][: options.calibration_images]
    content = integer_network.converted(task.origin, selected(task.data.train_images, rows))
    model, found, kernels = integer_network.twin(task.origin, content)
    notes = (
        "weights and activations are 8-bit integers, computed with by LiteRT, their "
        f"ranges measured on {len(rows):,} training images",
        "its predictions are those of this program, which methods that need only predictions "
        "explain; methods that need gradients or layers explain a floating-point network with the "
        "same weights",
    )
    figures = {"kernels": kernels, "kernels_of_program": found}
    return Derived(model, notes, figures, stored_bytes=len(content))
