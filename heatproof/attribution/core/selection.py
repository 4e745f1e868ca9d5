"""Which test images are explained, and for which classes."""

import numpy as np

Queues = tuple[list[int], list[int]]  # of a class: right images, wrong images; the next one first


def choose(
    labels: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    right_per_class: int,
    wrong_per_class: int,
    min_images: int = 0,
    max_images: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose, for each class, some images the network got right and some it got confidently wrong.

    The right ones are the first of their class. The test set was shuffled by the seed when it was
    processed, so these are a random draw, not the easiest. The wrong ones are those of the class
    whose false prediction was the most confident (the earlier image where two are equal): they are
    the mistakes that most need explaining, not typical ones. A class with too few of either gives
    what it has.

    Where that is too few images, as with two classes, the classes with the fewest give more, by the
    same order; where it is too many, as with a thousand, evenly spaced ones of both kinds are kept.

    Args:
        labels: int64 (n,), the true class of each test image, in the processed order.
        predicted: int64 (n,), the predicted class.
        confidence: float (n,), the softmax probability of the predicted class.
        right_per_class: how many right images of each class, at most; 0: none at all.
        wrong_per_class: how many wrong images of each true class, at most; 0: none at all.
        min_images: how many in all, as far as there are any, whatever the number of classes.
        max_images: how many in all, at most; None: as many as it comes to.

    Returns:
        image_index and target, int64 (rows,). A right image has one row, whose target is its class.
        A wrong one has two: the predicted class, then the true one. Rows go by true class, right
        before wrong.
    """
    wanted = (right_per_class, wrong_per_class)
    queues = _queues(labels, predicted, confidence)
    taken = {
        label: [min(number, len(queue)) for number, queue in zip(wanted, of_class, strict=True)]
        for label, of_class in queues.items()
    }
    _fill(taken, queues, wanted, min_images)
    images = np.array(
        [
            image
            for label, (right, wrong) in queues.items()
            for image in (*right[: taken[label][0]], *wrong[: taken[label][1]])
        ],
        dtype=np.int64,
    )
    if max_images is not None:
        images = images[evenly_spaced(labels[images] == predicted[images], max_images)]
    rows: list[tuple[int, int]] = []
    for image in images:
        classes = dict.fromkeys((int(predicted[image]), int(labels[image])))
        rows += [(int(image), target) for target in classes]
    image_index, target = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    return image_index, target


def evenly_spaced(right: np.ndarray, number: int) -> np.ndarray:
    """Return the places of `number` images, evenly spaced among the right and the wrong ones.

    Where images go by class, so are the classes evenly spaced that give some.

    Args:
        right: bool (n,), whether each image is right.
        number: how many are kept, right and wrong in the proportion in which there are some; all
            where there are no more.

    Returns:
        int64, ascending.
    """
    if len(right) <= number:
        return np.arange(len(right))
    kinds = [np.flatnonzero(right), np.flatnonzero(~right)]
    rights = round(number * len(kinds[0]) / len(right))
    kept = [
        kind[np.linspace(0, len(kind) - 1, share).round().astype(int)]
        for kind, share in zip(kinds, (rights, number - rights), strict=True)
    ]
    return np.sort(np.concatenate(kept))


def _queues(labels: np.ndarray, predicted: np.ndarray, confidence: np.ndarray) -> dict[int, Queues]:
    queues = {}
    for label in np.unique(labels).tolist():
        of_class = np.flatnonzero(labels == label)
        is_right = predicted[of_class] == label
        right, wrong = of_class[is_right], of_class[~is_right]
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
        queues[label] = (right.tolist(), wrong.tolist())
    return queues


def _fill(
    taken: dict[int, list[int]], queues: dict[int, Queues], wanted: tuple[int, int], images: int
) -> None:
    """Take more images, of the class with the fewest and of the kind it has the fewer of."""
    for _ in range(images - sum(map(sum, taken.values()))):
        more = [
            (sum(taken[label]), label, taken[label][kind] / wanted[kind], kind)
            for label, of_class in queues.items()
            for kind, queue in enumerate(of_class)
            if wanted[kind] and taken[label][kind] < len(queue)
        ]
        if not more:
            return
        _, label, _, kind = min(more)
        taken[label][kind] += 1
