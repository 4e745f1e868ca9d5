"""Localisation: a perfect map, its negative, and maps between, worked out by hand."""

import numpy as np
import pytest

from heatproof.trust.measures.localisation import chance, foreground, localisation

POSITIVE = ("relevance_mass", "relevance_rank", "pointing_game")
MAGNITUDE = ("magnitude_mass", "magnitude_rank", "magnitude_pointing")
NAMES = (*POSITIVE, *MAGNITUDE)


def patch_masks(count: int = 4) -> np.ndarray:
    """Return a 2×2 patch in 6×5 pixels, elsewhere in each image."""
    masks = np.zeros((count, 6, 5), dtype=bool)
    for i in range(count):
        masks[i, i % 5 : i % 5 + 2, i % 4 : i % 4 + 2] = True
    return masks


def noise(count: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 6, 5)).astype(np.float32)


def gradients_of_a_patch_network(masks: np.ndarray) -> np.ndarray:
    """Return the gradient of a network whose logit is a weighted sum of the patch's pixels."""
    weights = np.random.default_rng(3).uniform(0.5, 2, masks.shape)
    return (weights * masks).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_a_patch_network_is_best_and_its_negative_worst(name: str) -> None:
    masks = patch_masks()
    maps = gradients_of_a_patch_network(masks)
    assert (localisation(maps, masks)[name] == 1).all()
    # By magnitude it has found the place all the same.
    assert (localisation(-maps, masks)[name] == (1 if name in MAGNITUDE else 0)).all()


def test_evidence_of_both_signs_by_hand() -> None:
    """Half of the evidence speaks against the class: its place is right, for either sign."""
    mask = np.array([[[True, True], [False, False]]])
    maps = np.array([[[3.0, -4.0], [2.0, -1.0]]])
    numbers, negated = localisation(maps, mask), localisation(-maps, mask)
    assert [numbers[name][0] for name in POSITIVE] == [3 / 5, 1 / 2, 1]
    assert [negated[name][0] for name in POSITIVE] == [4 / 5, 1 / 2, 1]
    for name, expected in zip(MAGNITUDE, (7 / 10, 1, 1), strict=True):
        assert numbers[name].tolist() == negated[name].tolist() == [expected]


def test_a_map_without_negative_values_has_each_number_twice() -> None:
    maps, masks = np.abs(noise()), patch_masks()
    numbers = localisation(maps, masks)
    for positive, magnitude in zip(POSITIVE, MAGNITUDE, strict=True):
        np.testing.assert_array_equal(numbers[positive], numbers[magnitude])


@pytest.mark.parametrize("name", NAMES)
def test_noise_is_at_chance_in_the_middle(name: str) -> None:
    masks = patch_masks(3000)
    values = localisation(noise(3000), masks)[name]
    assert values.mean() == pytest.approx(4 / 30, abs=4 * values.std() / np.sqrt(3000))
    assert values.std() > (0.04 if name == "magnitude_mass" else 0.05)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0.0, 2.5, -1.0])
def test_a_constant_map_gets_the_masks_share(name: str, value: float) -> None:
    maps = np.full((4, 6, 5), value, dtype=np.float32)
    np.testing.assert_allclose(localisation(maps, patch_masks())[name], 4 / 30)


def test_numbers_by_hand() -> None:
    mask = np.array([[[True, True], [True, False]]])
    # Positive: 5 in, 15 in all. The three most relevant are 10, 4 and 1, of which two are in.
    numbers = localisation(np.array([[[4.0, 1.0], [-9.0, 10.0]]]), mask)
    assert numbers["relevance_mass"].tolist() == [5 / 15]
    assert numbers["relevance_rank"].tolist() == [2 / 3]
    assert numbers["pointing_game"].tolist() == [0]


def test_ties_count_as_every_order_of_them_together() -> None:
    # Of the mask's three pixels one leads; two of the five pixels at 1 follow, of which two are in.
    mask = np.array([[[True, True, True], [False, False, False]]])
    maps = np.array([[[3.0, 1.0, 1.0], [1.0, 1.0, 1.0]]])
    numbers = localisation(maps, mask)
    assert numbers["relevance_rank"][0] == pytest.approx((1 + 2 * 2 / 5) / 3)
    # At the top two pixels tie, one of them inside.
    maps = np.array([[[3.0, 1.0, 1.0], [3.0, 1.0, 1.0]]])
    assert localisation(maps, mask)["pointing_game"].tolist() == [0.5]


def test_the_order_of_pixels_decides_nothing() -> None:
    maps = np.maximum(noise(), 0.5)  # most pixels tie
    masks = patch_masks()
    expected = localisation(maps, masks)
    mirrored = localisation(maps[:, ::-1, ::-1], masks[:, ::-1, ::-1])
    for name in NAMES:
        np.testing.assert_allclose(mirrored[name], expected[name], rtol=1e-12)


def test_only_the_order_counts_for_ranks_and_only_the_scale_is_free_for_masses() -> None:
    maps, masks = noise(), patch_masks()
    expected = localisation(maps, masks)
    for name in NAMES:
        np.testing.assert_allclose(
            localisation(256 * maps, masks)[name], expected[name], rtol=1e-12
        )
    risen = localisation(np.exp(2 * maps.astype(np.float64)), masks)
    for name in POSITIVE[1:]:
        np.testing.assert_allclose(risen[name], expected[name], rtol=1e-12)
    assert (np.abs(risen["relevance_mass"] - expected["relevance_mass"]) > 1e-3).all()


def test_an_image_is_measured_alone_and_left_as_it_is() -> None:
    maps, masks = noise(), patch_masks()
    maps[1] *= 1000  # a value of the batch would drown the others
    before = maps.copy(), masks.copy()
    together = localisation(maps, masks)
    for i in range(4):
        alone = localisation(maps[i : i + 1], masks[i : i + 1])
        for name in NAMES:
            assert alone[name][0] == together[name][i]
    np.testing.assert_array_equal(maps, before[0])
    np.testing.assert_array_equal(masks, before[1])


def test_an_empty_mask_has_no_answer() -> None:
    masks = patch_masks()
    masks[2] = False
    for values in localisation(noise(), masks).values():
        assert np.isnan(values).tolist() == [False, False, True, False]
        assert values.dtype == np.float64


def test_no_maps() -> None:
    numbers = localisation(np.zeros((0, 6, 5)), np.zeros((0, 6, 5), bool))
    assert [numbers[name].shape for name in NAMES] == [(0,)] * len(NAMES)


def test_the_foreground_is_brighter_than_half_of_the_images_own_brightest() -> None:
    image = np.array([[0.0, 0.2], [0.21, 0.4]], dtype=np.float32)
    images = np.stack([image, 2 * image, np.zeros_like(image)])[..., np.newaxis]
    expected = [[False, False], [True, True]]
    assert foreground(images).tolist() == [expected, expected, [[False, False], [False, False]]]


def test_the_foreground_of_a_coloured_image_is_of_its_mean() -> None:
    image = np.array([[[0.9, 0.0, 0.0], [0.5, 0.5, 0.5], [0.2, 0.3, 0.3]]], dtype=np.float32)
    # Means 0.3, 0.5 and 0.267: half of the greatest is 0.25.
    assert foreground(image[np.newaxis]).tolist() == [[[True, True, True]]]
    image[0, 2] = 0.2
    assert foreground(image[np.newaxis]).tolist() == [[[True, True, False]]]


def test_chance_is_the_share_of_the_masks_and_what_a_map_that_says_nothing_scores() -> None:
    masks = patch_masks()
    masks[0] = False  # of this image nothing is known
    masks[1] = True
    assert chance(masks) == {"images": 3, "share": pytest.approx((1 + 2 * 4 / 30) / 3)}
    for name, values in localisation(np.ones(masks.shape, np.float32), masks).items():
        assert np.isnan(values[0]) and np.nanmean(values) == pytest.approx(
            chance(masks)["share"]
        ), name
    nothing = chance(np.zeros_like(masks))
    assert nothing["images"] == 0 and np.isnan(nothing["share"])
