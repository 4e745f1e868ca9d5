"""Agreement of maps under two networks: equal, unrelated, and counted by hand."""

import numpy as np
import pytest

from heatproof.comparisons.map_agreement import MEASURES, map_agreement, top_overlap
from heatproof.statistics.correlation import magnitude_correlation
from heatproof.trust.similarity import structural_similarity


def some_maps(seed: int, count: int = 6, side: int = 28) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, side, side)).astype(np.float32)


def test_equal_maps_agree_whatever_their_scale_and_sign() -> None:
    maps = some_maps(0)
    coarse = np.kron(some_maps(1, side=7), np.ones((4, 4)))  # ties at the last place
    sparse = np.where(np.arange(28 * 28).reshape(28, 28) < 3, maps, 0)  # fewer than the top tenth
    for each in (maps, coarse, np.maximum(maps, 0), sparse):
        for other in (each, -each, 3 * each):
            for values in map_agreement(each, other, 0.1).values():
                np.testing.assert_allclose(values, 1, rtol=1e-6)


def test_permuted_pixels_agree_by_chance_only() -> None:
    maps = some_maps(0, count=40)
    random = np.random.default_rng(1)
    permuted = random.permuted(maps.reshape(40, -1), axis=1).reshape(maps.shape)
    found = map_agreement(maps, permuted, 0.1)
    assert abs(found["spearman"].mean()) < 0.02
    assert found["overlap"].mean() == pytest.approx(0.1, abs=0.02)
    assert found["ssim"].mean() < 0.15


def test_rank_correlation_and_ssim_are_those_of_the_trust_measures() -> None:
    one, other = some_maps(0), some_maps(0) + some_maps(1)
    found = map_agreement(one, other, 0.1)
    np.testing.assert_array_equal(found["spearman"], magnitude_correlation(one, other))
    np.testing.assert_array_equal(found["ssim"], structural_similarity(one, other))


def test_overlap_by_hand() -> None:
    """Of 20 pixels the top fifth are four: 0 to 3, and 2 to 5, so two are in both."""
    one, other = np.ones((2, 1, 4, 5))
    one.flat[:4] = (-5, 4, 3, -2)
    other.flat[2:6] = (9, -8, 7, 6)
    assert top_overlap(one, other, 0.2).tolist() == [0.5]
    assert top_overlap(one, other, 0.01).tolist() == [0.0]  # one pixel at least: 0, and 2
    assert top_overlap(one, one, 0.01).tolist() == [1.0]


def test_ties_for_the_last_place_count_by_their_chance() -> None:
    """Two places: a's are pixel 0 and one of 1 and 2, b's are pixels 0 and 1."""
    one, other = np.array([[[3.0, 1, 1, 0]]]), np.array([[[3.0, 2, 1, 0]]])
    with_itself = 1 + 2 * 0.25
    expected = (1 + 0.5) / np.sqrt(with_itself * 2)
    np.testing.assert_allclose(top_overlap(one, other, 0.5), [expected])


def test_pixels_that_are_zero_are_no_top_pixels() -> None:
    one, other = np.zeros((2, 1, 10, 10))
    one[0, 0, 0] = other[0, 9, 9] = 1
    assert top_overlap(one, other, 0.1).tolist() == [0.0]
    one[0, 9, 9] = 1
    np.testing.assert_allclose(top_overlap(one, other, 0.1), [1 / np.sqrt(2)])


def test_a_constant_map_agrees_with_nothing() -> None:
    maps = some_maps(0, count=2)
    for constant in (np.zeros_like(maps), np.ones_like(maps)):
        for values in map_agreement(constant, maps, 0.1).values():
            assert np.isnan(values).all()


def test_no_images() -> None:
    empty = np.zeros((0, 8, 8), np.float32)
    assert {name: len(values) for name, values in map_agreement(empty, empty, 0.1).items()} == (
        dict.fromkeys(MEASURES, 0)
    )
