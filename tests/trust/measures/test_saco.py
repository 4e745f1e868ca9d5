"""SaCo, by hand and on linear networks, whose influences are known exactly."""

import numpy as np
import pytest

from heatproof.trust.measures.saco import coefficient, saco, salience

SIDE = 6
WEIGHTS = np.random.default_rng(9).normal(size=(SIDE, SIDE, 1)).astype(np.float32)
IMAGES = np.random.default_rng(0).uniform(0.2, 0.8, (3, SIDE, SIDE, 1)).astype(np.float32)
TARGETS = np.ones(3, np.int64)


def linear(images: np.ndarray) -> np.ndarray:
    """Return w · x as logit 1, which is the target; its probability rises with it."""
    scores = (images * WEIGHTS).sum(axis=(1, 2, 3))
    return np.stack([0 * scores, scores], axis=1)


def contributions(images: np.ndarray) -> np.ndarray:
    """What each pixel adds to logit 1, compared with the image's mean colour."""
    return ((images - images.mean(axis=(1, 2), keepdims=True)) * WEIGHTS).sum(axis=-1)


def measured(**maps: np.ndarray) -> dict[str, np.ndarray]:
    return saco(linear, IMAGES, TARGETS, maps, groups=9, seed=0)


def test_the_algorithm_by_hand() -> None:
    # Pairs (1, 2): 3 - 2, against; (1, 3): 3 - 0, against; (2, 3): 2 - 0, for: (-1 - 3 + 2) / 6.
    # Equal influence counts for the map, equal salience nothing.
    salient = np.array([[3.0, 2.0, 0.0], [3.0, 2.0, 0.0], [1.0, 1.0, 0.0], [4.0, 4.0, 4.0]])
    influence = np.array([[0.1, 0.3, 0.2], [0.5, 0.5, 0.2], [0.1, 0.3, 0.2], [0.1, 0.3, 0.2]])
    np.testing.assert_allclose(coefficient(salient, influence), [-1 / 3, 1, 0, 0])


def test_what_groups_are_worth_is_found_and_its_negative_is_always_wrong() -> None:
    map_ = contributions(IMAGES)
    found = measured(map=map_, negative=-map_, scaled=2 * map_ + 5)
    np.testing.assert_array_equal(found["map"], 1)
    np.testing.assert_array_equal(found["negative"], -1)
    np.testing.assert_allclose(found["scaled"], 1)


def test_noise_is_at_chance_and_a_map_without_contrast_is_zero() -> None:
    noise = np.random.default_rng(1).normal(size=(40, *IMAGES.shape[:3])).astype(np.float32)
    found = measured(**{str(i): each for i, each in enumerate(noise)})
    means = np.array([each.mean() for each in found.values()])
    assert abs(means.mean()) < 3 * means.std() / np.sqrt(len(means)) < 0.25
    np.testing.assert_array_equal(measured(flat=np.full_like(noise[0], 0.1))["flat"], 0)


def test_groups_of_unlike_size_are_compared_by_their_means() -> None:
    """Seven pixels in three groups, 2, 3 and 2; with sums the middle one would be the largest."""
    maps = np.array([[[8.0, 6.0, 5.0, 5.0, 5.0, 1.0, 0.0]]])
    edges = np.array([0, 2, 5, 7])
    np.testing.assert_array_equal(salience(maps, np.arange(7)[None], edges), [[7, 5, 0.5]])


def test_an_image_is_measured_as_beside_others_and_nothing_is_changed() -> None:
    map_ = np.random.default_rng(2).normal(size=IMAGES.shape[:3]).astype(np.float32)
    before = map_.copy(), IMAGES.copy()
    alone = saco(linear, IMAGES[1:2], TARGETS[1:2], {"map": map_[1:2]}, 4, 0)["map"]
    together = saco(linear, IMAGES, TARGETS, {"map": map_}, 4, 0)["map"]
    assert alone[0] == together[1] and len(set(together)) > 1
    np.testing.assert_array_equal(before[0], map_)
    np.testing.assert_array_equal(before[1], IMAGES)


def test_each_group_is_replaced_alone_by_the_images_mean_colour() -> None:
    passed = []

    def predict(images: np.ndarray) -> np.ndarray:
        passed.append(images.copy())
        return linear(images)

    map_ = contributions(IMAGES)[:1]
    saco(predict, IMAGES[:1], TARGETS[:1], {"map": map_}, 4, 0)
    order = np.argsort(-map_.ravel())
    for group, image in enumerate(passed[1]):
        expected = IMAGES[0].copy()
        expected.reshape(-1)[order[9 * group : 9 * group + 9]] = IMAGES[0].mean()
        np.testing.assert_allclose(image, expected, rtol=1e-6)


def test_no_images_and_arrays_that_do_not_match() -> None:
    none = np.zeros((0, SIDE, SIDE))
    assert saco(linear, IMAGES[:0], TARGETS[:0], {"a": none}, 4, 0)["a"].shape == (0,)
    with pytest.raises(ValueError, match="the maps of a"):
        saco(linear, IMAGES, TARGETS, {"a": np.zeros((3, 2, 2))}, 4, 0)
