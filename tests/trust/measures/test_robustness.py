"""Sensitivity to noise and to a shift, of explainers whose answer is known."""

from functools import partial

import numpy as np
import pytest

from heatproof.trust.measures.robustness import (
    ExplainImages,
    noise_sensitivity,
    relative_change,
    shift_sensitivity,
    shifted,
)

COUNT, SIDE = 4, 6


@pytest.fixture
def images() -> np.ndarray:
    random = np.random.default_rng(0)
    return random.uniform(0.3, 0.7, (COUNT, SIDE, SIDE, 2)).astype(np.float32)


def the_image(images: np.ndarray) -> dict[str, np.ndarray]:
    return {"image": images[..., 0]}


def unmoved(images: np.ndarray) -> dict[str, np.ndarray]:
    spot = np.zeros(images.shape[:3], np.float32)
    spot[:, 2, 3] = 5
    return {"spot": spot}


def growing() -> ExplainImages:
    """Return an explainer whose map is 10 % of the first one longer at each call."""
    calls = []

    def explain(images: np.ndarray) -> dict[str, np.ndarray]:
        calls.append(1)
        return {"growing": np.full(images.shape[:3], 0.9 + 0.1 * len(calls))}

    return explain


noise = partial(noise_sensitivity, radius=0.1, samples=3, seed=5)


def drawn(samples: int) -> np.ndarray:
    random = np.random.default_rng(5)
    return np.stack([random.uniform(-0.1, 0.1, (SIDE, SIDE, 2)) for _ in range(samples)])


def test_noise_by_hand(images: np.ndarray) -> None:
    found = noise(the_image, images, the_image(images))["image"]
    lengths = np.sqrt((images[..., 0] ** 2).sum(axis=(1, 2)))
    steps = np.sqrt((drawn(3)[..., 0] ** 2).sum(axis=(1, 2)))  # no pixel leaves [0, 1]
    np.testing.assert_allclose(found["sensitivity_max"], steps.max() / lengths, rtol=1e-5)
    np.testing.assert_allclose(found["sensitivity_mean"], steps.mean() / lengths, rtol=1e-5)


def test_maximum_and_mean(images: np.ndarray) -> None:
    explain = growing()
    originals = explain(images)
    found = noise(explain, images, originals)["growing"]
    np.testing.assert_allclose(found["sensitivity_max"], 0.3)
    np.testing.assert_allclose(found["sensitivity_mean"], 0.2)
    explain = growing()
    found = shift_sensitivity(explain, images, explain(images))["growing"]
    np.testing.assert_allclose(found["shift_max"], 0.4)
    np.testing.assert_allclose(found["shift_mean"], 0.25)


def test_the_noisy_image_stays_in_range(images: np.ndarray) -> None:
    seen = []

    def explain(given: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(given)
        return the_image(given)

    noise(explain, images.round(), the_image(images.round()))
    assert len(seen) == 3
    for given in seen:
        assert given.dtype == np.float32
        assert given.min() == 0 and given.max() == 1
        assert 0.04 < np.abs(given - images.round())[given % 1 > 0].mean() < 0.06
    assert not np.array_equal(seen[0], seen[1])


def test_a_map_that_moves_with_the_image_is_not_sensitive_to_a_shift(images: np.ndarray) -> None:
    found = shift_sensitivity(the_image, images, the_image(images))["image"]
    assert found["shift_max"].tolist() == found["shift_mean"].tolist() == [0] * COUNT


def test_a_map_that_stays_where_it_is(images: np.ndarray) -> None:
    originals = unmoved(images)
    assert noise(unmoved, images, originals)["spot"]["sensitivity_max"].tolist() == [0] * 4
    found = shift_sensitivity(unmoved, images, originals)["spot"]
    # The spot is at another pixel after moving back: a spot too many and one too few.
    np.testing.assert_allclose(found["shift_max"], np.sqrt(2))
    np.testing.assert_allclose(found["shift_mean"], np.sqrt(2))


def test_all_pixels_but_the_outermost_count(images: np.ndarray) -> None:
    for place, counts in (((1, 1), True), ((1, -2), True), ((-2, 1), True), ((0, 1), False)):
        images[:] = 0
        images[:, *place] = 1
        found = shift_sensitivity(the_image, images, the_image(images))["image"]
        # A map that is zero in all that counts has no relative change.
        np.testing.assert_array_equal(found["shift_max"], 0 if counts else np.nan)


def test_an_image_moved_by_a_pixel() -> None:
    image = np.arange(9.0).reshape(1, 3, 3, 1)
    assert shifted(image, (1, 0))[0, ..., 0].tolist() == [[0, 1, 2], [0, 1, 2], [3, 4, 5]]
    assert shifted(image, (0, -1))[0, ..., 0].tolist() == [[1, 2, 2], [4, 5, 5], [7, 8, 8]]


@pytest.mark.parametrize("measure", [noise, shift_sensitivity])
def test_an_image_is_measured_alone(measure, images: np.ndarray) -> None:
    together = measure(the_image, images, the_image(images))["image"]
    row = slice(2, 3)
    alone = measure(the_image, images[row], the_image(images[row]))["image"]
    for number, values in together.items():
        np.testing.assert_array_equal(alone[number], values[row])


@pytest.mark.parametrize("measure", [noise, shift_sensitivity])
def test_a_slow_method_answers_for_the_first_images(measure, images: np.ndarray) -> None:
    def explain(given: np.ndarray) -> dict[str, np.ndarray]:
        return {"image": given[..., 0], "slow": given[:2, ..., 0]}

    found = measure(explain, images, the_image(images) | {"slow": images[..., 0]})
    for number, values in found["slow"].items():
        assert values.shape == (2,)
        np.testing.assert_array_equal(values, found["image"][number][:2])


@pytest.mark.parametrize("measure", [noise, shift_sensitivity])
def test_nothing_given_is_changed(measure, images: np.ndarray) -> None:
    def greedy(given: np.ndarray) -> dict[str, np.ndarray]:
        maps = {"image": given[..., 0].copy()}
        given[:] = 0
        return maps

    originals = the_image(images.copy())
    before = images.copy(), originals["image"].copy()
    found = measure(greedy, images, originals)
    for array, old in zip((images, originals["image"]), before, strict=True):
        np.testing.assert_array_equal(array, old)
    assert found["image"].keys() == measure(the_image, images, originals)["image"].keys()
    for number, values in measure(the_image, images, originals)["image"].items():
        np.testing.assert_array_equal(found["image"][number], values)


def test_neither_unit_nor_batch_but_the_seed_counts(images: np.ndarray) -> None:
    def in_thousandths(given: np.ndarray) -> dict[str, np.ndarray]:
        return {"image": given[..., 0] * 1000}

    originals = the_image(images)
    expected = noise(the_image, images, originals)["image"]["sensitivity_max"]
    scaled = {"image": originals["image"] * 1000}
    found = noise(in_thousandths, images, scaled)["image"]["sensitivity_max"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    other = noise(the_image, images, originals, seed=6)["image"]["sensitivity_max"]
    assert (other != expected).all()


def test_a_map_of_zeros_has_no_relative_change() -> None:
    maps = np.zeros((2, 3, 3))
    maps[1, 0, 0] = 2
    assert np.isnan(relative_change(maps, np.zeros((2, 3, 3)))).all()
    assert relative_change(np.zeros((2, 3, 3)), maps)[1] == 1
