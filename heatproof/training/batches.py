"""Batches of images and one-hot labels, in an order that the seed and the epoch decide."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keras
import numpy as np

from heatproof.run.errors import UserError
from heatproof.storage.images import Images
from heatproof.training.balance import balanced_order
from heatproof.training.features import Features

if TYPE_CHECKING:
    import tensorflow as tf


def for_fit(*sets: "Batches") -> "Sequence[Batches | tf.data.Dataset]":
    """Return what `model.fit` should be given to be served batches.

    On TensorFlow datasets of our own. Keras would make some with autotuning on, whose thread looks
    at the pipeline ever more rarely, and each epoch waits at its end for the next look: up to as
    long as the epoch took, or a minute.
    """
    if keras.backend.backend() != "tensorflow":
        return sets
    return [each.dataset() for each in sets]


@contextmanager
def read_errors_raised(*sets: "Batches") -> Iterator[None]:
    """Raise what reading images raised inside TensorFlow, which makes an error of its own of it."""
    try:
        yield
    except Exception as error:
        for each in sets:
            if each.failure is not None:
                raise each.failure from error
        raise


class Batches(keras.utils.PyDataset):
    """Batches for `model.fit`: float32 images in [0, 1], float32 one-hot labels.

    Images are read when their batch is made, so a dataset never stands in memory.
    The order of epoch e follows from (seed, e) alone, so that training can resume from any epoch.
    """

    def __init__(
        self,
        images: Images | Features,
        labels: np.ndarray,
        classes: int,
        batch_size: int,
        seed: int | None = None,
        mixup_alpha: float = 0.0,
        rows: np.ndarray | None = None,
        balanced: bool = False,
        alternating: bool = False,
    ) -> None:
        """Prepare to serve a dataset, or some of its images, which are not copied.

        Args:
            images: uint8 (n, height, width, channels), in memory or in a file; or float32 (n, ...),
                served as they are.
            labels: int64 (n,), class indices.
            classes: how many classes there are.
            batch_size: images per batch, or all where there are fewer.
            seed: shuffle every epoch and leave out the incomplete last batch; None keeps the order
                and every image.
            mixup_alpha: above 0, mix pairs of images and their labels, in a proportion from
                Beta(alpha, alpha) (Zhang et al. 2017, https://arxiv.org/abs/1710.09412).
            rows: int64 (m,), which images are served; None for all.
            balanced: serve every class as often in a shuffled epoch (`balance.balanced_order`).
            alternating: mirror each image, left to right, in every other epoch; which half of them
                in the first follows from the seed (https://arxiv.org/abs/2404.00498).
        """
        super().__init__()
        self.images, self.labels, self.classes = images, labels, classes
        self.failure: UserError | None = None
        self.rows = np.arange(len(images)) if rows is None else rows
        self.white = 255 if images.dtype == np.uint8 else 1
        self.one_hot = np.eye(classes, dtype=np.float32)
        self.batch_size = min(batch_size, len(self.rows))
        self.seed, self.mixup_alpha, self.balanced = seed, mixup_alpha, balanced
        self.mirrored = (
            np.random.default_rng([seed or 0, len(images)]).permutation(len(images)) % 2 == 0
            if alternating
            else None
        )
        self.start_epoch(0)

    @property
    def num_batches(self) -> int:
        """How many batches there are per epoch."""
        batches = len(self.rows) / self.batch_size
        return math.ceil(batches) if self.seed is None else math.floor(batches)

    def __len__(self) -> int:
        return self.num_batches

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self._read(chosen).astype(np.float32) / self.white
        labels = self.one_hot[self.labels[chosen]]
        if self.mixup_alpha:
            images, labels = self._mixed(images, labels, index)
        return images, labels

    def dataset(self) -> "tf.data.Dataset":
        """Return these batches as TensorFlow makes them: Python gives order and images.

        The next batch is read while the network is busy with one.
        """
        import tensorflow as tf

        one_hot, labels = tf.constant(self.one_hot), tf.constant(self.labels)

        def made(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            images = tf.numpy_function(self._read, [rows], self.images.dtype)
            images.set_shape((None, *self.images.shape[1:]))
            pixels = tf.cast(images, tf.float32) / self.white
            return pixels, tf.gather(one_hot, tf.gather(labels, rows))

        def mixed(
            rows: tf.Tensor, share: tf.Tensor, other: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor]:
            one = made(rows)
            return tuple(share * each + (1 - share) * tf.gather(each, other) for each in one)

        def whole_epoch() -> Iterator[tuple[np.ndarray, ...]]:
            yield self._plan()

        epoch = tf.data.Dataset.from_generator(
            whole_epoch,
            # A batch size that is known beforehand would have TensorFlow arrange the network's sums
            # in another way, and with them the last bits.
            output_signature=tuple(
                tf.TensorSpec((None,) * each.ndim, each.dtype) for each in self._plan()
            ),
        )
        steps = epoch.flat_map(lambda *plan: tf.data.Dataset.from_tensor_slices(plan))
        if self.seed is None:
            steps = steps.batch(self.batch_size)
        options = tf.data.Options()
        options.autotune.enabled = False
        options.deterministic = True
        batches = steps.map(mixed if self.mixup_alpha else made)
        counted = batches.apply(tf.data.experimental.assert_cardinality(len(self)))
        return counted.prefetch(1).with_options(options)

    def _read(self, rows: np.ndarray) -> np.ndarray:
        try:
            images = self.images[rows]
        except UserError as error:
            self.failure = error
            raise
        if self.mirrored is None:
            return images
        turned = self.mirrored[rows] ^ (self.epoch % 2 == 1)
        return np.where(turned[:, None, None, None], images[:, :, ::-1], images)

    def _plan(self) -> tuple[np.ndarray, ...]:
        """Return what the epoch's batches are made from, one per step.

        Returns:
            int64 (steps, batch_size), the rows of each step; where images are mixed, also the share
            float32 (steps,) and the seconds int64 (steps, batch_size), see `mixing`. Without a seed
            int64 (m,), all rows in order, still to be divided.
        """
        if self.seed is None:
            return (self.order,)
        rows = self.order[: len(self) * self.batch_size].reshape(-1, self.batch_size)
        if not self.mixup_alpha:
            return (rows,)
        shares, others = zip(*map(self.mixing, range(len(self))), strict=True)
        return rows, np.array(shares), np.stack(others)

    def start_epoch(self, epoch: int) -> None:
        """Serve the order of `epoch`, counted from 0.

        A callback says so at each epoch's start: Keras calls a dataset's `on_epoch_end` once more
        than there are epochs.
        """
        self.epoch = epoch
        self.order = self._order()

    def _order(self) -> np.ndarray:
        if self.seed is None:
            return self.rows
        generator = np.random.default_rng([self.seed, self.epoch])
        if self.balanced:
            return self.rows[balanced_order(self.labels[self.rows], generator)]
        return self.rows[generator.permutation(len(self.rows))]

    def mixing(self, index: int) -> tuple[np.float32, np.ndarray]:
        """Return how batch `index` is mixed: the first of each pair's share, and the seconds.

        Only for shuffled batches, all of which are of one size.

        Returns:
            float32 in [0, 1], and int64 (batch_size,), places within the batch.
        """
        generator = np.random.default_rng([self.seed or 0, self.epoch, index])
        share = np.float32(generator.beta(self.mixup_alpha, self.mixup_alpha))
        return share, generator.permutation(self.batch_size)

    def _mixed(
        self, images: np.ndarray, labels: np.ndarray, index: int
    ) -> tuple[np.ndarray, np.ndarray]:
        share, other = self.mixing(index)
        return (
            share * images + (1 - share) * images[other],
            share * labels + (1 - share) * labels[other],
        )
