"""Rows that show the same image: what a method finds out about an image serves all of them.

A wrong image has a row for the predicted class and one for the true class. A method that reads
logits gets those of all classes from one pass, so it needs each image once and not each row.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rows:
    """The rows of a call, by what they show.

    images: float32 (m, height, width, channels), each once, in the order of their first rows.
    image_of: int64 (n,), for each row the index of its image. targets: int64 (n,).
    """

    images: np.ndarray
    image_of: np.ndarray
    targets: np.ndarray

    def of_targets(self, values: np.ndarray) -> np.ndarray:
        """Return what belongs to each row, (n, ...), of values per class, (m, ..., classes).

        Of logits (m, classes) it is the target's logit of each row, (n,).
        """
        return values[self.image_of, ..., self.targets]

    def of(self, image: int) -> np.ndarray:
        """Return the rows that show one of the images, int64, in their order."""
        return np.flatnonzero(self.image_of == image)


def by_image(images: np.ndarray, targets: np.ndarray) -> Rows:
    """Find the rows that show the same image, wherever they stand.

    Args:
        images: float32 (n, height, width, channels); same means the same to the last bit.
        targets: int64 (n,), class indices.
    """
    place: dict[bytes, int] = {}
    image_of = [place.setdefault(image.tobytes(), len(place)) for image in images]
    index = np.array(image_of, np.int64)
    first = np.unique(index, return_index=True)[1]
    return Rows(images[first], index, targets)
