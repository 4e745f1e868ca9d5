"""Removed pixels filled in: systems solved on paper, and the figures of the authors' code."""

import numpy as np
import pytest

from heatproof.trust.imputation import imputed


def removed(height: int, width: int, *pixels: tuple[int, int]) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[tuple(zip(*pixels, strict=True))] = True
    return mask


def test_one_pixel_is_the_weighted_mean_of_its_neighbours() -> None:
    image = np.arange(9.0).reshape(3, 3, 1) ** 2
    found = imputed(image, removed(3, 3, (1, 1)))
    # (1 + 9 + 25 + 49) / 6 + (0 + 4 + 36 + 64) / 12
    assert found[1, 1, 0] == pytest.approx(84 / 6 + 104 / 12)
    # At a corner there are three neighbours: (1 / 6 + 9 / 6 + 16 / 12) / (1 / 6 + 1 / 6 + 1 / 12)
    assert imputed(image, removed(3, 3, (0, 0)))[0, 0, 0] == pytest.approx(3 / (5 / 12))


def test_two_neighbours_that_are_both_gone() -> None:
    image = np.array([[0, 1, 0], [1, 9, 9], [0, 1, 0]], float)[..., None]
    found = imputed(image, removed(3, 3, (1, 1), (1, 2)))
    # Centre c = (3 + r) / 6, right r = (c + 1) / 4: so c = 13 / 23 and r = 9 / 23.
    np.testing.assert_allclose(found[1, 1:, 0], [13 / 23, 9 / 23])


@pytest.mark.parametrize("size", [(6, 5), (5, 6)])
def test_a_ramp_is_returned_in_every_direction(size: tuple[int, int]) -> None:
    rows, columns = np.mgrid[: size[0], : size[1]]
    ramps = np.stack([rows, columns, 2.0 * rows - 3 * columns], axis=-1)
    mask = removed(*size, (1, 1), (1, 2), (2, 2), (3, 1), (3, 3))
    np.testing.assert_allclose(imputed(np.where(mask[..., None], 99, ramps), mask), ramps)


def test_what_the_authors_code_gives() -> None:
    # github.com/tleemann/road_evaluation, NoisyLinearImputer without its noise, run on this image.
    rows, columns = np.mgrid[:4, :5]
    image = ((7 * rows + 3 * columns + 5 * rows * columns) % 11 / 10)[..., None]
    mask = removed(4, 5, (0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 2), (3, 4))
    given = [0.67134839, 0.65554685, 0.64564823, 0.71038154, 0.70570603, 0.63886761, 0.54]
    np.testing.assert_allclose(imputed(image, mask)[mask][:, 0], given, atol=5e-9)


def test_what_is_left_stays_and_what_is_filled_in_lies_between() -> None:
    random = np.random.default_rng(3)
    image = random.uniform(0.2, 0.7, (7, 9, 3))
    mask = random.random((7, 9)) < 0.8
    found = imputed(np.where(mask[..., None], np.nan_to_num(np.inf), image), mask)
    np.testing.assert_array_equal(found[~mask], image[~mask])
    for channel in range(3):
        left = image[~mask][:, channel]
        assert left.min() <= found[..., channel].min() <= found[..., channel].max() <= left.max()


def test_an_image_of_which_nothing_is_left() -> None:
    with pytest.raises(ValueError, match="no pixel is left"):
        imputed(np.ones((3, 3, 1)), np.ones((3, 3), bool))
