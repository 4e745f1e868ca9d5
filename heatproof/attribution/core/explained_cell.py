"""What is given to a module that explains a cell, and what it returns.

Modules of features and counterfactuals have `find(cell, options) -> Findings`; `options` is their
block of params.yaml under `explain`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.storage.images import Images

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from heatproof.storage.records import Explanations


@dataclass(frozen=True)
class ExplainedCell:
    """A trained cell and the images of it that are explained.

    rows: the chosen images and targets, without maps. test_images: uint8 (m, height, width,
    channels), the whole test set.
    """

    network: Network
    rows: "Explanations"
    test_images: Images
    context: Context


@dataclass(frozen=True)
class Findings:
    """What a stage found in a network, of one family.

    arrays: name -> array, as the module that made them describes them. metrics: numbers for the
    metrics file. timing: name -> number. draw: makes one picture for the experiment tracker, or
    None where there is nothing to see.
    """

    arrays: dict[str, np.ndarray]
    metrics: dict[str, Any]
    timing: dict[str, float]
    draw: Callable[[], "Figure | None"] = lambda: None

    @property
    def figure(self) -> "Figure | None":
        """The picture, drawn each time it is asked for."""
        return self.draw()
