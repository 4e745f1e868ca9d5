"""Confident learning, on probabilities whose outcome can be worked out."""

import numpy as np

from heatproof.evaluation.label_errors import contradicted


def test_a_class_is_confident_from_its_own_mean_on() -> None:
    # The thresholds are 0.7, the mean of 0.9, 0.8 and 0.4, and 0.6, that of 0.7, 0.9 and 0.2.
    labels = np.array([0, 0, 0, 1, 1, 1])
    first = np.array([0.9, 0.8, 0.4, 0.3, 0.1, 0.8])
    images, suggested = contradicted(labels, np.stack([first, 1 - first], axis=1))
    # Image 2 is 0.6 of class 1, image 5 is 0.8 of class 0: the label of image 5 is least likely.
    assert images.tolist() == [5, 2] and suggested.tolist() == [0, 1]


def test_probabilities_that_are_all_equal_reach_their_mean() -> None:
    labels = np.arange(300) % 3
    probabilities = np.full((300, 3), 0.05)
    probabilities[np.arange(300), (labels + 1) % 3] = 0.9  # every label is wrong
    assert len(contradicted(labels, probabilities)[0]) == 300


def test_an_image_of_no_confident_class_is_not_listed() -> None:
    labels = np.array([0, 0, 1, 1])
    first = np.array([1.0, 0.45, 0.0, 0.1])
    # Image 1 is predicted wrongly, by 0.55, which is below 0.95, the mean of class 1.
    assert not len(contradicted(labels, np.stack([first, 1 - first], axis=1))[0])


def test_a_class_without_images_is_never_suggested() -> None:
    labels = np.array([0, 0, 1])
    probabilities = np.array([[0.1, 0.1, 0.8], [0.6, 0.2, 0.2], [0.1, 0.6, 0.3]])
    assert not len(contradicted(labels, probabilities)[0])
