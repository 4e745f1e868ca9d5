"""Rows that show the same image."""

import numpy as np
import pytest

from heatproof.attribution.core.rows import by_image
from tests.attribution import networks


def test_rows_are_grouped_wherever_they_stand() -> None:
    distinct = networks.images(3, 4, 3)
    order, targets = np.array([2, 0, 2, 1, 0, 2]), np.array([0, 1, 2, 3, 3, 0])
    rows = by_image(distinct[order], targets)
    np.testing.assert_array_equal(rows.images, distinct[[2, 0, 1]])
    np.testing.assert_array_equal(rows.image_of, [0, 1, 0, 2, 1, 0])
    np.testing.assert_array_equal(rows.images[rows.image_of], distinct[order])
    assert rows.image_of.dtype == np.int64
    assert [rows.of(image).tolist() for image in range(3)] == [[0, 2, 5], [1, 4], [3]]


@pytest.mark.parametrize("between", [(), (2,), (2, 5)])
def test_each_row_gets_its_target_of_its_image(between: tuple[int, ...]) -> None:
    distinct = networks.images(3, 4, 1)
    order, targets = np.array([1, 1, 0, 2, 1]), np.array([3, 0, 1, 1, 3])
    rows = by_image(distinct[order], targets)
    values = np.random.default_rng(0).normal(size=(3, *between, 4))
    expected = [values[image][..., target] for image, target in zip([0, 0, 1, 2, 0], targets,
                                                                   strict=True)]  # fmt: skip
    np.testing.assert_array_equal(rows.of_targets(values), expected)


def test_almost_the_same_is_not_the_same() -> None:
    image = networks.images(1, 4, 1)[0]
    other = image.copy()
    other[3, 3, 0] = np.nextafter(other[3, 3, 0], 2)
    rows = by_image(np.stack([image, other, image]), np.zeros(3, np.int64))
    np.testing.assert_array_equal(rows.image_of, [0, 1, 0])


def test_no_rows() -> None:
    rows = by_image(np.zeros((0, 4, 4, 3), np.float32), np.zeros(0, np.int64))
    assert rows.images.shape == (0, 4, 4, 3) and rows.image_of.shape == (0,)
    assert rows.of_targets(np.zeros((0, 7, 5))).shape == (0, 7)
