"""Infidelity on linear networks, where the change of the logit is known exactly."""

from functools import partial

import numpy as np
import pytest

from heatproof.trust import perturbation
from heatproof.trust.measures.infidelity import (
    NOISE,
    infidelity,
    logit_changes,
    scaled_infidelity,
)
from heatproof.trust.random_perturbations import draw, grey_noise, random_squares

SIDE = 8
WEIGHTS = np.random.default_rng(9).normal(size=(SIDE, SIDE, 1)).astype(np.float32)


def linear(images: np.ndarray) -> np.ndarray:
    """Return w · x as logit 1, which is the target."""
    scores = (images * WEIGHTS).sum(axis=(1, 2, 3))
    return np.stack([0 * scores, scores], axis=1)


def images_of(count: int = 3, channels: int = 1) -> np.ndarray:
    shape = (count, SIDE, SIDE, channels)
    return np.random.default_rng(0).uniform(0.2, 0.8, shape).astype(np.float32)


def measured(maps, images=None, predict=linear, baseline=None, samples=60, seed=0):
    images = images_of() if images is None else images
    baselines = {"black": np.zeros_like(images) if baseline is None else baseline}
    targets = np.ones(len(images), np.int64)
    drawn = draw((SIDE, SIDE), samples, 0.05, seed)
    changes = logit_changes(predict, images, targets, baselines, drawn)
    by_name = dict(zip((*baselines, NOISE), changes, strict=True))
    return infidelity(images, maps, by_name, drawn)


def contributions(images: np.ndarray) -> np.ndarray:
    return (images * WEIGHTS).sum(axis=-1)


def test_what_each_pixel_contributes_predicts_every_square() -> None:
    map_ = contributions(images_of())
    black = measured({"map": map_, "negative": -map_, "thousandth": map_ / 1000})["black"]
    np.testing.assert_allclose(black["map"]["infidelity"], 0, atol=1e-9)
    np.testing.assert_allclose(black["map"]["infidelity_scaling"], 1, rtol=1e-5)
    np.testing.assert_allclose(black["thousandth"]["infidelity"], 0, atol=1e-9)
    np.testing.assert_allclose(black["thousandth"]["infidelity_scaling"], 1000, rtol=1e-5)
    assert (black["negative"]["infidelity"] == 1).all()
    np.testing.assert_allclose(black["negative"]["infidelity_scaling"], -1, rtol=1e-5)


def test_the_gradient_predicts_every_small_move() -> None:
    gradient = np.repeat(WEIGHTS[None, :, :, 0], 3, axis=0)
    result = measured({"gradient": gradient, "negative": -gradient})["noise"]
    np.testing.assert_allclose(result["gradient"]["infidelity"], 0, atol=1e-9)
    np.testing.assert_allclose(result["gradient"]["infidelity_scaling"], 1, rtol=1e-4)
    assert (result["negative"]["infidelity"] == 1).all()


def test_the_noise_that_was_clipped_away_is_not_foretold() -> None:
    gradient = np.repeat(WEIGHTS[None, :, :, 0], 2, axis=0)
    edges = np.zeros((2, SIDE, SIDE, 1), np.float32)
    edges[1] = 1  # below 0 and above 1 there is nothing to move to
    noise = measured({"gradient": gradient}, images=edges)["noise"]
    np.testing.assert_allclose(noise["gradient"]["infidelity"], 0, atol=1e-9)


def test_grey_noise_moves_the_channels_together() -> None:
    weights = np.random.default_rng(1).normal(size=(SIDE, SIDE, 3)).astype(np.float32)

    def predict(images: np.ndarray) -> np.ndarray:
        scores = (images * weights).sum(axis=(1, 2, 3))
        return np.stack([0 * scores, scores], axis=1)

    images = images_of(channels=3)
    gradient = np.repeat(weights.sum(axis=-1)[None], 3, axis=0)
    result = measured({"gradient": gradient}, images, predict)["noise"]["gradient"]
    np.testing.assert_allclose(result["infidelity"], 0, atol=1e-7)


def test_a_random_map_lies_between() -> None:
    images = images_of(40)
    noise = np.random.default_rng(2).normal(size=(40, SIDE, SIDE))
    for each in measured({"random": noise}, images).values():
        values = each["random"]["infidelity"]
        assert 0.6 < values.mean() < 0.99
        assert (values == 1).sum() == pytest.approx(20, abs=10)  # half point the wrong way


def test_the_worked_example() -> None:
    foretold, changes = np.array([1.0, 1.0, 0.0]), np.array([1.0, 3.0, 2.0])
    infidelities, scalings = scaled_infidelity(
        np.array([foretold, -foretold, changes, -changes, 0 * changes]), changes
    )
    # The best factor is (1 + 3) / 2 = 2, leaving 1, 1 and 2: 6 of 14.
    np.testing.assert_allclose(infidelities, [6 / 14, 1, 0, 1, 1], atol=1e-12)
    np.testing.assert_allclose(scalings, [2, -2, 1, -1, np.nan])


def test_a_map_of_zeros_is_the_unit() -> None:
    black = measured({"zero": np.zeros((3, SIDE, SIDE))})["black"]["zero"]
    assert (black["infidelity"] == 1).all()
    assert np.isnan(black["infidelity_scaling"]).all()


def test_an_image_that_no_square_changes_has_no_value() -> None:
    images = images_of()
    images[1] = 0  # as the baseline: no square changes it, though noise does
    result = measured({"map": contributions(images_of())}, images)
    for value in result["black"]["map"].values():
        assert np.isnan(value).tolist() == [False, True, False]
    assert not np.isnan(result["noise"]["map"]["infidelity"]).any()
    rounding = np.random.default_rng(0)

    def constant(images: np.ndarray, logit: float) -> np.ndarray:
        noise = rounding.normal(0, 3e-6 * max(1, logit), (len(images), 2))
        return (logit + noise).astype(np.float32)

    for logit in (0.0, 10.0):  # a share of the logit, but of no smaller one than 1
        predict = partial(constant, logit=logit)
        for each in measured({"map": contributions(images_of())}, predict=predict).values():
            assert np.isnan(each["map"]["infidelity"]).all()


def test_neither_neighbours_nor_the_batch_change_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    images, map_ = images_of(4), np.random.default_rng(3).normal(size=(4, SIDE, SIDE))
    own = images[::-1] / 2
    together = measured({"map": map_}, images, baseline=own)
    monkeypatch.setattr(perturbation, "CHUNK_BYTES", 1)
    for row in (3, 0):
        alone = measured({"map": map_[[row]]}, images[[row]], baseline=own[[row]])
        for name, each in alone.items():
            for what, value in each["map"].items():
                expected = together[name]["map"][what][[row]]
                np.testing.assert_allclose(value, expected, rtol=1e-4)


def test_the_methods_share_the_forward_passes() -> None:
    passed = []

    def predict(images: np.ndarray) -> np.ndarray:
        passed.append(len(images))
        return linear(images)

    maps = {str(i): np.random.default_rng(i).normal(size=(3, SIDE, SIDE)) for i in range(5)}
    measured(maps, predict=predict, samples=7)
    assert sum(passed) == 3 + 2 * 3 * 7


def test_the_seed_decides() -> None:
    map_ = {"map": np.random.default_rng(3).normal(size=(3, SIDE, SIDE))}
    first, same, other = (
        measured(map_, seed=seed)["black"]["map"]["infidelity_scaling"] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).all()


def test_every_pixel_is_as_likely_to_be_covered() -> None:
    squares = random_squares((9, 12), 40_000, seed=0)
    assert squares.any(axis=(1, 2)).all()
    covered = squares.mean(axis=0)
    np.testing.assert_allclose(covered, covered[4, 6], atol=0.005)
    sides = np.sqrt(squares.sum(axis=(1, 2)).max())
    assert sides == 3  # a third of the shorter side
    rows, columns = squares.any(axis=2).sum(axis=1), squares.any(axis=1).sum(axis=1)
    assert (rows == columns).mean() > 0.6  # square, unless cut by an edge


def test_noise_has_the_deviation_asked_for() -> None:
    noise = grey_noise((10, 10), 200, 0.1, seed=0)
    assert noise.shape == (200, 10, 10, 1)
    assert noise.dtype == np.float32
    assert noise.std() == pytest.approx(0.1, rel=0.03)


def test_nothing_given_is_changed() -> None:
    images, map_ = images_of(), contributions(images_of())
    before = images.copy(), map_.copy()
    images.flags.writeable = map_.flags.writeable = False
    measured({"map": map_}, images)
    np.testing.assert_array_equal(images, before[0])
    np.testing.assert_array_equal(map_, before[1])


def test_a_baseline_called_noise_is_refused() -> None:
    images = images_of()
    with pytest.raises(ValueError, match="noise"):
        logit_changes(
            linear, images, np.ones(3, np.int64), {"noise": images}, draw((8, 8), 5, 0.1, 0)
        )
