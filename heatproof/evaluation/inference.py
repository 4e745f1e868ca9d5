"""A network's logits of many images, in batches of one size through one compiled function."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatproof.models import memory
from heatproof.models.integer_program import program_of
from heatproof.run.runtime import compiles
from heatproof.storage.images import Images

if TYPE_CHECKING:
    import keras

LARGEST_BATCH = 256  # more does not keep the cores busier


@dataclass(frozen=True)
class Forward:
    """A compiled network.

    function: float32 (n, height, width, channels) in [0, 1] -> logits float32 (n, classes); it is
    compiled once for each n. batch_size: the n to use.
    """

    function: Callable[[np.ndarray], np.ndarray]
    batch_size: int


def compiled_forward(model: "keras.Model", images: int = LARGEST_BATCH) -> Forward:
    """Compile a network for batches that fit into memory, of which so many images fill all.

    Args:
        model: gives logits.
        images: how many there are, at least 1.
    """
    program = program_of(model)
    if program is not None:  # its twin is of floats
        return Forward(program.logits, math.ceil(images / math.ceil(images / LARGEST_BATCH)))
    # Left alone, Keras compiles with XLA, which is slow at convolution on a CPU.
    model.compile(jit_compile=compiles())
    most = min(LARGEST_BATCH, memory.images_at_once(model))
    batches = math.ceil(images / most)
    return Forward(model.predict_on_batch, math.ceil(images / batches))


def logits(forward: Forward, images: Images) -> np.ndarray:
    """Return the logits of `images`, float32 (n, classes).

    The last batch is filled up with black images, so that every image is computed in a batch of
    the same size: kernels are chosen by size, and with them the last bits.

    Args:
        forward: of the network.
        images: uint8 (n, height, width, channels), n at least 1. They are read, and become floats,
            batch by batch.
    """
    parts = []
    for start in range(0, len(images), forward.batch_size):
        chunk = images[start : start + forward.batch_size]
        parts.append(forward.function(_batch(chunk, forward.batch_size))[: len(chunk)])
    return np.concatenate(parts).astype(np.float32)


def milliseconds_per_image(
    forward: Forward,
    images: Images,
    rounds: int = 7,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the median time of a full batch, in milliseconds per image, after one to warm up.

    Args:
        forward: of the network.
        images: uint8 (n, height, width, channels); the first of them fill the batch.
        rounds: how many batches are timed.
        clock: gives seconds.
    """
    batch = _batch(images[: forward.batch_size], forward.batch_size)
    forward.function(batch)
    seconds = []
    for _ in range(rounds):
        started = clock()
        forward.function(batch)
        seconds.append(clock() - started)
    return float(np.median(seconds)) / forward.batch_size * 1000


def _batch(images: np.ndarray, batch_size: int) -> np.ndarray:
    batch = np.zeros((batch_size, *images.shape[1:]), np.float32)
    batch[: len(images)] = images.astype(np.float32) / 255
    return batch
