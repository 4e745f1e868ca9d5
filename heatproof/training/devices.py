"""One training on all of a machine's GPUs: each computes its share of every batch, on JAX.

Data parallelism by Keras' distribution API (https://keras.io/guides/distribution/): the weights are
on every device, the images of a batch are divided, and what is a mean over the batch, such as batch
normalisation's or a gradient, is one over all of it. So a training is the same, but for the order
of its sums, in which the last bits of a result depend on the number of devices.
"""

from collections.abc import Sequence
from typing import Any

import keras

from heatproof.run import runtime


class DividedBatches(keras.distribution.DataParallel):
    """Divides a batch among the devices; one that cannot be, such as a last one, all compute."""

    def get_data_layout(self, data_shape: Sequence[int]) -> Any:
        """Return how images, or labels, of a batch lie on the devices."""
        if data_shape[0] % self.num_model_replicas == 0:
            return super().get_data_layout(data_shape)
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)


def divide(batch_size: int, devices: Sequence[str] | None = None) -> int:
    """Have the networks that are built from now on trained by several devices, if there are any.

    As many as divide a batch evenly. Only on JAX, where there is nothing to do for more devices
    than one; elsewhere, and with one, nothing is divided.

    Args:
        batch_size: images of a training step.
        devices: their names, as Keras has them; all that JAX sees if left out.

    Returns:
        How many devices train.
    """
    if runtime.backend() != "jax":
        return 1
    there = list(devices if devices is not None else keras.distribution.list_devices())
    count = max(n for n in range(1, len(there) + 1) if batch_size % n == 0)
    if count < len(there):
        print(
            f"{count} of {len(there)} devices train: batches of {batch_size} images do not divide "
            "evenly among more",
            flush=True,
        )
    distribution = DividedBatches(devices=there[:count]) if count > 1 else None
    keras.distribution.set_distribution(distribution)
    return count
