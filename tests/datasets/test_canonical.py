"""The canonical order: the same arrays, however a source mixes them."""

import numpy as np
import pytest

from heatproof.datasets.canonical import canonical_order


def test_a_known_order() -> None:
    # By label first, then by the bytes as unsigned numbers, the first pixel first.
    images = np.array([[2, 0], [1, 255], [1, 7], [200, 0], [100, 9], [0, 0]], dtype=np.uint8)
    labels = np.array([1, 0, 0, 0, 0, 1])
    order = canonical_order(images.reshape(6, 1, 2, 1), labels)
    assert order.dtype == np.int64
    assert order.tolist() == [2, 1, 4, 3, 5, 0]


@pytest.mark.parametrize("shape", [(3, 3, 1), (2, 2, 3)])
def test_any_permutation_gives_the_same_arrays(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    # Few values and many images: duplicates, and images that differ in their last pixel only.
    images = random.integers(0, 2, (400, *shape)).astype(np.uint8) * 255
    labels = random.integers(0, 3, 400)
    expected = None
    for _ in range(5):
        mixed = random.permutation(400)
        order = canonical_order(images[mixed], labels[mixed])
        assert np.array_equal(np.sort(order), np.arange(400))
        sorted_arrays = images[mixed][order].tobytes(), labels[mixed][order].tobytes()
        expected = expected or sorted_arrays
        assert sorted_arrays == expected


def test_the_layout_in_memory_does_not_matter() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 3, 4, 2)).astype(np.uint8)
    labels = np.zeros(20, dtype=np.int64)
    expected = canonical_order(images, labels)
    np.testing.assert_array_equal(canonical_order(np.asfortranarray(images), labels), expected)
    backwards = np.ascontiguousarray(images[:, ::-1])[:, ::-1]
    np.testing.assert_array_equal(canonical_order(backwards, labels), expected)


def test_no_images() -> None:
    nothing = np.zeros((0, 4, 4, 1), dtype=np.uint8)
    assert canonical_order(nothing, np.zeros(0, dtype=np.int64)).shape == (0,)
