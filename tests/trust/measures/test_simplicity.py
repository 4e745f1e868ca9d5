"""Simplicity: Gini index and entropy of magnitudes, worked out by hand."""

import numpy as np
import pytest

from heatproof.trust.measures.simplicity import simplicity


def one_map(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32).reshape(1, 2, -1)


def test_equal_pixels_are_the_least_simple() -> None:
    numbers = simplicity(np.full((1, 28, 28), -0.3, dtype=np.float32))
    assert numbers["gini"][0] == pytest.approx(0, abs=1e-12)
    assert numbers["entropy_share"][0] == pytest.approx(1)


def test_a_single_pixel_is_the_simplest() -> None:
    numbers = simplicity(one_map(0, 0, 0, -7))
    assert numbers["gini"][0] == pytest.approx(1 - 1 / 4)
    assert numbers["entropy_share"][0] == 0


def test_numbers_by_hand() -> None:
    numbers = simplicity(one_map(3, 0, -1, 0))
    # Ascending shares 0, 0, 1/4, 3/4 with weights 7/8, 5/8, 3/8, 1/8: their sum is 3/16.
    assert numbers["gini"][0] == pytest.approx(1 - 2 * 3 / 16)
    entropy = 0.25 * np.log(4) + 0.75 * np.log(4 / 3)
    assert numbers["entropy_share"][0] == pytest.approx(entropy / np.log(4))


def test_gini_is_half_the_relative_mean_difference() -> None:
    values = np.random.default_rng(0).normal(size=(1, 5, 4))
    magnitudes = np.abs(values).ravel()
    differences = np.abs(magnitudes[:, np.newaxis] - magnitudes).mean()
    expected = differences / (2 * magnitudes.mean())
    assert simplicity(values)["gini"][0] == pytest.approx(expected)


def test_neither_sign_nor_scale_nor_place_counts_nor_what_stands_beside() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 6, 5)).astype(np.float32)
    maps[1] *= 1000
    before = maps.copy()
    expected = simplicity(maps)
    assert len({round(value, 6) for value in expected["gini"]}) == 3
    for changed in (-maps, 8 * maps, maps[:, ::-1]):
        for name, values in simplicity(changed).items():
            np.testing.assert_allclose(values, expected[name], rtol=1e-12)
    for i in range(3):
        for name, values in simplicity(maps[i : i + 1]).items():
            assert values[0] == expected[name][i]
    np.testing.assert_array_equal(maps, before)


def test_nothing_is_spread_in_a_zero_map() -> None:
    maps = np.ones((3, 4, 4), dtype=np.float32)
    maps[1] = 0
    for values in simplicity(maps).values():
        assert np.isnan(values).tolist() == [False, True, False]
        assert values.dtype == np.float64


def test_no_maps() -> None:
    assert [v.shape for v in simplicity(np.zeros((0, 4, 4))).values()] == [(0,)] * 2
