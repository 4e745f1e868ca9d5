"""Images with a part taken away, made a few at a time and shown to the network in large batches.

What every measure that asks "what does the network say without it?" is made of.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

# float32 images (m, height, width, channels) -> float32 logits (m, classes), for any m.
Predict = Callable[[np.ndarray], np.ndarray]

# Of perturbed images at once; joining them takes as much again for a moment. That is some 2,600
# images of 28 × 28, or 680 of 32 × 32 in colour: enough for full batches. Measured, with 16 MiB and
# more, making an image takes up to twice as long, because it is out of the cache when it is read.
CHUNK_BYTES = 8 * 2**20


def predicted(predict: Predict, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Give the logits of blocks of images, joining small blocks into large batches.

    The blocks are asked for one by one, and forgotten once they are predicted. While the network
    passes one batch, the next is made here and the caller works on the one before.

    Args:
        predict: the network; it is called from another thread, one call at a time.
        blocks: each float32 (m, height, width, channels), m as it may be.

    Yields:
        float32 (m, classes) of each block, in their order.
    """
    with ThreadPoolExecutor(max_workers=1) as worker:
        passing: tuple[Future[np.ndarray], np.ndarray] | None = None
        for chunk, ends in _joined(blocks):
            following = worker.submit(predict, chunk), ends
            if passing:
                yield from np.split(passing[0].result(), passing[1])
            passing = following
        if passing:
            yield from np.split(passing[0].result(), passing[1])


def _joined(blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give chunks of blocks, and at which image each block but the first begins."""
    waiting: list[np.ndarray] = []
    for block in blocks:
        if waiting and sum(each.nbytes for each in waiting) + block.nbytes > CHUNK_BYTES:
            yield _chunk(waiting)
            waiting.clear()
        waiting.append(block)
    if waiting:
        yield _chunk(waiting)


def _chunk(blocks: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate(blocks), np.cumsum([len(block) for block in blocks])[:-1]


def pixel_order(map_: np.ndarray, seed: int) -> np.ndarray:
    """Order an image's pixels from the most to the least relevant, by the signed value.

    Equal values come in one random order, the same for every image. By index they would come row
    by row, and a map that is zero almost everywhere would be judged by where in the image it lies.

    Args:
        map_: float (height, width).
        seed: of the order of equal values.

    Returns:
        int64 (height * width,), indices into the flattened map.

    Raises:
        ValueError: a value is NaN, which has no place in an order.
    """
    if np.isnan(map_).any():
        raise ValueError("a map has NaN in it, so its pixels have no order")
    shuffled = np.random.default_rng(seed).permutation(map_.size)
    return shuffled[np.argsort(-map_.ravel()[shuffled], kind="stable")]


def pixel_counts(pixels: int, steps: int) -> np.ndarray:
    """Say how many pixels are replaced at each point of a path: from none to all, evenly spaced.

    Args:
        pixels: of an image.
        steps: at least 1. An image of fewer pixels takes one step a pixel.

    Returns:
        int64 (min(steps, pixels) + 1,), rising, from 0 to `pixels`.

    Raises:
        ValueError: there is no step.
    """
    if steps < 1:
        raise ValueError(f"a path has at least 1 step, not {steps}")
    return np.linspace(0, pixels, min(steps, pixels) + 1).round().astype(np.int64)


def path(
    image: np.ndarray, baseline: np.ndarray, order: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Replace an image's first pixels, all channels together, by the baseline's.

    Args:
        image: float32 (height, width, channels).
        baseline: alike.
        order: int64 (height * width,), which pixel goes first (`pixel_order`).
        counts: int64 (m,), how many of them go in each of the m images.

    Returns:
        float32 (m, height, width, channels). With image and baseline exchanged, the images that
        show the first pixels only.
    """
    small = np.min_scalar_type(len(order))  # comparing short integers is four times as fast
    rank = np.empty(len(order), small)
    rank[order] = np.arange(len(order))
    # Once for each channel: comparing runs over one long row then, not over a short one a pixel.
    rank = np.repeat(rank, image.shape[-1]).reshape(image.shape)
    return np.where(rank < counts.astype(small)[:, None, None, None], baseline, image)


def require_matching(
    images: np.ndarray,
    targets: np.ndarray,
    maps: dict[str, np.ndarray],
    baselines: dict[str, np.ndarray],
) -> None:
    """Refuse arrays that do not belong together, before NumPy stretches one over the others.

    Raises:
        ValueError: a shape differs from that of the images (n, height, width, channels).
    """
    wanted = {"targets": (targets, images.shape[:1])}
    wanted |= {f"the maps of {name}": (each, images.shape[:3]) for name, each in maps.items()}
    wanted |= {f"the baseline {name}": (each, images.shape) for name, each in baselines.items()}
    for what, (array, shape) in wanted.items():
        if array.shape != shape:
            raise ValueError(f"{what}: shape {array.shape}, where the images need {shape}")
