"""Differences and verdicts, where they can be worked out on paper."""

import numpy as np
import pytest

from heatproof.crosscheck import comparison
from heatproof.crosscheck.comparison import Difference, between_draws, difference, judge, reached

RANDOM = np.random.default_rng(0)


def test_a_difference_is_a_share_of_the_largest_magnitude() -> None:
    other = np.array([[[0.0, -4.0], [2.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]]])
    own = other.copy()
    own[0, 1, 1] += 0.5
    found = difference(own, other)
    assert found.largest == pytest.approx(0.125)
    assert found.mean == pytest.approx(0.125 / 8)
    assert found.rank == pytest.approx(1) and not found.small


def test_a_few_pixels_may_differ_by_more_than_rounding_and_a_part_of_the_map_may_not() -> None:
    other = RANDOM.random((1, 224, 224))
    other[0, 0, 0] = 1
    own = other.copy()
    own[0, 9, 9] += 0.05
    assert difference(own, other).small
    own[0, 9, 9] += 0.1
    assert not difference(own, other).small
    own[0, 9, 9] = other[0, 9, 9]
    own[0, 20:40, 20:40] += 0.05
    assert not difference(own, other).small


def test_equal_maps_and_maps_of_zeros() -> None:
    maps = np.zeros((2, 3, 3))
    assert difference(maps, maps).small
    assert np.isnan(difference(maps, maps).rank)
    maps[0, 1, 1] = 1
    assert difference(maps, np.zeros_like(maps)).largest == 1, "where the library's is empty"


def test_a_scale_counts_unless_it_means_nothing() -> None:
    maps = RANDOM.random((2, 4, 4))
    assert not difference(3 * maps, maps).small
    assert difference(3 * maps, maps, scaled=True).small
    assert not difference(-maps, maps, scaled=True).small


def test_maps_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        difference(np.zeros((1, 2, 2)), np.zeros((1, 3, 3)))


def test_draws_of_one_distribution_are_a_standard_error_apart() -> None:
    truth = RANDOM.random((3, 20, 20))
    own, other = (truth + RANDOM.normal(0, 0.3, (n, *truth.shape)) for n in (8, 2))
    found = between_draws(own, other)
    assert 0.9 < found.errors < 1.1 and found.small
    assert not between_draws(own + 0.5, other).small
    own[:, 1] = np.nan  # what cannot be drawn
    assert 0.9 < between_draws(own, other).errors < 1.1


def test_draws_without_chance_have_to_be_equal() -> None:
    same = np.broadcast_to(RANDOM.random((1, 1, 4, 4)), (2, 1, 4, 4))
    assert between_draws(same, same).errors == 0
    assert not between_draws(same, same + 1).small
    with pytest.raises(ValueError, match="two draws"):
        between_draws(same[:1], same)


@pytest.mark.parametrize(
    ("strict", "defined", "meant", "verdict"),
    [
        ([0.0], None, False, "agrees"),
        ([0.0], 0.0, False, "agrees"),
        ([0.0], 0.5, True, "on_purpose"),
        ([0.0], 0.5, False, "differs"),
        ([0.5], 0.5, True, "differs"),
        ([0.0, 0.5], 0.0, True, "differs"),
    ],
)
def test_verdicts(strict, defined, meant, verdict) -> None:
    def apart(largest: float) -> Difference:
        return Difference(largest, largest / 10, 1.0)

    given = None if defined is None else apart(defined)
    assert judge([apart(each) for each in strict], given, meant) == verdict


def test_an_image_that_is_sought_may_reach_more_than_the_librarys() -> None:
    start = np.zeros(2)
    assert reached(np.array([1.0, 2.0]), np.array([1.01, 2.0]), start)[1] == "agrees"
    assert reached(np.array([3.0, 2.0]), np.array([1.0, 2.0]), start)[1] == "on_purpose"
    assert reached(np.array([1.0, 1.0]), np.array([1.0, 2.0]), start)[1] == "differs"


def test_counts_are_in_the_order_of_the_verdicts() -> None:
    checks = {name: {"verdict": verdict} for name, verdict in
              {"a": "unserved", "b": "agrees", "c": "agrees"}.items()}  # fmt: skip
    assert list(comparison.counts(checks).items()) == [("agrees", 2), ("unserved", 1)]
