"""ROAD on networks that look at known pixels."""

import numpy as np
import pytest

from heatproof.attribution.core.sizes import resolved
from heatproof.trust.measures.road import (
    FAMILY,
    RoadOptions,
    numbers_of,
    removed_shares,
    road_curves,
)

SIDE = 8


def spot_network(images: np.ndarray) -> np.ndarray:
    """Two logits: twice what is in the first row, and what is in the last."""
    return np.stack([2 * images[:, 0].sum(axis=(1, 2)), images[:, -1].sum(axis=(1, 2))], axis=1)


@pytest.fixture
def images() -> np.ndarray:
    """Bright first rows on dark images, of which one is no more than chance."""
    images = np.full((3, SIDE, SIDE, 2), 0.1, np.float32)
    images[:2, 0] = 0.8
    images[2, -1] = 0.9
    return images


def rows_first(images: np.ndarray, *rows: int) -> np.ndarray:
    maps = np.zeros(images.shape[:3], np.float32)
    for value, row in enumerate(reversed(rows), start=1):
        maps[:, row] = value
    return maps


def curves(images: np.ndarray, maps: dict[str, np.ndarray], noise: float = 0.0, seed: int = 1):
    targets = np.zeros(len(images), np.int64)
    return road_curves(spot_network, images, targets, maps, [0.125, 0.5], noise, seed)


def share(logits: list[float], start: list[float]) -> float:
    """The first class's probability, as a share of what it was at first."""
    return (1 + np.exp(start[1] - start[0])) / (1 + np.exp(logits[1] - logits[0]))


def test_by_hand(images: np.ndarray) -> None:
    found = curves(images[:1], {"right": rows_first(images[:1], 0)})
    start = [2 * 16 * 0.8, 16 * 0.1]
    # The first row, an eighth of the pixels, is filled in from the second, which is 0.1.
    filled = share([2 * 16 * 0.1, start[1]], start)
    assert found["linear"]["morf"]["right"][0, 0] == pytest.approx(filled, rel=1e-4)
    mean = (0.8 + 7 * 0.1) / 8
    blanked = share([2 * 16 * mean, start[1]], start)
    assert found["fixed"]["morf"]["right"][0, 0] == pytest.approx(blanked, rel=1e-4)
    # Least relevant first, the row stays: its image's other pixels are hardly needed.
    assert found["linear"]["lerf"]["right"][0, 0] == pytest.approx(1, abs=1e-6)


def test_a_right_map_its_negative_and_one_that_says_nothing(images: np.ndarray) -> None:
    right = rows_first(images, 0)
    maps = {"right": right, "negative": -right, "constant": np.ones_like(right)}
    numbers = numbers_of(curves(images, maps, noise=0.01)["linear"])
    for row in (0, 1):
        gaps = {method: each["road_gap"][row] for method, each in numbers.items()}
        assert gaps["right"] > 0.05 and gaps["negative"] < -0.05
        assert gaps["constant"] == 0
        assert numbers["right"]["road_morf"][row] < numbers["negative"]["road_morf"][row]
    # The third image is not held for the class: there is nothing to follow.
    assert all(np.isnan(each["road_gap"][2]) for each in numbers.values())


def test_an_image_is_measured_alone_and_the_seed_counts(images: np.ndarray) -> None:
    images = np.clip(images + np.linspace(0, 0.1, SIDE, dtype=np.float32)[:, None], 0, 1)
    maps = {"right": rows_first(images, 0, 3)}
    together = curves(images, maps, noise=0.1)["linear"]["morf"]["right"]
    alone = curves(images[1:2], {"right": maps["right"][1:2]}, noise=0.1)
    np.testing.assert_array_equal(alone["linear"]["morf"]["right"][0], together[1])
    other = curves(images, maps, noise=0.1, seed=2)["linear"]["morf"]["right"]
    assert (other[:2] != together[:2]).all()
    again = curves(images, maps | {"same": maps["right"].copy()}, noise=0.1)["linear"]["morf"]
    np.testing.assert_array_equal(again["same"], again["right"])


def test_shares_and_what_large_images_get() -> None:
    assert removed_shares(9) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    small, large = (resolved(RoadOptions(), (side, side)) for side in (32, 64))
    assert (small.steps, small.images, large.steps, large.images) == (9, 20, 3, 2)
    assert [each.name for each in FAMILY.measures if each.shown] == ["road_gap"]
