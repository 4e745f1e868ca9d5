"""A student that learns from a teacher's logits beside its labels (Hinton et al. 2015,
https://arxiv.org/abs/1503.02531).

The loss is the labels' cross-entropy, plus `soft_weight` times T² times the cross-entropy of both
networks' softmax at the temperature T (section 2; T² keeps the weight of the second the same
whatever T is). The teacher sees each image as the student does, changed at random or not (Beyer et
al. 2022, https://arxiv.org/abs/2106.05237).
"""

import keras
import numpy as np
from keras import ops


class Taught(keras.layers.Layer):
    """Hand on a student's logits, and add to the loss how far they are from the teacher's."""

    def __init__(self, temperature: float, soft_weight: float, **options) -> None:
        """Prepare for a temperature of at least 1, and a weight beside the labels' loss of 1."""
        super().__init__(**options)
        self.temperature, self.soft_weight = temperature, soft_weight

    def call(self, inputs):
        """Give the first of a pair of logits (n, classes), the student's and the teacher's."""
        student, teacher = inputs
        soft = soft_cross_entropy(student, ops.stop_gradient(teacher), self.temperature)
        self.add_loss(self.soft_weight * ops.mean(soft))
        return student

    def compute_output_shape(self, input_shape):
        """Give (n, classes)."""
        return input_shape[0]


def soft_cross_entropy(student, teacher, temperature: float):
    """Return T² times the cross-entropy of softmax(student / T) under softmax(teacher / T), (n,).

    Args:
        student: logits, (n, classes).
        teacher: logits, (n, classes).
        temperature: T.
    """
    target = ops.softmax(teacher / temperature, axis=-1)
    # Less its value for the student that gives the teacher's own: what is left to be learned.
    gap = ops.log_softmax(teacher / temperature, axis=-1) - ops.log_softmax(
        student / temperature, axis=-1
    )
    return temperature**2 * ops.sum(target * gap, axis=-1)


def with_teacher(
    student: keras.Model, teacher: keras.Model, temperature: float, soft_weight: float
) -> keras.Model:
    """Return the student as a network to be trained, whose weights are the student's own.

    Args:
        student: flat functional, images to logits (n, classes).
        teacher: of the same images and classes; it is frozen, and infers.
        temperature: T.
        soft_weight: of the teacher's part of the loss.
    """
    teacher.trainable = False
    taught = Taught(temperature, soft_weight, name="taught")
    image = student.inputs[0]
    outputs = taught([student.output, teacher(image, training=False)])
    return keras.Model(image, outputs, name=student.name)


def bias_of_missing_classes(
    logits: np.ndarray, labels: np.ndarray, missing: list[int]
) -> dict[int, float]:
    """Find what is to be added to the logits of classes that a student never saw.

    What it learned of them, from the teacher's small probabilities, is right but for a bias that is
    far too low (section 3 of the paper, which chooses it by the test images). Here each class' is
    the least one at which most validation images are right, one class after the other.

    Args:
        logits: float32 (n, classes), of validation images of all classes.
        labels: int64 (n,).
        missing: the classes.

    Returns:
        Class -> summand, 0 where nothing is gained.
    """
    logits, added = logits.astype(np.float64), {}
    for number in missing:
        others = np.delete(logits, number, axis=1)
        # Where the class overtakes the others: an image of it is right from there on, one of
        # another class that was right is wrong from there on.
        needed = others.max(axis=1) - logits[:, number]
        best = np.flatnonzero(labels == number)
        lost = (labels != number) & (logits.argmax(axis=1) == labels)
        steps = np.sort(np.maximum(needed[best], 0.0))
        candidates = np.concatenate([[0.0], np.nextafter(steps, np.inf) + 1e-6])
        gained = np.searchsorted(np.sort(needed[best]), candidates, side="left")
        taken = np.searchsorted(np.sort(needed[lost]), candidates, side="left")
        added[number] = float(candidates[np.argmax(gained - taken)])
        logits[:, number] += added[number]
    return added
