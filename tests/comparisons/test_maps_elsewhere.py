"""Old maps for a new network: linear networks, whose gaps follow from their weights."""

import numpy as np
import pytest

from heatproof.comparisons import maps_elsewhere
from heatproof.comparisons.maps_elsewhere import ORIGIN_HERE, ORIGIN_THERE, OWN, RANDOMISED

SIDE, IMAGES = 4, 5


def linear(weights: np.ndarray):
    """Return the logits of two classes: the weighted sum of the pixels, and its negative."""

    def predict(images: np.ndarray) -> np.ndarray:
        score = 1 + (images[..., 0] * weights).sum(axis=(1, 2))
        return np.stack([score, -score], axis=1).astype(np.float32)

    return predict


def measured(first: np.ndarray, second: np.ndarray, randomised: np.ndarray):
    images = np.ones((IMAGES, SIDE, SIDE, 1), np.float32)
    maps = {
        name: {"saliency": np.repeat(each[None], IMAGES, axis=0)}
        for name, each in (("first", first), ("second", second), ("randomised", randomised))
    }
    targets = np.zeros(IMAGES, np.int64)
    found = maps_elsewhere.gaps(
        {"first": linear(first), "second": linear(second)},
        maps, images, targets, np.zeros_like(images), SIDE * SIDE, seed=0,
    )  # fmt: skip
    return found, maps_elsewhere.summaries(found, samples=100, seed=0)


def weights(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((SIDE, SIDE)) + np.arange(SIDE)


def test_the_same_network_loses_nothing() -> None:
    same = weights(0)
    found, summaries = measured(same, same, weights(1))
    for source in (ORIGIN_HERE, ORIGIN_THERE, OWN):
        np.testing.assert_allclose(found[source]["saliency"], found[OWN]["saliency"], rtol=1e-6)
    lost = summaries["overall"]["lost"]
    assert lost["mean"] == pytest.approx(0, abs=1e-6) and lost["images"] == IMAGES


def test_a_network_that_looks_elsewhere_is_not_explained_by_the_old_maps() -> None:
    """The second network weighs pixels the other way round: the old order is the worst one."""
    first = np.arange(SIDE * SIDE, dtype=np.float64).reshape(SIDE, SIDE)
    second = first[::-1, ::-1].copy()
    found, summaries = measured(first, second, weights(1))
    own, old = (found[source]["saliency"] for source in (OWN, ORIGIN_THERE))
    np.testing.assert_allclose(old, -own, rtol=1e-4)
    np.testing.assert_allclose(own, found[ORIGIN_HERE]["saliency"], rtol=1e-4)
    assert summaries["methods"]["saliency"]["lost"]["mean"] == pytest.approx(2 * own.mean())
    assert abs(found[RANDOMISED]["saliency"]).max() < own.min()


def test_the_gap_by_hand() -> None:
    """Of two pixels, 3 and 1, one is taken away: 1 less 3 of the whole, over its middle point."""
    images = np.ones((1, 1, 2, 1), np.float32)
    weight = np.array([[3.0, 1.0]])

    def predict(shown: np.ndarray) -> np.ndarray:
        score = (shown[..., 0] * weight).sum(axis=(1, 2))
        return np.stack([score, -score], axis=1).astype(np.float32)

    maps = {name: {"m": weight[None]} for name in ("first", "second", "randomised")}
    found = maps_elsewhere.gaps(
        {"first": predict, "second": predict}, maps, images, np.zeros(1, np.int64),
        np.zeros_like(images), 2, seed=0,
    )  # fmt: skip
    # Without the first pixel 1 of 4 is left, without the second 3 of 4; trapezoids of half a pixel.
    assert found[OWN]["m"][0] == pytest.approx(0.75 / 2 - 0.25 / 2)


def test_no_methods() -> None:
    empty = {name: {} for name in ("first", "second", "randomised")}
    images = np.ones((2, SIDE, SIDE, 1), np.float32)
    predict = linear(weights(0))
    found = maps_elsewhere.gaps(
        {"first": predict, "second": predict}, empty, images, np.zeros(2, np.int64), images, 4, 0
    )
    assert np.isnan(maps_elsewhere.summaries(found, 100, 0)["overall"]["lost"]["mean"])
