"""The canonical order: the same arrays, however a source mixes them."""

import numpy as np
import pytest

from heatproof.datasets.canonical import canonical_order, in_canonical_order
from heatproof.storage.records import Origins, RawDataset
from heatproof.storage.scratch import Scratch


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


def test_a_part_of_the_bytes_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of images in a file, and of such as differ far behind, or nowhere."""
    random = np.random.default_rng(0)
    images = random.integers(0, 2, (60, 3, 3, 2)).astype(np.uint8)
    images[:20, :2] = 0
    images[5:9] = images[4]
    labels = random.integers(0, 3, 60)
    expected = canonical_order(images, labels)
    stored = Scratch(60, (3, 3, 2))
    stored[0] = images
    for many in (1, 60 * 7, 60 * 18):
        monkeypatch.setattr("heatproof.datasets.canonical.COMPARED_BYTES", many)
        for each in (images, stored.images()):
            np.testing.assert_array_equal(canonical_order(each, labels), expected)


def test_the_layout_in_memory_does_not_matter() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 3, 4, 2)).astype(np.uint8)
    labels = np.zeros(20, dtype=np.int64)
    expected = canonical_order(images, labels)
    np.testing.assert_array_equal(canonical_order(np.asfortranarray(images), labels), expected)
    backwards = np.ascontiguousarray(images[:, ::-1])[:, ::-1]
    np.testing.assert_array_equal(canonical_order(backwards, labels), expected)


def test_what_belongs_to_copies_of_an_image_does_not_depend_on_the_sources_order() -> None:
    images = np.full((6, 1, 2, 1), 7, np.uint8)
    images[5] = 0
    labels, test_labels = np.array([1, 0, 0, 0, 0, 0]), np.array([1, 1, 1, 0, 0, 0])
    validation, groups = np.array([1, 1, 0, 0, 1, 0], np.uint8), np.array([2, 3, 1, 1, 3, 2])
    files = np.array(list("xdbcaz" + "fedcba"))
    for order in np.array([[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 4, 0, 5, 3, 1]]):
        every = np.concatenate([order, 6 + order])
        made = in_canonical_order(RawDataset(
            images[order], labels[order], images[order], test_labels[order], ("a", "b"),
            validation=validation[order], groups=groups[order],
            origins=Origins(files[every], np.stack([every, every], axis=1)),
        ))  # fmt: skip
        assert made.origins and made.validation is not None and made.groups is not None
        # The image that differs, those of the training part, of the validation part, of class b.
        assert "".join(made.origins.files) == "zbcadx" + "abcdef"
        assert made.origins.sizes[:, 0].tolist() == [5, 2, 3, 4, 1, 0, 11, 10, 9, 8, 7, 6]
        assert made.validation.tolist() == [0, 0, 0, 1, 1, 1]
        assert made.groups.tolist() == [2, 1, 1, 3, 3, 2]


def test_no_images() -> None:
    nothing = np.zeros((0, 4, 4, 1), dtype=np.uint8)
    assert canonical_order(nothing, np.zeros(0, dtype=np.int64)).shape == (0,)
