"""Images with a part taken away, made a few at a time and shown to the network in large batches.

What every measure that asks "what does the network predict without it?" is made of.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from heatproof.statistics.threads import by_rows

# float32 images (m, height, width, channels) -> float32 logits (m, classes), for any m.
Predict = Callable[[np.ndarray], np.ndarray]

# Of perturbed images at once. That is some 1,000 images of 28 × 28, or 250 of 32 × 32 in colour:
# enough for full batches, and still in the cache when the network reads them. Measured, simple_cnn
# takes as long with 2 to 8 MiB; with 16 and more, making an image takes up to twice as long.
CHUNK_BYTES = 3 * 2**20
WRITERS = 2  # threads
NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})


@dataclass(frozen=True)
class PerturbedImages:
    """Perturbed images that are made when there is room for them.

    count: how many. write: makes them in the array it is given, float32 (count, height, width,
    channels), contiguous, whose content means nothing yet.
    """

    count: int
    write: Callable[[np.ndarray], None]


def predicted(
    predict: Predict, shape: tuple[int, ...], blocks: Iterable[PerturbedImages]
) -> Iterator[np.ndarray]:
    """Give the logits of blocks of images, joining small blocks into large batches.

    The blocks are asked for one by one, and forgotten once they are predicted. Two threads write a
    batch before the network passes it: while it is passed, the network's threads have all cores,
    and a writer beside them would hold up each of its operations. Each takes the next block that is
    left, so that neither waits for one that is late.

    Args:
        predict: the network.
        shape: an image's height, width and channels.
        blocks: of as many images each as they like.

    Yields:
        float32 (count, classes) of each block, in their order.
    """
    memory = np.empty((0, *shape), np.float32)
    with ThreadPoolExecutor(WRITERS - 1) as helper:
        for joined in _joined(blocks, 4 * int(np.prod(shape))):
            ends = np.cumsum([block.count for block in joined])
            if len(memory) < ends[-1]:  # new memory takes as long to come as to be written
                memory = np.empty((ends[-1], *shape), np.float32)
            chunk = memory[: ends[-1]]
            left = iter(list(zip(joined, np.split(chunk, ends[:-1]), strict=True)))
            other = helper.submit(_write, left)
            _write(left)
            if not other.cancel():  # nothing is left for it if it has not begun
                other.result()
            yield from np.split(predict(chunk), ends[:-1])


def _write(parts: Iterator[tuple[PerturbedImages, np.ndarray]]) -> None:
    for block, images in parts:
        block.write(images)


def _joined(
    blocks: Iterable[PerturbedImages], bytes_per_image: int
) -> Iterator[list[PerturbedImages]]:
    """Give as many blocks at a time as fit into a chunk; but one for each writer in any case."""
    max_images = CHUNK_BYTES // bytes_per_image
    waiting: list[PerturbedImages] = []
    for block in blocks:
        images = sum(each.count for each in waiting) + block.count
        if len(waiting) >= WRITERS and images > max_images:
            yield waiting
            waiting = []
        waiting.append(block)
    if waiting:
        yield waiting


def own_random(image: np.ndarray, seed: int) -> np.random.Generator:
    """Return a generator that image and seed decide, whatever stands beside the image.

    Args:
        image: float32 (height, width, channels).
        seed: of the study.
    """
    digest = hashlib.sha256(image.astype(np.float32).tobytes()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:16], "big")])


def tie_orders(images: np.ndarray, seed: int) -> np.ndarray:
    """Draw for each image the order in which pixels of equal relevance come.

    Args:
        images: float32 (n, height, width, channels).
        seed: of the orders.

    Returns:
        int64 (n, height * width): in each row every pixel once.
    """
    pixels = images.shape[1] * images.shape[2]
    orders = [own_random(image, seed).permutation(pixels) for image in images]
    return np.array(orders, np.int64).reshape(len(images), pixels)


def pixel_order(maps: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Order the pixels of each map from the most to the least relevant, by the signed value.

    Args:
        maps: float (n, height, width).
        ties: int64 (n, height * width), the order of equal values (`tie_orders`). By index they
            would come row by row, and a map that is zero almost everywhere would be judged by where
            in the image it lies.

    Returns:
        int64 (n, height * width), indices into the flattened map.

    Raises:
        ValueError: a value is NaN, which has no place in an order.
    """
    if np.isnan(maps).any():
        raise ValueError("a map has NaN in it, so its pixels have no order")
    return by_rows(_order, maps.reshape(ties.shape), ties)


def _order(maps: np.ndarray, ties: np.ndarray) -> np.ndarray:
    # Less than zero rather than negated: 0 and -0 are equal values, and both become 0.
    rising = np.take_along_axis(0 - maps, ties, axis=1)
    return np.take_along_axis(ties, np.argsort(rising, axis=1, kind="stable"), axis=1)


def pixel_counts(pixels: int, steps: int) -> np.ndarray:
    """Say how many pixels are replaced at each point of a path: from none to all, evenly spaced.

    Args:
        pixels: of an image.
        steps: at least 1. An image of fewer pixels takes one step per pixel.

    Returns:
        int64 (min(steps, pixels) + 1,), rising, from 0 to `pixels`.

    Raises:
        ValueError: there is no step.
    """
    if steps < 1:
        raise ValueError(f"a path has at least 1 step, not {steps}")
    return np.linspace(0, pixels, min(steps, pixels) + 1).round().astype(np.int64)


def path_marks(order: np.ndarray, counts: np.ndarray, channels: int) -> np.ndarray:
    """Mark an image's first pixels, all channels together, for `replace`.

    Args:
        order: int64 (height * width,), which pixel goes first (`pixel_order`).
        counts: int64 (m,), how many of them are marked for each of m images.
        channels: of the image.

    Returns:
        int32 (m, height * width * channels), see `marks`.
    """
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    # The sign of rank - count, in every bit: below the count it is negative.
    return (np.repeat(rank, channels) - counts.astype(np.int32)[:, None]) >> 31


def marks(chosen: np.ndarray, channels: int) -> np.ndarray:
    """Mark chosen pixels, all channels together, for `replace`.

    Args:
        chosen: bool (m, height, width).
        channels: of the image.

    Returns:
        int32 (m, height * width * channels): all bits set where the pixel is chosen, else none.
    """
    return -np.repeat(chosen.reshape(len(chosen), -1), channels, axis=1).astype(np.int32)


def replace(image: np.ndarray, baseline: np.ndarray, marked: np.ndarray, into: np.ndarray) -> None:
    """Write copies of an image with the marked pixels replaced by the baseline's.

    As integers, a ^ ((a ^ b) & mask) is exactly a or b; without a branch for each pixel it takes
    a quarter of the time that `np.where` does. Several baselines at once save most of what calling
    NumPy for so few pixels takes.

    Args:
        image: float32 (height, width, channels).
        baseline: float32 (..., height, width, channels), one or several.
        marked: int32 (m, height * width * channels), of `marks` or `path_marks`.
        into: float32 (..., m, height, width, channels), where they are written.
    """
    bits = into.view(np.int32)
    marked = marked.reshape(len(marked), *image.shape)
    # The same for all copies: (..., 1, height, width, channels).
    difference = (image.view(np.int32) ^ baseline.view(np.int32))[..., None, :, :, :]
    np.bitwise_and(marked, difference, out=bits)
    np.bitwise_xor(bits, image.view(np.int32), out=bits)


def require_matching(
    images: np.ndarray,
    maps: Mapping[str, np.ndarray] = NOTHING,
    baselines: Mapping[str, np.ndarray] = NOTHING,
    targets: np.ndarray | None = None,
) -> None:
    """Refuse arrays that do not belong together, before NumPy stretches one over the others.

    Raises:
        ValueError: a shape differs from that of the images (n, height, width, channels).
    """
    wanted = {} if targets is None else {"targets": (targets, images.shape[:1])}
    wanted |= {f"the maps of {name}": (each, images.shape[:3]) for name, each in maps.items()}
    wanted |= {f"the baseline {name}": (each, images.shape) for name, each in baselines.items()}
    for what, (array, shape) in wanted.items():
        if array.shape != shape:
            raise ValueError(f"{what}: shape {array.shape}, where the images need {shape}")
