"""Batches: order by seed and epoch, values, mixup."""

import numpy as np
import pytest

from heatproof.run.errors import UserError
from heatproof.training.batches import Batches, for_fit, read_errors_raised

IMAGES = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1) * 25
LABELS = np.arange(10, dtype=np.int64) % 3


def served(batches: Batches) -> np.ndarray:
    return np.concatenate([batches[i][0] for i in range(len(batches))]).ravel()


def test_without_a_seed_every_image_comes_once_and_in_order():
    batches = Batches(IMAGES, LABELS, classes=3, batch_size=4)
    assert len(batches) == 3
    np.testing.assert_allclose(served(batches), IMAGES.ravel() / 255, rtol=1e-6)
    images, labels = batches[2]
    assert images.dtype == labels.dtype == np.float32
    np.testing.assert_array_equal(labels.argmax(axis=1), LABELS[8:])
    np.testing.assert_array_equal(labels.sum(axis=1), 1)


def test_a_seed_shuffles_each_epoch_anew_and_leaves_out_the_incomplete_batch():
    batches = Batches(IMAGES, LABELS, classes=3, batch_size=4, seed=1)
    first = served(batches)
    batches.start_epoch(1)
    second = served(batches)
    assert len(batches) == 2 and len(first) == 8
    assert not np.array_equal(first, second)
    assert len(set(first)) == len(set(second)) == 8


def test_the_order_of_an_epoch_follows_from_seed_and_epoch_alone():
    walked, jumped = (Batches(IMAGES, LABELS, 3, 4, seed=1) for _ in range(2))
    for epoch in range(4):
        walked.start_epoch(epoch)
    jumped.start_epoch(3)
    np.testing.assert_array_equal(walked.order, jumped.order)
    assert not np.array_equal(walked.order, Batches(IMAGES, LABELS, 3, 4, seed=2).order)


def test_images_and_labels_stay_together():
    batches = Batches(IMAGES, LABELS, classes=3, batch_size=5, seed=3)
    for images, labels in (batches[0], batches[1]):
        original = np.rint(images.ravel() * 255 / 25).astype(int)
        np.testing.assert_array_equal(labels.argmax(axis=1), LABELS[original])


def test_a_batch_is_never_larger_than_the_dataset():
    assert len(Batches(IMAGES, LABELS, classes=3, batch_size=128, seed=0)) == 1


def test_mixup_mixes_images_and_labels_in_the_same_proportion():
    images = np.array([0, 255], dtype=np.uint8).repeat(8).reshape(16, 1, 1, 1)
    labels = np.array([0, 1]).repeat(8)
    batches = Batches(images, labels, classes=2, batch_size=16, seed=0, mixup_alpha=1.0)
    mixed, targets = batches[0]
    # The image's value is its share of class 1, before and after mixing.
    np.testing.assert_allclose(mixed.ravel(), targets[:, 1], atol=1e-6)
    assert ((mixed > 0.01) & (mixed < 0.99)).any()
    np.testing.assert_array_equal(batches[0][0], mixed)


@pytest.mark.parametrize("mixup_alpha", [0.0, 0.4])
@pytest.mark.parametrize("rows", [None, np.array([7, 1, 9, 3, 4, 8, 2])])
def test_what_fit_is_given_serves_the_same_batches_each_epoch_anew(mixup_alpha, rows):
    """Bit for bit, since TensorFlow makes them there, and NumPy here."""
    images = np.random.default_rng(0).integers(0, 256, (10, 5, 4, 3), dtype=np.uint8)
    batches = Batches(images, LABELS, 3, batch_size=3, seed=1, mixup_alpha=mixup_alpha, rows=rows)
    (dataset,) = for_fit(batches)
    assert int(dataset.cardinality()) == len(batches)
    for epoch in range(2):
        batches.start_epoch(epoch)
        found = [(images.numpy(), labels.numpy()) for images, labels in dataset]
        assert len(found) == len(batches)
        for index, (images, labels) in enumerate(found):
            np.testing.assert_array_equal(images, batches[index][0])
            np.testing.assert_array_equal(labels, batches[index][1])


def test_every_brightness_is_the_same_to_the_bit_wherever_it_is_made():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    (dataset,) = for_fit(Batches(images, LABELS[:1], 3, batch_size=1))
    ((made, _),) = dataset
    np.testing.assert_array_equal(made.numpy().ravel(), np.arange(256, dtype=np.float32) / 255)


def test_only_the_rows_asked_for_are_served_from_images_that_are_not_copied():
    rows = np.array([7, 2, 5])
    batches = Batches(IMAGES, LABELS, classes=3, batch_size=2, rows=rows)
    np.testing.assert_allclose(served(batches), IMAGES[rows].ravel() / 255, rtol=1e-6)
    assert len(batches) == 2 and batches.images is IMAGES
    shuffled = Batches(IMAGES, LABELS, classes=3, batch_size=3, seed=4, rows=rows)
    assert set(np.rint(served(shuffled) * 255 / 25)) == {7, 2, 5}


def test_the_incomplete_last_batch_is_served_where_there_is_one():
    (dataset,) = for_fit(Batches(IMAGES, LABELS, classes=3, batch_size=4))
    assert [len(images) for images, _ in dataset] == [4, 4, 2]


def test_fit_does_not_wait_for_tensorflows_autotuning():
    # Its thread sleeps ever longer, and an epoch's end waits until it wakes.
    (dataset,) = for_fit(Batches(IMAGES, LABELS, classes=3, batch_size=4))
    assert dataset.options().autotune.enabled is False


def test_parts_of_the_same_images():
    parts = [Batches(IMAGES, LABELS, 3, 2, rows=np.array(rows)) for rows in ([4, 9, 1], [3])]
    found = [[images.numpy() for images, _ in dataset] for dataset in for_fit(*parts)]
    for part, batches in zip(parts, found, strict=True):
        np.testing.assert_array_equal(np.concatenate(batches).ravel(), served(part))


def test_damaged_images_are_told_of_as_they_are_outside_tensorflow():
    class Damaged(np.ndarray):
        def __getitem__(self, rows):
            raise UserError("images.npy: image 3 is damaged")

    batches = Batches(IMAGES.view(Damaged), LABELS, 3, 2)
    with pytest.raises(UserError, match="image 3 is damaged"), read_errors_raised(batches):
        list(batches.dataset())
    with (
        pytest.raises(ValueError, match="anything else"),
        read_errors_raised(Batches(IMAGES, LABELS, 3, 2)),
    ):
        raise ValueError("anything else")


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_alternating_mirror_images(epoch: int):
    sides = np.zeros((8, 1, 2, 1), np.uint8)
    sides[:, :, 0] = 255
    batches = Batches(sides, LABELS[:8], classes=3, batch_size=4, seed=1, alternating=True)
    first = {row: batches._read(np.array([row]))[0, 0, 0, 0] for row in range(8)}
    assert sorted(first.values()) == [0] * 4 + [255] * 4
    batches.start_epoch(epoch)
    for images, rows in zip([batches[0][0], batches[1][0]], batches._plan()[0], strict=True):
        for image, row in zip(images, rows, strict=True):
            assert (image[0, 0, 0] == first[row] / 255) == (epoch != 1)
