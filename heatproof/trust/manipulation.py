"""How far a map can be moved by a change of the image that nobody sees and no prediction shows.

Ghorbani, Abid and Zou 2019, "Interpretation of Neural Networks is Fragile"
(https://arxiv.org/abs/1710.10547): of the images within ε of the original in every pixel value
(L-infinity), for which the network predicts the same class, look for the one with the most unlike
map, by steps along the sign of the gradient (algorithm 1), the best of those met being kept.
Dombrowski et al. 2019 (https://arxiv.org/abs/1906.07983, section 4) take the directions from a
network with softplus in the place of ReLU, which has the second derivatives that a network of ReLUs
lacks, and hold the network's output where it was by a term of the loss. Here

    L(x') = cos(h̃(x'), h(x)) + max(0, 2 |p(x') - p(x)| / tolerance - 1)²

is lowered, h the map, h̃ that of the smooth network, p the class's probability, which is free to
move by half of the tolerance. The smooth network shows directions only: every map, class and
probability that counts is the network's own.

A search that fails proves nothing: a stronger one may move the map. One that succeeds is an
example. What chance does is told by as many images with random signs of the same ε, the worst of
which counts, as in the search.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.statistics.correlation import magnitude_correlation
from heatproof.statistics.softmax import softmax
from heatproof.trust.perturbation import own_random

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network

# Images float32 (n, height, width, channels) -> maps float32 (n, height, width) of their targets.
ExplainImages = Callable[[np.ndarray], np.ndarray]
# Images, tensors or arrays of one row each -> images: one step of a search.
Step = Callable[[np.ndarray], np.ndarray]

# Of a step, as a share of ε: with n steps an image may cross the whole range more than once.
REACH = 2.5


@dataclass(frozen=True)
class Moved:
    """What became of n images and their maps.

    images: float32 (n, height, width, channels) in [0, 1], within ε of the original; the original
    itself where nothing moves the map. maps: float32 (n, height, width), the network's own.
    similarity: float64 (n,), the rank correlation of the magnitudes with those of the original map;
    NaN where that is constant. probability: float64 (n,), of the class that is explained.
    """

    images: np.ndarray
    maps: np.ndarray
    similarity: np.ndarray
    probability: np.ndarray


@dataclass(frozen=True)
class Subject:
    """Images whose maps are to be moved, of a network and a method.

    network: whose predictions must stay. explain: the method. images: float32 (n, height, width,
    channels) in [0, 1]. targets: int64 (n,), the class that is predicted and explained.
    """

    network: "Network"
    explain: ExplainImages
    images: np.ndarray
    targets: np.ndarray

    def probability(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the target's probability, float64 (n,), and whether it is the predicted class."""
        logits = self.network.logits(images).astype(np.float64)
        rows = np.arange(len(images))
        return softmax(logits)[rows, self.targets], logits.argmax(axis=1) == self.targets


def worst(
    subject: Subject, tried: "list[np.ndarray] | Step", tolerance: float, count: int
) -> Moved:
    """Return, of images that are tried one after the other, those whose maps moved most.

    Only images count whose predicted class is the same, and whose class's probability is within
    `tolerance` of what it was.

    Args:
        subject: the images.
        tried: `count` times images like those of the subject, or what gives the next from the last,
            the first time from the subject's.
        tolerance: of the probability.
        count: how many times.
    """
    before, _ = subject.probability(subject.images)
    originals = subject.explain(subject.images)
    alike = likeness(originals, originals)  # 1, but for what rounding leaves of it
    best = Moved(subject.images.copy(), originals.copy(), alike, before.copy())
    images = subject.images
    for number in range(count):
        images = tried(images) if callable(tried) else tried[number]
        probability, same = subject.probability(images)
        maps = subject.explain(images)
        similarity = likeness(originals, maps)
        better = same & (np.abs(probability - before) <= tolerance)
        better &= similarity < best.similarity
        for kept, new in (
            (best.images, images),
            (best.maps, maps),
            (best.similarity, similarity),
            (best.probability, probability),
        ):
            kept[better] = new[better]
    return best


def likeness(originals: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Compare maps by the rank correlation of their magnitudes.

    Args:
        originals: float (n, height, width).
        maps: the same shape.

    Returns:
        float64 (n,) in [-1, 1]; 0 where nothing is left of an order (the map is constant), NaN
        where there was none.
    """
    found = magnitude_correlation(originals, maps)
    known = np.ptp(np.abs(originals), axis=(1, 2)) > 0
    return np.where(known & np.isnan(found), 0.0, found)


def random_signs(
    images: np.ndarray, epsilon: np.ndarray, count: int, seed: int
) -> list[np.ndarray]:
    """Return images with every value moved by ε, up or down at random.

    That is the most noise there can be within ε. It is drawn from image and seed.

    Args:
        images: float32 (n, height, width, channels) in [0, 1].
        epsilon: float (n,).
        count: how many times.
        seed: of the signs.

    Returns:
        `count` times float32 like the images, clipped to [0, 1].
    """
    randoms = [own_random(image, seed) for image in images]
    found = []
    for _ in range(count):
        signs = [random.choice((-1.0, 1.0), size=images.shape[1:]) for random in randoms]
        found.append(within(images + _wide(epsilon) * np.array(signs), images, epsilon))
    return found


def within(moved: np.ndarray, images: np.ndarray, epsilon: np.ndarray) -> np.ndarray:
    """Bring images back to within ε of the originals, and to [0, 1]; float32."""
    low, high = images - _wide(epsilon), images + _wide(epsilon)
    return np.clip(np.clip(moved, low, high), 0, 1).astype(np.float32)


def search(
    subject: Subject,
    tensor_map: Callable[[Any, Any], Any],
    epsilon: np.ndarray,
    steps: int,
    tolerance: float,
    seed: int,
    key: Any,
) -> Moved:
    """Look for the images within ε whose maps are most unlike the originals'.

    Args:
        subject: the images.
        tensor_map: TensorFlow's (batch, targets) -> the smooth network's maps (n, height, width).
        epsilon: float (n,), above 0: by how much a value of an image in [0, 1] may change.
        steps: of the search.
        tolerance: how far the class's probability may move.
        seed: of the start, a random place within ε, which image and seed decide: at the image
            itself the loss may have no slope.
        key: hashable, says what `tensor_map` is.

    Raises:
        LookupError: an operation of the network has no second derivative.
    """
    originals = subject.explain(subject.images)
    before, _ = subject.probability(subject.images)
    slope = subject.network.compiled(
        ("manipulation", key, tolerance), _slope_of(subject.network, tensor_map, tolerance)
    )
    start = [own_random(i, seed).uniform(-1, 1, i.shape) for i in subject.images]
    size = _wide(epsilon) * REACH / steps

    def step(images: np.ndarray) -> np.ndarray:
        if images is subject.images:
            moved = images + _wide(epsilon) * np.array(start)
        else:
            rows = images, subject.targets, originals, before.astype(np.float32)
            moved = images - size * np.sign(subject.network.in_batches(slope, *rows))
        return within(moved, subject.images, epsilon)

    return worst(subject, step, tolerance, steps + 1)


def _slope_of(
    network: "Network", tensor_map: Callable[[Any, Any], Any], tolerance: float
) -> Callable[..., Any]:
    """Return the function of tensors that gives the loss's gradient at each image."""
    import tensorflow as tf

    def function(batch: Any, targets: Any, originals: Any, before: Any) -> Any:
        # One tape each: of three gradients or more at a tensor the sum would depend on their order.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(batch)
            alike = _cosine(tensor_map(batch, targets), originals)
        towards = tape.gradient(alike, batch, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(batch)
            chances = tf.nn.softmax(network.logits_of(batch))
            chosen = tf.one_hot(targets, chances.shape[-1], dtype=chances.dtype)
            off = tf.abs(tf.reduce_sum(chances * chosen, axis=-1) - before)
            kept = tf.nn.relu(2 * off / tolerance - 1) ** 2
        return towards + tape.gradient(kept, batch)

    return function


def _cosine(maps: Any, originals: Any) -> Any:
    """Return the cosine of each pair of maps, (n,); 0 where one is zero everywhere."""
    import tensorflow as tf

    product = tf.reduce_sum(maps * originals, axis=(1, 2))
    squares = tf.reduce_sum(maps * maps, axis=(1, 2)) * tf.reduce_sum(originals**2, axis=(1, 2))
    return tf.math.divide_no_nan(product, tf.sqrt(tf.maximum(squares, 1e-30)))


def _wide(numbers: np.ndarray) -> np.ndarray:
    """Return (n,) as (n, 1, 1, 1)."""
    return numbers[:, None, None, None]
