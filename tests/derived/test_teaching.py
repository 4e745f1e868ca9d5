"""Distillation: optima that can be worked out, and the gradient of the paper."""

import keras
import numpy as np
import pytest

from heatproof.derived.teaching import bias_of_missing_classes, soft_cross_entropy, with_teacher

RANDOM = np.random.default_rng(0)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_soft_loss_is_computed_as_in_the_paper(temperature):
    student, teacher = RANDOM.normal(size=(2, 5, 3)).astype(np.float32)
    target, given = softmax(teacher / temperature), softmax(student / temperature)
    by_hand = temperature**2 * (target * np.log(target / given)).sum(axis=1)
    found = keras.ops.convert_to_numpy(soft_cross_entropy(student, teacher, temperature))
    np.testing.assert_allclose(found, by_hand, rtol=1e-4)


def test_at_a_high_temperature_its_gradient_is_the_difference_of_logits_by_their_number():
    """Equation 4 of the paper, times T²."""
    import tensorflow as tf

    student, teacher = (each - each.mean() for each in RANDOM.normal(size=(2, 4)))
    z = tf.constant(student[None])
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = soft_cross_entropy(z, tf.constant(teacher[None]), 1e3)
    np.testing.assert_allclose(tape.gradient(loss, z)[0], (student - teacher) / 4, atol=1e-3)


def linear(kernel: np.ndarray | None = None, image=None) -> keras.Model:
    image = keras.Input((1, 2, 1)) if image is None else image
    x = keras.layers.Flatten()(image)
    model = keras.Model(image, keras.layers.Dense(2, use_bias=False)(x), name="linear")
    model.set_weights([np.zeros((2, 2)) if kernel is None else kernel])
    return model


@pytest.mark.parametrize("soft_weight", [1.0, 3.0])
def test_a_linear_student_ends_where_labels_and_teacher_balance(soft_weight):
    """Of two images, each a pixel, a linear student can give any probabilities.

    At T = 1 the loss is 1 + w times the cross-entropy under (labels + w · teacher) / (1 + w), so
    that is what it ends at: here of 3/4 and 1/2 of the labels, and of the teacher's 0.8 and 0.1.
    """
    images = np.repeat(np.eye(2, dtype=np.float32), 4, axis=0).reshape(8, 1, 2, 1)
    labels = np.eye(2)[[0, 0, 0, 1, 0, 1, 0, 1]]
    teacher = linear(np.log(np.array([[0.8, 0.2], [0.1, 0.9]])))
    student = linear()
    taught = with_teacher(student, teacher, 1.0, soft_weight)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    taught.compile(optimizer=keras.optimizers.Adam(0.05), loss=loss, jit_compile=False)
    for _ in range(200):
        taught.train_on_batch(images, labels)
    expected = (np.array([0.75, 0.5]) + soft_weight * np.array([0.8, 0.1])) / (1 + soft_weight)
    np.testing.assert_allclose(softmax(student.get_weights()[0])[:, 0], expected, atol=2e-3)
    np.testing.assert_allclose(softmax(teacher.get_weights()[0])[:, 0], [0.8, 0.1], rtol=1e-5)


def test_a_missing_class_gets_the_least_bias_with_which_most_are_right():
    # Class 2 was never seen. Its images lack 1, 2 and 5; other images are lost above 3, 4 and 6.
    logits = np.array(
        [[1, 0, 0], [0, 2, 0], [5, 0, 0], [3, 0, 0], [0, 4, 0], [6, 0, 0], [0, 9, 0]], np.float32
    )
    labels = np.array([2, 2, 2, 0, 1, 0, 0])
    added = bias_of_missing_classes(logits, labels, [2])
    # From 2 on two more are right; at 5 three, but two are lost: the least of the best is 2.
    assert added[2] == pytest.approx(2.0, abs=1e-4)
    assert added[2] > 2.0
    assert ((logits + np.array([0, 0, added[2]])).argmax(axis=1) == labels).sum() == 5


def test_where_nothing_is_gained_no_bias_is_added():
    logits = np.array([[1, 0], [0, 1]], np.float32)
    assert bias_of_missing_classes(logits, np.array([0, 1]), [1]) == {1: 0.0}
