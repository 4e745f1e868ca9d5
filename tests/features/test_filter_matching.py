"""Matching filters: banks that are the same in another order, and banks that share nothing."""

import numpy as np
import pytest

from heatproof.features.filter_matching import compare, correlations, match


def bank(filters: int, side: int = 3, channels: int = 1, seed: int = 0) -> np.ndarray:
    shape = (filters, side, side, channels)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_correlations_are_pearsons() -> None:
    first, second = bank(4, channels=3), bank(5, channels=3, seed=1)
    expected = np.corrcoef(first.reshape(4, -1), second.reshape(5, -1))[:4, 4:]
    np.testing.assert_allclose(correlations(first, second), expected, atol=1e-12)


def test_neither_contrast_nor_a_constant_counts() -> None:
    first = bank(4)
    found = correlations(first, 7 * first + np.arange(4).reshape(4, 1, 1, 1))
    np.testing.assert_allclose(found.diagonal(), 1, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.7e5])
def test_equal_weights_have_no_shape(value: float) -> None:
    first = bank(2, side=5)
    first[1] = value
    table = correlations(first, first)
    np.testing.assert_allclose(table, [[1, 0], [0, 0]], atol=1e-12)
    assert not correlations(bank(3, side=1), bank(3, side=1)).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_permuted_bank_is_matched_perfectly(channels: int) -> None:
    first = bank(8, channels=channels)
    order = np.random.default_rng(3).permutation(8)
    found = match(first, 2 * first[order] + 0.25)
    assert order[found.partner].tolist() == list(range(8))
    np.testing.assert_allclose(found.correlation, 1, atol=1e-6)


def test_a_bank_with_flipped_signs() -> None:
    """Perfect where signs do not count, and the flipped filters are told by theirs."""
    first = bank(8)
    order = np.random.default_rng(3).permutation(8)
    signs = np.array([1, -1, 1, 1, -1, -1, 1, -1])
    second = (first * signs.reshape(8, 1, 1, 1))[order]
    found = match(first, second, signed=False)
    assert order[found.partner].tolist() == list(range(8))
    np.testing.assert_allclose(found.correlation, signs, atol=1e-6)
    arrays, metrics = compare(first, second, draws=20, seed=0)
    assert metrics["unsigned"]["mean"] == pytest.approx(1, abs=1e-6)
    assert metrics["signed"]["mean"] < 0.9
    np.testing.assert_allclose(arrays["correlation_unsigned"], signs, atol=1e-6)


def test_the_pairing_is_the_best_and_not_the_nearest_first() -> None:
    """Both filters are nearest to the same one, which one of them must leave to the other."""
    first = np.array([[1, 0, -1, 0], [1.0, 0.2, -1, -0.2]]).reshape(2, 2, 2, 1)
    second = np.array([[1, 0, -1, 0], [1.0, -5, -1, 5]]).reshape(2, 2, 2, 1)
    table = correlations(first, second)
    assert table[:, 0].min() > table[:, 1].max()
    found = match(first, second)
    assert found.partner.tolist() == [1, 0]
    assert found.correlation.sum() > table.trace()


def test_the_match_is_reported_beside_that_of_chance() -> None:
    """Random banks match as well as chance does, which for nine weights is far from nothing."""
    levels = []
    for seed in range(20):
        one, other = bank(8, seed=2 * seed), bank(8, seed=2 * seed + 1)
        _, metrics = compare(one, other, draws=60, seed=seed)
        signed = metrics["signed"]
        levels.append(signed["above_redrawn"])
        assert 0.35 < signed["redrawn_mean"] < 0.65
        assert abs(signed["mean"] - signed["redrawn_mean"]) < 0.25
        assert signed["redrawn_mean"] < signed["redrawn_95th"] < signed["redrawn_mean"] + 0.2
        assert metrics["unsigned"]["redrawn_mean"] > signed["redrawn_mean"]
        assert signed["itself"] == pytest.approx(1, abs=1e-12)
    # Among random banks every level is as likely as any other.
    assert 0.3 < np.mean(levels) < 0.7
    assert min(levels) < 0.25
    assert max(levels) > 0.75


def test_the_same_bank_beats_chance() -> None:
    first = bank(8)
    _, metrics = compare(first, first[::-1], draws=50, seed=0)
    for way in ("signed", "unsigned"):
        assert metrics[way]["above_redrawn"] == metrics[way]["above_shuffled"] == 1
        assert metrics[way]["smallest"] == pytest.approx(1, abs=1e-6)
    assert metrics["filters"] == 8


def test_shuffled_banks_keep_how_alike_the_filters_are() -> None:
    """One edge in six contrasts: moved alike, its places agree with the edge's in whole numbers."""
    edge = np.array([[1.0, 0, -1]] * 3).reshape(1, 3, 3, 1)
    first = edge * np.arange(1, 7).reshape(6, 1, 1, 1)
    arrays, metrics = compare(first, first, draws=100, seed=0)
    sixths = 6 * arrays["shuffled_mean"]
    np.testing.assert_allclose(sixths, sixths.round(), atol=1e-5)
    assert len(np.unique(sixths.round())) > 5
    assert metrics["signed"]["above_shuffled"] > 0.9
    redrawn = 6 * arrays["redrawn_mean"]
    assert np.abs(redrawn - redrawn.round()).max() > 0.1


def test_what_is_returned() -> None:
    arrays, _ = compare(bank(5), bank(5, seed=1), draws=30, seed=4)
    shapes = {name: (array.dtype, array.shape) for name, array in arrays.items()}
    for ending in ("", "_unsigned"):
        assert shapes[f"partner{ending}"] == (np.int64, (5,))
        assert shapes[f"correlation{ending}"] == (np.float32, (5,))
        assert sorted(arrays[f"partner{ending}"]) == list(range(5))
        for kind in ("redrawn", "shuffled"):
            assert shapes[f"{kind}_mean{ending}"] == (np.float32, (30,))
    again, _ = compare(bank(5), bank(5, seed=1), draws=30, seed=4)
    other, _ = compare(bank(5), bank(5, seed=1), draws=30, seed=5)
    np.testing.assert_array_equal(arrays["redrawn_mean"], again["redrawn_mean"])
    assert (arrays["redrawn_mean"] != other["redrawn_mean"]).any()


def test_banks_that_do_not_compare() -> None:
    with pytest.raises(ValueError, match=r"filters of \(3, 3, 1\) and \(5, 5, 1\)"):
        correlations(bank(4), bank(4, side=5))
    with pytest.raises(ValueError, match="4 and 5 filters"):
        match(bank(4), bank(5))
