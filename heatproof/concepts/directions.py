"""Concept activation vectors: the direction in a layer in which pictures of a concept differ.

Kim et al. 2018 (https://arxiv.org/abs/1711.11279), section 3.2: a linear classifier tells the
activations of a concept's pictures from those of other pictures; what it weighs them by, the normal
of the plane between them, is the direction. How often it is right on pictures that it was not
fitted to says whether there is anything to the direction.
"""

from dataclasses import dataclass

import numpy as np

MAX_ITERATIONS = 1000
# Of the logistic regression (scikit-learn's C), on activations of which only the whole is brought
# to one scale. With each unit on its own scale, units that hardly vary point the vector, and on a
# network that decides by a planted pattern its direction was lost among random ones (0.6 of their
# spread, with this 15).
PENALTY = 1.0
HELD_OUT = 1 / 3  # of the pictures on each side


@dataclass(frozen=True)
class Directions:
    """Concept activation vectors of one concept in one layer, each from other counterparts.

    vectors: float64 (vectors, units), of length 1, towards the concept; zero where no unit tells
    the pictures apart. accuracy: float64 (vectors,), the share of held-out pictures that are told
    right.
    held_out: how many of them each vector has, both sides together.
    """

    vectors: np.ndarray
    accuracy: np.ndarray
    held_out: int

    @property
    def mean_accuracy(self) -> float:
        """The share of held-out pictures that are told right, over all vectors."""
        return float(self.accuracy.mean())


def of_concept(
    concept: np.ndarray, counterparts: np.ndarray, count: int, generator: np.random.Generator
) -> Directions:
    """Fit vectors that tell a concept from others, each time from other random counterparts.

    Args:
        concept: float (m, units), activations of the concept's pictures, m at least 3.
        counterparts: float (n, units), of the pictures that counterparts are drawn from, n at least
            m: m for each vector, without replacement.
        count: how many vectors.
        generator: of the counterparts, and of which pictures are held out.
    """
    size = min(len(concept), len(counterparts))
    return _joined(
        [
            fitted(
                concept[generator.permutation(len(concept))[:size]],
                counterparts[generator.permutation(len(counterparts))[:size]],
            )
            for _ in range(count)
        ],
        size,
    )


def of_chance(
    pictures: np.ndarray, size: int, count: int, generator: np.random.Generator
) -> Directions:
    """Fit vectors that tell random pictures from other random ones: what chance gives.

    Args:
        pictures: float (n, units).
        size: how many on each side, at most half of them.
        count: how many vectors.
        generator: of the draws.
    """
    size = min(size, len(pictures) // 2)
    vectors = []
    for _ in range(count):
        drawn = pictures[generator.permutation(len(pictures))[: 2 * size]]
        vectors.append(fitted(drawn[:size], drawn[size:]))
    return _joined(vectors, size)


def held_out(size: int) -> int:
    """Return how many of so many pictures on each side are held out: a third, at least one."""
    return max(1, round(HELD_OUT * size))


def fitted(concept: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit one vector, and try it on the first pictures of each side, which are held out.

    Args:
        concept: float (m, units), in random order.
        others: of the same shape.

    Returns:
        float64 (units,), of length 1 or zero, and the share of held-out pictures told right.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    out, size = held_out(len(concept)), len(concept)
    train = np.concatenate([concept[out:], others[out:]]).astype(np.float64)
    test = np.concatenate([concept[:out], others[:out]]).astype(np.float64)
    middle = train.mean(axis=0)
    scale = float(np.sqrt(((train - middle) ** 2).mean()))
    if scale <= 1e-12 * max(1.0, float(np.abs(train).max())):  # all pictures look the same here
        return np.zeros(train.shape[1]), 0.5
    classifier = LogisticRegression(C=PENALTY, max_iter=MAX_ITERATIONS, random_state=0)
    # One thread: on matrices this small others only wait, and sums come in another order.
    with threadpool_limits(limits=1):
        classifier.fit((train - middle) / scale, np.repeat([1, 0], size - out))
    right = classifier.predict((test - middle) / scale) == np.repeat([1, 0], out)
    vector = classifier.coef_[0]
    return vector / np.linalg.norm(vector), float(right.mean())


def _joined(vectors: list[tuple[np.ndarray, float]], size: int) -> Directions:
    return Directions(
        np.stack([vector for vector, _ in vectors]),
        np.array([accuracy for _, accuracy in vectors]),
        2 * held_out(size),
    )
