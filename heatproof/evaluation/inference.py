"""A network's logits of many images, in batches of one size through one compiled function."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from heatproof.run.runtime import compiles
from heatproof.storage.images import Images

if TYPE_CHECKING:
    import keras

# Large enough to keep the cores busy; the largest network needs under 1 GiB for it.
BATCH_SIZE = 256


def compiled_forward(model: "keras.Model") -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from float32 (n, height, width, channels) to logits float32 (n, classes).

    It is compiled once for each n: use one.
    """
    # Left alone, Keras compiles with XLA, which is slow at convolution on a CPU.
    model.compile(jit_compile=compiles())
    return model.predict_on_batch


def logits(
    forward: Callable[[np.ndarray], np.ndarray],
    images: Images,
    batch_size: int = BATCH_SIZE,
) -> np.ndarray:
    """Return the logits of `images`, float32 (n, classes).

    The last batch is filled up with black images, so that every image is computed in a batch of
    the same size: kernels are chosen by size, and with them the last bits.

    Args:
        forward: a batch of float32 images in [0, 1] -> logits.
        images: uint8 (n, height, width, channels), n at least 1. They become floats batch by batch.
        batch_size: images per batch.
    """
    parts = []
    for start in range(0, len(images), batch_size):
        chunk = images[start : start + batch_size]
        parts.append(forward(_batch(chunk, batch_size))[: len(chunk)])
    return np.concatenate(parts).astype(np.float32)


def milliseconds_per_image(
    forward: Callable[[np.ndarray], np.ndarray],
    images: Images,
    batch_size: int = BATCH_SIZE,
    rounds: int = 7,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the median time of a full batch, in milliseconds per image, after one to warm up.

    Args:
        forward: as for `logits`.
        images: uint8 (n, height, width, channels); the first of them fill the batch.
        batch_size: images per batch.
        rounds: how many batches are timed.
        clock: gives seconds.
    """
    batch = _batch(images[:batch_size], batch_size)
    forward(batch)
    seconds = []
    for _ in range(rounds):
        started = clock()
        forward(batch)
        seconds.append(clock() - started)
    return float(np.median(seconds)) / batch_size * 1000


def _batch(images: np.ndarray, batch_size: int) -> np.ndarray:
    batch = np.zeros((batch_size, *images.shape[1:]), np.float32)
    batch[: len(images)] = images.astype(np.float32) / 255
    return batch
