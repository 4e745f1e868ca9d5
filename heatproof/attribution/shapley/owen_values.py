"""Owen values by halving: the search for the parts of images that matter.

Owen 1977 ("Values of games with a priori unions", doi:10.1007/978-3-642-45494-3_7), of a hierarchy
of rectangles. A part's worth is the logits' change when it is shown. It is divided between its
halves by Shapley's formula for two players: each gets the mean of what it adds while the other is
hidden and of what it adds when the other is shown.
"""

import numpy as np

NEVER = -np.inf  # a part that is divided already, or cannot be


class OwenPartition:
    """Several images: what was shown of each, the network's logits, which parts are undivided.

    They are divided side by side, each as it would be alone. What is shown has a number, a part has
    a place: 0 the whole image, and four for every division, the halves in both their contexts.

    size: height and width. empty: float (classes,), the logits of nothing. full: float (n,
    classes), those of the images. evaluations: how many there may be of an image, these included.
    """

    def __init__(
        self, size: tuple[int, int], empty: np.ndarray, full: np.ndarray, evaluations: int
    ) -> None:
        count, parts = len(full), 1 + 4 * (evaluations // 2 - 1)
        self._shown = np.zeros((count, evaluations, *size), bool)  # number 0 nothing, 1 everything
        self._shown[:, 1] = True
        self._logits = np.zeros((count, evaluations, len(empty)))
        self._logits[:, 0], self._logits[:, 1] = empty, full
        self._known = np.full(count, 2)
        self._rectangles = np.zeros((count, parts, 4), np.int64)
        self._without = np.zeros((count, parts), np.int64)  # the number of what else is shown
        self._within = np.zeros((count, parts), np.int64)  # ... of that with the part
        self._shares = np.zeros((count, parts))
        self._promise = np.full((count, parts), NEVER)
        self._asked: tuple[np.ndarray, ...] = ()
        whole = np.array([[0, size[0], 0, size[1]]] * count).reshape(count, 4)
        every, zero = np.arange(count), np.zeros(count, np.int64)
        self._put(every, zero, (zero, zero + 1, whole), np.ones(count))

    def divide(self, divisions: int) -> tuple[np.ndarray, np.ndarray]:
        """Take the most promising parts of each image, at most `divisions` of them.

        Returns:
            what must be evaluated: int64 (m,), the image, and bool (m, height, width), what of it
            is shown. Nothing when the evaluations are used up, or all is divided.
        """
        divisions = min(divisions, self._promise.shape[1])
        best = np.argpartition(-self._promise, divisions - 1, axis=1)[:, :divisions]
        promise = np.take_along_axis(self._promise, best, axis=1)
        best = np.take_along_axis(best, np.argsort(-promise, axis=1, kind="stable"), axis=1)
        left = (self._shown.shape[1] - self._known) // 2
        possible = np.take_along_axis(self._promise, best, axis=1) > NEVER
        image, rank = np.nonzero(possible & (np.arange(divisions) < left[:, None]))
        part = best[image, rank]
        first = self._known[image] + 2 * rank
        one, other = halves(self._rectangles[image, part])
        base = self._shown[image, self._without[image, part]]
        masks = np.stack([base | self._covers(one), base | self._covers(other)], axis=1)
        self._shown[image, first], self._shown[image, first + 1] = masks[:, 0], masks[:, 1]
        self._asked = image, part, first, one, other
        return np.repeat(image, 2), masks.reshape(-1, *masks.shape[2:])

    def learn(self, logits: np.ndarray) -> None:
        """Take the logits of what `divide` asked for, and put the halves in the parts' place."""
        image, part, first, one, other = self._asked
        second = first + 1
        self._logits[image, first], self._logits[image, second] = logits[0::2], logits[1::2]
        self._known += 2 * np.bincount(image, minlength=len(self._known))
        without, within = self._without[image, part], self._within[image, part]
        shares = self._shares[image, part] / 2
        self._shares[image, part], self._promise[image, part] = 0, NEVER
        children = (  # Shapley's formula for two players: alone, and when the other is shown
            (without, first, one), (second, within, one),
            (without, second, other), (first, within, other),
        )  # fmt: skip
        for number, child in enumerate(children):
            self._put(image, 2 * (first - 2) + 1 + number, child, shares)

    def map(self, image: int, target: int) -> np.ndarray:
        """Return what each pixel gets of the target's logit, float64 (height, width)."""
        parts = np.flatnonzero(self._shares[image])
        logits, rectangles = self._logits[image, :, target], self._rectangles[image, parts]
        worth = logits[self._within[image, parts]] - logits[self._without[image, parts]]
        each = worth * self._shares[image, parts] / area(rectangles)
        rows, columns = self._sides(rectangles)
        # Not a matrix product, which would wake BLAS's threads for less than a millisecond's work.
        return np.einsum("ph,pw->hw", each[:, None] * rows, columns.astype(np.float64))

    def _put(
        self, image: np.ndarray, place: np.ndarray, part: tuple[np.ndarray, ...], shares: np.ndarray
    ) -> None:
        without, within, rectangles = part
        change = np.abs(self._logits[image, within] - self._logits[image, without]).max(axis=1)
        self._without[image, place], self._within[image, place] = without, within
        self._rectangles[image, place], self._shares[image, place] = rectangles, shares
        self._promise[image, place] = np.where(area(rectangles) > 1, change * shares, NEVER)

    def _sides(self, rectangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        top, bottom, left, right = rectangles.T[..., None]
        down, across = (np.arange(length) for length in self._shown.shape[2:])
        return (top <= down) & (down < bottom), (left <= across) & (across < right)

    def _covers(self, rectangles: np.ndarray) -> np.ndarray:
        rows, columns = self._sides(rectangles)
        return rows[:, :, None] & columns[:, None]


def area(rectangles: np.ndarray) -> np.ndarray:
    """Return how many pixels are in each rectangle, int64 (m,)."""
    top, bottom, left, right = rectangles.T
    return (bottom - top) * (right - left)


def halves(rectangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Halve rectangles across their longer side, across the height if they are square.

    Of an odd number of pixels the first half is the larger, as in the `shap` package.

    Args:
        rectangles: int64 (m, 4): top, bottom, left, right, of which the ends are outside.

    Returns:
        the first halves and the second ones, alike.
    """
    top, bottom, left, right = rectangles.T
    tall = bottom - top >= right - left
    row, column = bottom - (bottom - top) // 2, right - (right - left) // 2
    first = [top, np.where(tall, row, bottom), left, np.where(tall, right, column)]
    second = [np.where(tall, row, top), bottom, np.where(tall, left, column), right]
    return np.stack(first, axis=1), np.stack(second, axis=1)
