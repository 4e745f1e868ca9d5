"""Images whose label a network contradicts with confidence: possible label errors.

Confident learning (Northcutt, Jiang & Chuang 2021, https://arxiv.org/abs/1911.00068): a class is
confident of an image where its probability is at least the mean that it has over the images
labelled with it (equation 2), so that neither a class that is hard nor a network that is
overconfident decides alone. An image is listed if the most probable of its confident classes is not
its label: an entry off the diagonal of the confident joint (equation 1). The order is by
self-confidence, the probability of the label itself (section 3.2).

It holds for predictions of networks that were not fitted to the images: one that was has learned
the wrong labels too, and contradicts none.
"""

import numpy as np

_ROUNDING = 1e-9  # of a mean of equal probabilities


def contradicted(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the images whose labels are contradicted.

    Args:
        labels: int64 (n,), class indices.
        probabilities: float (n, classes), predicted for images not trained on.

    Returns:
        Two int64 (found,): the images, the lowest probability of the label first, and the class
        that is confident of each.
    """
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    of_label = probabilities[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=of_label, minlength=classes)
    # A class without images has no threshold: nothing is ever confidently of it.
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    confident = probabilities >= thresholds - _ROUNDING
    suggested = np.where(confident, probabilities, -1.0).argmax(axis=1)
    found = np.flatnonzero(confident.any(axis=1) & (suggested != labels))
    order = found[np.argsort(of_label[found], kind="stable")]
    return order, suggested[order]
