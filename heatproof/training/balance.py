"""Classes of unequal size: rare ones weigh more in the loss, or are served more often.

Otherwise a network that answers the largest class always has little to gain elsewhere. Both ways
make it answer rare classes more often than they occur: the balanced accuracy (mean recall of the
classes) rises, the plain one may fall. Drawing rare classes more often does better in Buda et al.'s
comparison (2018, https://arxiv.org/abs/1710.05381).
"""

import keras
import numpy as np
from keras import ops


def class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the weight of each class, so that all weigh the same; of the images 1 on average.

    Args:
        labels: int64 (n,), class indices.
        classes: how many there are.

    Returns:
        float32 (classes,), n / (classes that occur * images of the class), as scikit-learn's
        "balanced"; 0 where a class does not occur.
    """
    counts = np.bincount(labels, minlength=classes)
    share = len(labels) / np.count_nonzero(counts)
    return np.divide(share, counts, out=np.zeros(classes), where=counts > 0).astype(np.float32)


def balanced_order(labels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return the order of an epoch in which every class comes as often, to one image.

    The epoch is as long as ever: of large classes some images are left out, those of small ones are
    repeated, each as often as the others of its class, to one.

    Args:
        labels: int64 (n,), class indices.
        generator: of the order, of which images, and of the classes that have one more.

    Returns:
        int64 (n,), indices into `labels`.
    """
    present = generator.permutation(np.unique(labels))
    quotas = np.full(len(present), len(labels) // len(present))
    quotas[: len(labels) % len(present)] += 1
    drawn = []
    for label, quota in zip(present, quotas, strict=True):
        members = np.flatnonzero(labels == label)
        rounds = -(-int(quota) // len(members))
        drawn += [generator.permutation(members) for _ in range(rounds - 1)]
        drawn.append(generator.permutation(members)[: quota - (rounds - 1) * len(members)])
    return generator.permutation(np.concatenate(drawn))


class WeightedCrossentropy(keras.losses.CategoricalCrossentropy):
    """Cross-entropy in which each image weighs as its class does, mixed ones in proportion."""

    def __init__(self, weights: np.ndarray, **options) -> None:
        """`weights`: float32 (classes,)."""
        super().__init__(**options)
        self.weights = weights

    def call(self, y_true, y_pred):
        each = super().call(y_true, y_pred)
        weights = ops.convert_to_tensor(self.weights, dtype=each.dtype)
        return each * ops.sum(ops.cast(y_true, each.dtype) * weights, axis=-1)


class BalancedAccuracy(keras.metrics.Metric):
    """The mean over the classes that occur of the share of their images that is right."""

    def __init__(self, classes: int, name: str) -> None:
        super().__init__(name=name)
        self.right = self.add_weight(shape=(classes,), initializer="zeros", name="right")
        self.images = self.add_weight(shape=(classes,), initializer="zeros", name="images")

    def update_state(self, y_true, y_pred, sample_weight=None):
        labels = ops.argmax(y_true, axis=-1)
        is_class = ops.one_hot(labels, self.images.shape[0], dtype=self.images.dtype)
        right = ops.cast(ops.equal(labels, ops.argmax(y_pred, axis=-1)), self.images.dtype)
        self.images.assign_add(ops.sum(is_class, axis=0))
        self.right.assign_add(ops.sum(is_class * ops.expand_dims(right, -1), axis=0))

    def result(self):
        present = ops.cast(self.images > 0, self.images.dtype)
        recall = self.right / ops.maximum(self.images, 1)
        return ops.sum(recall) / ops.maximum(ops.sum(present), 1)
