"""Ranks of methods, their intervals, and whether they survive another baseline."""

import numpy as np
import pytest

from heatproof.trust.ranking import ranking, ranks_of


def ranks(values: dict[str, np.ndarray], better: str = "higher") -> dict[str, float]:
    return {name: each["rank"] for name, each in ranks_of(values, better, 10, seed=0).items()}


def constant(**means: float) -> dict[str, np.ndarray]:
    return {name: np.full(5, mean) for name, mean in means.items()}


def test_the_best_is_first_whichever_end_is_better() -> None:
    values = constant(a=0.1, b=0.9, c=0.5)
    assert ranks(values, "higher") == {"a": 3, "b": 1, "c": 2}
    assert ranks(values, "lower") == {"a": 1, "b": 3, "c": 2}


def test_equal_means_share_their_mean_rank() -> None:
    values = constant(a=0.5, b=0.9, c=0.5 + 1e-9, d=0.1)
    assert ranks(values, "higher") == {"a": 2.5, "b": 1, "c": 2.5, "d": 4}


def test_tau_counts_the_pairs_that_keep_their_order() -> None:
    first, swapped = constant(a=4, b=3, c=2, d=1), constant(a=3, b=4, c=2, d=1)
    backwards = constant(a=1, b=2, c=3, d=4)
    result = ranking({"x": first, "y": swapped, "z": backwards}, "higher", 10, seed=0)
    # Of six pairs one is swapped: (5 - 1) / 6.
    assert result["tau"] == pytest.approx({"x/y": 4 / 6, "x/z": -1, "y/z": -4 / 6})
    assert result["survives"] is False
    assert ranking({"x": first, "y": swapped}, "higher", 10, seed=0)["survives"] is True


def test_tau_b_divides_by_what_ties_leave() -> None:
    first, second = constant(a=3, b=2, c=1), constant(a=2, b=2, c=1)
    # Two pairs agree, one is tied in the second: 2 / sqrt(3 * 2).
    tau = ranking({"x": first, "y": second}, "lower", 10, seed=0)["tau"]
    assert tau["x/y"] == pytest.approx(2 / np.sqrt(6))


def test_clear_differences_leave_no_doubt_and_chance_leaves_much() -> None:
    random = np.random.default_rng(0)
    values = {"best": random.normal(5, 1, 50), "worst": random.normal(-5, 1, 50)}
    values |= {name: random.normal(0, 1, 50) for name in "abcd"}
    found = ranks_of(values, "higher", 500, seed=1)
    assert found["best"] == {"low": 1, "rank": 1, "high": 1}
    assert (found["worst"]["low"], found["worst"]["high"]) == (6, 6)
    assert max(found[name]["high"] - found[name]["low"] for name in "abcd") >= 2
    assert all(each["low"] <= each["rank"] <= each["high"] for each in found.values())


def test_the_interval_is_that_of_resampled_images() -> None:
    # b is better on one image of four only: in (3/4)^4 = 32 % of the draws that image is missing.
    values = {"a": np.zeros(4), "b": np.array([5.0, -1, -1, -1])}
    found = ranks_of(values, "higher", 2000, seed=0)
    assert (found["a"]["rank"], found["b"]) == (2, {"rank": 1, "low": 1, "high": 2})


def test_only_images_on_which_all_have_a_number_count() -> None:
    nan = np.nan
    values = {"a": np.array([1.0, 1, 9]), "b": np.array([2.0, 2, nan]), "none": np.full(3, nan)}
    found = ranks_of(values, "higher", 10, seed=0)
    assert found["a"]["rank"] == 2 and found["b"]["rank"] == 1
    assert np.isnan(list(found["none"].values())).all()


def test_nothing_to_rank() -> None:
    nothing = {"a": np.array([1.0, np.nan]), "b": np.array([np.nan, 1.0])}
    assert np.isnan(list(ranks(nothing).values())).all()
    result = ranking({"x": nothing, "y": nothing}, "higher", 10, seed=0)
    assert np.isnan(result["tau"]["x/y"])
    assert result["survives"] is None
    assert ranking({"x": constant(a=1, b=2)}, "higher", 10, seed=0)["survives"] is None
    assert ranks({}) == {}


def test_a_baseline_under_which_all_are_equal_has_no_order() -> None:
    result = ranking({"x": constant(a=1, b=2), "y": constant(a=1, b=1)}, "higher", 10, seed=0)
    assert np.isnan(result["tau"]["x/y"])
    assert result["survives"] is None


def test_one_image_has_a_rank_and_no_interval() -> None:
    found = ranks_of({"a": np.array([1.0]), "b": np.array([2.0])}, "lower", 10, seed=0)
    assert (found["a"]["rank"], found["b"]["rank"]) == (1, 2)
    assert np.isnan([each[end] for each in found.values() for end in ("low", "high")]).all()


def test_the_seed_decides_and_nothing_is_changed() -> None:
    random = np.random.default_rng(0)
    values = {name: random.normal(size=9) for name in "abcdef"}
    before = {name: each.copy() for name, each in values.items()}
    first, same = (ranks_of(values, "higher", 30, seed=4) for _ in range(2))
    assert first == same
    for name, each in values.items():
        np.testing.assert_array_equal(each, before[name])
