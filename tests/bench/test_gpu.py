"""What `bench.gpu --small` makes of a dataset."""

import numpy as np
import pytest

from heatproof.storage.records import Dataset


def test_few_images_are_the_first_with_their_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # it sets that where nothing is, for this process
    from bench import gpu

    count = gpu.SMALL_PARTS + 5
    images = (np.arange(count) % 251).astype(np.uint8).reshape(count, 1, 1, 1)
    labels = np.arange(count)
    few = gpu.few_of(Dataset(images, labels, images[:7], labels[:7], ("a", "b")))
    np.testing.assert_array_equal(few.train_images, images[:-5])
    np.testing.assert_array_equal(few.train_labels, labels[:-5])
    np.testing.assert_array_equal(few.test_images, images[:7])
    np.testing.assert_array_equal(few.test_labels, labels[:7])
    assert few.class_names == ("a", "b")
    assert gpu.SMALL["train_images"] < gpu.SMALL_PARTS, "some are left to validate with"
