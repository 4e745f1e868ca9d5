"""How much memory a network's activations take, and how many images at a time that allows.

What is counted is every layer's output, as 32-bit floats. Training keeps most of them until its
gradients are computed; prediction frees each as soon as the next layers have it.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from heatproof.run.errors import UserError

if TYPE_CHECKING:
    import keras

# Of all layers' outputs, for all images of a batch. Measured at 224×224 on two cores: before its
# first batch a stage has 0.85 GiB; then training took 0.86 (mobilenet_v2) to 1.22 (resnet18) times
# these bytes, prediction 0.23 to 0.32 times. So a stage stays below 2 GiB.
TRAINING_BYTES = 13 * 2**26
PREDICTION_BYTES = 3 * 2**29
KEPT = 0.8  # of them in a training step, at least
_CGROUP = Path("/sys/fs/cgroup")


def activation_bytes(network: "keras.Model") -> int:
    """Return the bytes of one image's activations, were the output of every layer kept."""
    return sum(map(_output_bytes, network.layers))


def kept_bytes(network: "keras.Model") -> int:
    """Return the bytes of one image's activations that training keeps for its gradients.

    Before the first layer that is trained, as in front of a pretrained network's head, none are.
    """
    trained = [bool(layer.trainable_weights) for layer in network.layers]
    first = trained.index(True) if any(trained) else len(trained)
    return sum(map(_output_bytes, network.layers[max(first - 1, 0) :]))


def images_at_once(network: "keras.Model") -> int:
    """Return how many images may be predicted at once within this module's bytes: one at least."""
    return max(1, PREDICTION_BYTES // activation_bytes(network))


def rows_behind(network: "keras.Model", layer: str) -> int:
    """Return of how many images what follows a layer may be computed at once: one at least.

    Args:
        network: a flat functional network.
        layer: its name; its own output counts too.
    """
    names = [each.name for each in network.layers]
    return max(1, PREDICTION_BYTES // sum(map(_output_bytes, network.layers[names.index(layer) :])))


def images_per_step(network: "keras.Model") -> int:
    """Return how many images a training step may have within this module's bytes: one at least.

    Beside their activations there are the gradient of each weight, two moments of it that Adam
    keeps, and the best epoch's weight: four floats.
    """
    trained = sum(math.prod(weight.shape) for weight in network.trainable_weights)
    room = TRAINING_BYTES - 4 * 4 * trained
    return max(1, min(room // kept_bytes(network), images_at_once(network)))


def require_room(network: "keras.Model", batch_size: int) -> None:
    """Refuse a training step that cannot fit into the memory that is free, before it is tried.

    The step is not divided into smaller ones: batch normalisation would then normalise by fewer
    images than params.yaml says, and the results would depend on the machine's memory.

    Raises:
        UserError: with the parameter to lower, and to what.
    """
    free, needed = free_bytes(), KEPT * kept_bytes(network) * batch_size
    if needed > free:
        height, width = network.input_shape[1:3]
        fits = max(1, min(batch_size - 1, free // 2 // kept_bytes(network)))
        raise UserError(
            f"{network.name}: a training step of {batch_size} images of {height}×{width} pixels "
            f"needs {needed / 2**30:.1f} GiB for activations alone, and {free / 2**30:.1f} GiB are "
            f"free: lower batch_size of its schedule in params.yaml, to {fits} say, or the images' "
            "size"
        )


def free_bytes() -> int:
    """Return how much memory this process may still get: of the machine, or of its container."""
    import psutil

    free = psutil.virtual_memory().available
    try:
        most, used = ((_CGROUP / name).read_text() for name in ("memory.max", "memory.current"))
        # What a container has cached of files counts as used there, and is given up when needed.
        cached = dict(map(str.split, (_CGROUP / "memory.stat").read_text().splitlines()))["file"]
        return min(free, int(most) - int(used) + int(cached))
    except (OSError, ValueError, KeyError):  # no container, or one without a limit ("max")
        return free


def _output_bytes(layer: "keras.Layer") -> int:
    if hasattr(layer, "activation_bytes"):  # a black box, which is more than one layer
        return layer.activation_bytes
    return 4 * _within_attention(layer) + 4 * math.prod(layer.output.shape[1:])


def _within_attention(layer: "keras.Layer") -> int:
    """Return how many values an image has within a layer of attention; 0 of other layers.

    Queries, keys, values, what is attended, and of each head the weights of all pairs of a query
    and a key: the scores, and their softmax.
    """
    import keras

    if not isinstance(layer, keras.layers.MultiHeadAttention):
        return 0
    read = layer.input if isinstance(layer.input, list) else [layer.input]
    queries, keys = (math.prod(tensor.shape[1:-1]) for tensor in (read[0], read[1]))
    projected = (queries + keys) * (layer.key_dim + layer.value_dim)
    return layer.num_heads * (projected + 2 * queries * keys)
