"""Which test images are explained, and for which classes."""

import numpy as np


def choose(
    labels: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    right_per_class: int,
    wrong_per_class: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose, for each class, some images the network got right and some it got confidently wrong.

    The right ones are the first of their class. The test set was shuffled by the seed when it was
    processed, so these are a random draw, not the easiest. The wrong ones are those of the class
    whose false prediction was the most confident (the earlier image where two are equal): they are
    the mistakes that most need explaining, not typical ones. A class with too few of either gives
    what it has.

    Args:
        labels: int64 (n,), the true class of each test image, in the processed order.
        predicted: int64 (n,), the predicted class.
        confidence: float (n,), the softmax probability of the predicted class.
        right_per_class: how many right images of each class, at most.
        wrong_per_class: how many wrong images of each true class, at most.

    Returns:
        image_index and target, int64 (rows,). A right image has one row, whose target is its class.
        A wrong one has two: the predicted class, then the true one. Rows go by true class, right
        before wrong.
    """
    rows: list[tuple[int, int]] = []
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        is_right = predicted[of_class] == label
        right, wrong = of_class[is_right], of_class[~is_right]
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
        rows += [(image, label) for image in right[:right_per_class]]
        for image in wrong[:wrong_per_class]:
            rows += [(image, predicted[image]), (image, label)]
    image_index, target = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    return image_index, target
