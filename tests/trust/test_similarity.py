"""Structural similarity of two maps' magnitudes."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity as reference

from heatproof.trust.similarity import structural_similarity

C1, C2 = 0.01**2, 0.03**2  # of equation 13


def maps(seed: int, count: int = 4, shape: tuple[int, int] = (28, 20)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)


def test_it_is_scikit_images_of_the_scaled_magnitudes() -> None:
    first, second = maps(0), maps(1)
    expected = [
        reference(
            np.abs(a) / np.abs(a).max(), np.abs(b) / np.abs(b).max(), data_range=1.0,
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        )
        for a, b in zip(first.astype(float), second.astype(float), strict=True)
    ]  # fmt: skip
    np.testing.assert_allclose(structural_similarity(first, second), expected, rtol=1e-9)


def test_one_window_by_hand() -> None:
    even, spot = np.ones((1, 11, 11)), np.zeros((1, 11, 11))
    spot[0, 5, 5] = 4.0  # scaled to 1
    weight = 1 / np.exp(-(np.arange(-5, 6) ** 2) / 4.5).sum() ** 2  # of the window's middle
    expected = (2 * weight + C1) * C2 / ((1 + weight**2 + C1) * (weight - weight**2 + C2))
    assert structural_similarity(even, spot) == pytest.approx(expected, rel=1e-9)


def test_the_same_map_is_one_whatever_its_sign_and_scale() -> None:
    first = maps(0)
    before = first.copy()
    np.testing.assert_allclose(structural_similarity(first, -7 * first), 1)
    np.testing.assert_array_equal(first, before)


def test_noise_is_far_from_another_noise_and_from_a_picture() -> None:
    picture = np.zeros((4, 28, 20))
    picture[:, 6:20, 6:12] = 1
    assert (np.abs(structural_similarity(maps(0), maps(1))) < 0.3).all()
    assert (np.abs(structural_similarity(maps(0), picture)) < 0.3).all()


def test_where_things_are_counts() -> None:
    patch, moved = np.zeros((1, 28, 28)), np.zeros((1, 28, 28))
    patch[0, 8:12, 8:12] = 1
    moved[0, 16:20, 16:20] = 1
    nearby = np.roll(patch, 1, axis=2)
    assert structural_similarity(patch, nearby)[0] > structural_similarity(patch, moved)[0] + 0.1


def test_each_image_is_compared_with_its_own_and_a_map_of_zeros_with_none() -> None:
    first, second = maps(0), maps(1)
    second[2] = 0
    alone = [structural_similarity(first[i : i + 1], second[i : i + 1])[0] for i in range(4)]
    together = structural_similarity(first, second)
    np.testing.assert_array_equal(together, alone)
    assert np.isnan(together).tolist() == [False, False, True, False]


@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (10, 10)])
def test_small_maps(shape: tuple[int, int]) -> None:
    first = maps(0, 2, shape)
    np.testing.assert_allclose(structural_similarity(first, first), 1)


def test_no_maps() -> None:
    assert structural_similarity(np.zeros((0, 9, 9)), np.zeros((0, 9, 9))).shape == (0,)
