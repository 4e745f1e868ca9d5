"""Deletion and insertion on a network that looks at one patch: areas worked out on paper."""

import math

import numpy as np
import pytest
from scipy.special import softmax

from heatproof.trust import perturbation
from heatproof.trust.measures.faithfulness import DeletionInsertion, faithfulness, target_scores

SIDE, PATCH, CLASSES = 6, 4, 10  # of 36 pixels, 4 count


def patch_logits(images: np.ndarray) -> np.ndarray:
    """Return the sum of a 2 × 2 patch as logit 1, and nothing for the other classes."""
    logits = np.zeros((len(images), CLASSES), np.float32)
    logits[:, 1] = images[:, 2:4, 1:3].sum(axis=(1, 2, 3))
    return logits


def white(count: int = 3, channels: int = 1) -> np.ndarray:
    return np.ones((count, SIDE, SIDE, channels), np.float32)


def perfect(count: int = 3) -> np.ndarray:
    map_ = np.zeros((count, SIDE, SIDE), np.float32)
    map_[:, 2:4, 1:3] = 1
    return map_


def measured(
    maps: dict[str, np.ndarray], predict=patch_logits, steps=36, **more
) -> DeletionInsertion:
    count = len(next(iter(maps.values())))
    images = more.pop("images", white(count))
    baselines = more.pop("baselines", {"black": np.zeros_like(images)})
    targets = np.ones(count, np.int64)
    return faithfulness(predict, images, targets, maps, baselines, steps, more.pop("seed", 0))


# From 1 to 0 along a straight line while the patch goes: a triangle over 4 of 36 pixels.
TRIANGLE = 0.5 * PATCH / SIDE**2


def test_a_perfect_map_and_its_negative_have_the_best_and_the_worst_area() -> None:
    values = measured({"perfect": perfect(), "negative": -perfect()}).values["black"]
    best, worst = values["perfect"], values["negative"]
    np.testing.assert_allclose(best["deletion_logit"], [TRIANGLE] * 3, rtol=1e-6)
    np.testing.assert_allclose(best["insertion_logit"], [1 - TRIANGLE] * 3, rtol=1e-6)
    np.testing.assert_allclose(best["morf_lerf_gap"], [1 - 2 * TRIANGLE] * 3, rtol=1e-6)
    np.testing.assert_allclose(worst["deletion_logit"], [1 - TRIANGLE] * 3, rtol=1e-6)
    np.testing.assert_allclose(worst["insertion_logit"], [TRIANGLE] * 3, rtol=1e-6)
    np.testing.assert_allclose(worst["morf_lerf_gap"], [2 * TRIANGLE - 1] * 3, rtol=1e-6)


def test_the_probability_is_divided_by_where_it_starts() -> None:
    # With k pixels of the patch the probability is e^k / (e^k + 9), of which k = 4 is the start.
    p = np.exp(np.arange(5)) / (np.exp(np.arange(5)) + CLASSES - 1)
    over_patch = (p[0] / 2 + p[1] + p[2] + p[3] + p[4] / 2) / p[4] / SIDE**2
    black = p[0] / p[4] * (1 - PATCH / SIDE**2)
    values = measured({"perfect": perfect()}).values["black"]["perfect"]
    np.testing.assert_allclose(values["deletion_probability"], over_patch + black, rtol=1e-6)
    rest = 1 - PATCH / SIDE**2
    np.testing.assert_allclose(values["insertion_probability"], over_patch + rest, rtol=1e-6)


def test_a_random_map_is_in_the_middle() -> None:
    noise = np.random.default_rng(0).normal(size=(200, SIDE, SIDE))
    values = measured({"random": noise}).values["black"]["random"]
    assert values["deletion_logit"].mean() == pytest.approx(0.5, abs=0.02)
    assert values["insertion_logit"].mean() == pytest.approx(0.5, abs=0.02)
    assert abs(values["morf_lerf_gap"].mean()) < 0.03


def test_a_constant_map_is_judged_by_no_order_of_pixels() -> None:
    def first_row(images: np.ndarray) -> np.ndarray:  # by index it would go first: an area of 1/12
        return images[:, 0, :, 0].sum(axis=1)[:, None] * np.eye(CLASSES)[1]

    flat = {"constant": np.zeros((1, SIDE, SIDE))}
    areas = [
        measured(flat, first_row, seed=seed).values["black"]["constant"]["deletion_logit"][0]
        for seed in range(60)
    ]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.05)
    assert min(areas) > 1 / 12 + 0.05


def test_tied_pixels_stand_for_all_of_their_orders() -> None:
    """Of a network that needs all four pixels of the patch: known, though it is not linear."""

    def whole_patch(images: np.ndarray) -> np.ndarray:
        return np.outer((images[:, 2:4, 1:3, 0] > 0).all(axis=(1, 2)), np.eye(CLASSES)[1])

    images = white(400)
    images[:, 0, 0, 0] = np.linspace(0.5, 1, 400)  # each draws an order of its own
    values = measured({"constant": np.zeros((400, SIDE, SIDE))}, whole_patch, images=images)
    areas = values.values["black"]["constant"]
    # None of the patch is among the first k of all pixels.
    left = [math.comb(SIDE**2 - PATCH, k) / math.comb(SIDE**2, k) for k in range(SIDE**2 + 1)]
    expected = np.trapezoid(left, dx=1 / SIDE**2)
    for name in ("deletion_logit", "insertion_logit"):
        assert areas[name].mean() == pytest.approx(expected, abs=0.02)
        assert areas[name].std() > 0.1
    # Ties go in one order when the most and when the least relevant are deleted.
    np.testing.assert_allclose(areas["morf_lerf_gap"], 0, atol=1e-12)


def test_curves_hold_the_whole_image_and_the_bare_baseline() -> None:
    result = measured({"perfect": perfect(1)}, steps=9)
    np.testing.assert_allclose(result.fractions, np.arange(10) / 9)
    curves = result.curves["black"]["perfect"]
    assert curves["deletion_logit"].dtype == np.float32
    np.testing.assert_allclose(curves["deletion_logit"], [[1] + [0] * 9], atol=1e-6)
    np.testing.assert_allclose(curves["insertion_logit"], [[0] + [1] * 9], atol=1e-6)
    black = 0.1 / (np.exp(4) / (np.exp(4) + 9))
    np.testing.assert_allclose(curves["deletion_probability"], [[1] + [black] * 9], rtol=1e-5)


def test_the_area_does_not_grow_with_the_number_of_steps() -> None:
    maps = {"perfect": perfect(1)}  # 9 steps of 4 pixels meet the patch's edge, as 36 do
    areas = [measured(maps, steps=steps).values["black"]["perfect"] for steps in (9, 18, 36, 1000)]
    for name in ("deletion_logit", "insertion_logit", "morf_lerf_gap"):
        np.testing.assert_allclose([each[name][0] for each in areas], areas[0][name][0], rtol=1e-6)


def test_one_step_is_the_straight_line() -> None:
    values = measured({"perfect": perfect(1)}, steps=1).values["black"]["perfect"]
    assert values["deletion_logit"][0] == pytest.approx(0.5)
    assert values["morf_lerf_gap"][0] == pytest.approx(0)


def test_lerf_is_insertion_the_other_way_round() -> None:
    def predict(images: np.ndarray) -> np.ndarray:
        weights = np.random.default_rng(5).normal(size=(SIDE * SIDE, CLASSES))
        return np.tanh(images.reshape(len(images), -1) @ weights) + 3 * np.eye(CLASSES)[1]

    map_ = np.random.default_rng(0).normal(size=(1, SIDE, SIDE))
    values = measured({"map": map_, "negative": -map_}, predict).values["black"]
    # The least relevant first is deletion in the order of the negative map.
    lerf = values["negative"]["deletion_logit"] - values["map"]["deletion_logit"]
    np.testing.assert_allclose(values["map"]["morf_lerf_gap"], lerf, rtol=1e-6)
    assert abs(lerf[0]) > 0.01


def test_a_monotone_rescaling_of_the_map_changes_nothing() -> None:
    map_ = np.random.default_rng(0).normal(size=(3, SIDE, SIDE)).round(1)
    values = measured({"map": map_, "scaled": 1e-6 * map_, "cubed": map_**3}).values["black"]
    for name, value in values["map"].items():
        np.testing.assert_array_equal(values["scaled"][name], value)
        np.testing.assert_array_equal(values["cubed"][name], value)


def test_neither_neighbours_nor_the_batch_change_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    images = random.uniform(0.5, 1, size=(4, SIDE, SIDE, 3)).astype(np.float32)
    maps = {"flat": np.zeros((4, SIDE, SIDE)), "map": random.normal(size=(4, SIDE, SIDE))}
    baselines = {"own": images * np.float32([[[[0]]], [[[0.1]]], [[[0.2]]], [[[0.3]]]])}
    together = measured(maps, images=images, baselines=baselines).values["own"]
    monkeypatch.setattr(perturbation, "CHUNK_BYTES", 1)
    for row in (3, 0):
        own = {name: each[[row]] for name, each in maps.items()}
        black = {"own": baselines["own"][[row]]}
        alone = measured(own, images=images[[row]], baselines=black).values["own"]
        for method in maps:
            for name, value in alone[method].items():
                np.testing.assert_allclose(together[method][name][[row]], value, rtol=1e-5)


def test_each_baseline_is_measured_with_its_own_pixels() -> None:
    images = np.full((1, SIDE, SIDE, 1), 0.5, np.float32)
    baselines = {"black": np.zeros_like(images), "white": np.ones_like(images)}
    values = measured({"perfect": perfect(1)}, images=images, baselines=baselines).values
    assert values["black"]["perfect"]["deletion_logit"][0] == pytest.approx(TRIANGLE)
    # Under white the patch's sum doubles: 1 to 2 over the patch, and 2 from then on.
    assert values["white"]["perfect"]["deletion_logit"][0] == pytest.approx(2 - TRIANGLE)


def test_nothing_given_is_changed() -> None:
    random = np.random.default_rng(0)
    images = random.random((2, SIDE, SIDE, 1)).astype(np.float32)
    maps, black = {"map": random.normal(size=(2, SIDE, SIDE))}, {"black": np.zeros_like(images)}
    arrays = [images, maps["map"], black["black"]]
    before = [each.copy() for each in arrays]
    for each in arrays:
        each.flags.writeable = False
    measured(maps, images=images, baselines=black)
    for each, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(each, copy)


def test_no_forward_pass_is_paid_twice() -> None:
    passed = []

    def predict(images: np.ndarray) -> np.ndarray:
        passed.append(len(images))
        return patch_logits(images)

    baselines = {"black": 0 * white(), "grey": white() / 2}
    measured({"a": perfect(), "b": -perfect()}, predict, steps=9, baselines=baselines)
    # The images, each baseline, and eight points between for image, method, baseline and path.
    assert sum(passed) == 3 + 2 * 3 + 8 * (3 * 2 * 2 * 2)


def test_a_constant_added_to_all_logits_changes_nothing() -> None:
    expected = measured({"perfect": perfect()}).values["black"]["perfect"]
    shifted = measured({"perfect": perfect()}, lambda images: patch_logits(images) - 5)
    for name, value in shifted.values["black"]["perfect"].items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5)


def test_an_image_that_does_not_speak_for_its_class_has_no_scale() -> None:
    images = white(3)
    images[1] = 0  # all logits equal: at chance, so the logit has no scale and the probability has
    values = measured({"perfect": perfect()}, images=images).values["black"]["perfect"]
    assert np.isnan(values["deletion_logit"]).tolist() == [False, True, False]
    assert np.isnan(values["morf_lerf_gap"]).tolist() == [False, True, False]
    assert values["deletion_probability"][1] == pytest.approx(1)
    against = measured({"perfect": perfect()}, lambda images: -patch_logits(images))
    for value in against.values["black"]["perfect"].values():
        assert np.isnan(value).all()


def test_scores_are_the_probability_and_its_centred_logarithm() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32) * 30
    scores = target_scores(logits, np.array([0, 1, 2, 3, 0]))
    probabilities = softmax(logits.astype(np.float64), axis=1)
    picked = probabilities[range(5), [0, 1, 2, 3, 0]]
    np.testing.assert_allclose(scores[:, 1], picked, rtol=1e-9)
    centred = np.log(picked) - np.log(probabilities).mean(axis=1)
    np.testing.assert_allclose(scores[:, 0], centred, rtol=1e-6)


def test_no_images() -> None:
    result = measured({"map": np.zeros((0, SIDE, SIDE))})
    assert result.values["black"]["map"]["deletion_logit"].shape == (0,)
    assert result.curves["black"]["map"]["insertion_logit"].shape == (0, 37)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="the maps of short"):
        measured({"a": perfect(3), "short": perfect(1)})
