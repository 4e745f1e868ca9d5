"""Quantisation: weights as whole numbers of few bits (Jacob et al. 2018, arXiv 1712.05877)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from heatproof.derived.task import Derived, Task


class Options(Block):
    """Weights as whole numbers of few bits."""

    by: Literal["quantise"]
    """Which way."""
    bits: Literal[4, 8] = 8
    """Of a weight."""


def derive(task: Task) -> Derived:
    """Round a network's weights to whole numbers of `bits` bits, times a scale for each channel."""
    from heatproof.derived import fake_quantisation
    from heatproof.derived.task import Derived

    options = task.options
    assert isinstance(options, Options)
    model, stored = fake_quantisation.quantised(task.origin, options.bits)
    note = f"the weights of its layers were rounded to whole numbers of {options.bits} bits"
    return Derived(model, stored, (note,))
