"""What a way to derive a network is handed, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.config.derived import Way
from heatproof.config.params import Params
from heatproof.config.runs import DerivedRun
from heatproof.storage.records import Dataset

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Task:
    """A network to derive.

    study: params.yaml. run: the derived cell's; `datasets.parts.training_parts(run, data)` gives
    its training and validation images. options: the way's own. data: its dataset; what is tested
    on, `test_images`, is not for a way to look at.
    """

    study: Params
    run: DerivedRun
    options: Way
    data: Dataset

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels of the images."""
        return self.data.train_images.shape[1:]

    @property
    def origin_cell(self) -> str:
        """The cell that it is derived from."""
        return self.study.derived[self.run.cell].origin

    @cached_property
    def origin(self) -> "keras.Model":
        """The origin's network with its weights, one flat graph that ends in logits.

        It is measured beside what is made of it: a way changes a copy.

        Raises:
            UserError: the weights are missing, damaged, or of another network.
        """
        return self.network_of(self.origin_cell)

    def network_of(self, run: str) -> "keras.Model":
        """Return the trained network of a run on the same dataset, one that the stage depends on.

        Raises:
            UserError: the run is unknown, or its weights are missing or damaged.
        """
        from heatproof.models.build import trained_network

        return trained_network(self.study.run(run), self.shape, len(self.data.class_names))

    def untrained(self, seed: int | None = None) -> "keras.Model":
        """Return the network of `run.root` as its training begins: fresh weights.

        Args:
            seed: of the weights; the run's, from which its training begins, where not given.

        Raises:
            UserError: weights that it starts from are missing.
        """
        import keras

        from heatproof.models.build import build_model, set_initial_weights

        keras.utils.set_random_seed(self.run.seed if seed is None else seed)
        network = build_model(self.run.root, self.shape, len(self.data.class_names))
        set_initial_weights(self.run.root, network, self.data.train_images)
        return network


@dataclass(frozen=True)
class Derived:
    """A derived network.

    model: a flat functional graph from images in [0, 1] to logits, of Keras' own layers and those
    of `heatproof.models`. notes: what was done, in sentences without their capital and full stop.
    figures: the way's own numbers, as JSON has them. history: of a way that trains, one row per
    epoch, columns as of a training (`training.loop.Outcome`). stored_bytes: what it takes when
    stored as is meant, such as with 4 bits a weight; None for 32-bit floats.
    """

    model: "keras.Model"
    notes: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    history: Mapping[str, np.ndarray] | None = None
    stored_bytes: int | None = None
