"""Explanations: one file a method, and one a family, which is what the explain stage runs.

A method is a function (model, images, targets) -> attributions. `images` is float32 (n, height,
width, channels) in [0, 1], `targets` is int64 (n,), class indices. The attributions are float32
(n, height, width) in the images' own pixels, raw: signed where the method is, never normalised.

A family is a module with `family(model, options) -> Family`, `options` being its block of
params.yaml under `explain`. It is what one run of the explain stage computes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

Method = Callable[["keras.Model", np.ndarray, np.ndarray], np.ndarray]

FAMILIES = ("gradients",)


@dataclass(frozen=True)
class Family:
    """Methods that are computed together.

    methods: name -> method. facts: what the family decided for this network (such as the layer),
    for the metrics.
    """

    methods: dict[str, Method]
    facts: dict[str, Any] = field(default_factory=dict)
