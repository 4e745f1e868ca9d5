"""Integrated Gradients, where its answer is known."""

from functools import partial

import numpy as np
import pytest
from pydantic import ValidationError

from heatproof.attribution.core import network as networks_room
from heatproof.attribution.core.baselines import blurred, constant
from heatproof.attribution.core.method import Attribution, Context
from heatproof.attribution.core.network import Network
from heatproof.attribution.gradients.integrated_gradients import (
    METHODS,
    Baseline,
    PathOptions,
    integrated_gradients,
)
from tests.attribution import architectures, by_hand, networks

COLOUR = np.array([0.2, 0.5, 0.4], np.float32)


def baselines(channels: int) -> dict[str, Baseline]:
    return {
        "black": partial(constant, colour=0.0),
        "mean": partial(constant, colour=COLOUR[:channels]),
        "blurred": partial(blurred, width=0.2),
    }


def explained(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    baseline: str = "black",
    steps: int = 4,
    max_steps: int = 64,
    tolerance: float = 0.01,
) -> Attribution:
    start = baselines(images.shape[-1])[baseline]
    return integrated_gradients(network, images, targets, start, steps, max_steps, tolerance)


def cubic(channels: int = 1) -> tuple[Network, np.ndarray]:
    """Return a network that is linear in class 0 and cubic in class 1, and its weights."""
    weights = np.random.default_rng(0).uniform(0.5, 1.5, (4, 4, channels, 2)).astype(np.float32)
    linear, third = weights * [1, 0], weights * [0, 1]
    return Network(networks.polynomial(linear, 0 * weights, third)), weights


@pytest.mark.parametrize("baseline", ["black", "mean", "blurred"])
@pytest.mark.parametrize("channels", [1, 3])
def test_linear_network(channels: int, baseline: str) -> None:
    """w (x - x') exactly, with the fewest steps, summing to the logits' difference."""
    weights = np.random.default_rng(0).normal(size=(5, 7, channels, 4)).astype(np.float32)
    network, targets = Network(networks.linear(weights)), np.array([2, 0, 3, 2])
    images = np.random.default_rng(1).random((4, 5, 7, channels)).astype(np.float32)
    found = explained(network, images, targets, baseline, steps=2)
    assert found.maps.dtype == np.float32
    way = images - baselines(channels)[baseline](images)
    expected = (weights[..., targets].transpose(3, 0, 1, 2) * way).sum(axis=-1)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found.numbers["steps"], 2)
    assert found.numbers["completeness_error"].max() < 1e-4
    assert found.numbers["map_error"].max() < 1e-5


@pytest.mark.parametrize("baseline", ["black", "mean"])
def test_the_trapezoidal_rule_is_exact_for_squares(baseline: str) -> None:
    """The gradient of w x² is linear in the pixel, so a trapezoid is the integral."""
    weights = np.random.default_rng(0).normal(size=(4, 4, 3, 2)).astype(np.float32)
    network = Network(networks.polynomial(0 * weights, weights))
    images, targets = networks.images(3, 4, 3), np.array([1, 0, 1])
    found = explained(network, images, targets, baseline, steps=2)
    squares = images**2 - baselines(3)[baseline](images) ** 2
    expected = (weights[..., targets].transpose(3, 0, 1, 2) * squares).sum(axis=-1)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found.numbers["steps"], 2)


@pytest.mark.parametrize("batch", [512, 3])
def test_steps_are_doubled_for_the_rows_that_need_it(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From black, n trapezoids under 3 x² are x³ (1 + 1 / (2 n²)): 12.5, 3.1 and 0.8 % too much.

    So doubling moves the map by 9.1, then by 2.3 % of it.
    """
    monkeypatch.setattr(networks_room, "LARGEST_BATCH", batch)
    network, weights = cubic(channels=3)
    images, targets = networks.images(3, 4, 3), np.array([1, 0, 1])
    found = explained(network, images, targets, steps=2, tolerance=0.03)
    np.testing.assert_array_equal(found.numbers["steps"], [8, 2, 8])
    moved = (1 / 32 - 1 / 128) / (1 + 1 / 128)
    np.testing.assert_allclose(found.numbers["map_error"], [moved, 0, moved], rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(
        found.numbers["completeness_error"], [1 / 128, 0, 1 / 128], rtol=1e-3, atol=1e-6
    )
    factors = weights[..., targets].transpose(3, 0, 1, 2)
    powers = images ** np.array([3, 1, 3])[:, None, None, None]
    too_much = np.array([1 + 1 / 128, 1, 1 + 1 / 128])[:, None, None]
    expected = (factors * powers).sum(axis=-1) * too_much
    np.testing.assert_allclose(found.maps, expected, rtol=1e-5)


def test_steps_end_where_they_shall() -> None:
    network, _ = cubic()
    images, targets = networks.images(2, 4, 1), np.array([1, 0])
    found = explained(network, images, targets, steps=2, max_steps=7)
    np.testing.assert_array_equal(found.numbers["steps"], [4, 2])
    assert found.numbers["completeness_error"][0] == pytest.approx(1 / 32, rel=1e-3)


@pytest.mark.parametrize("baseline", ["black", "mean", "blurred"])
def test_an_image_that_is_its_own_baseline(baseline: str) -> None:
    """No way, no difference, and no error of either."""
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2)), channels=3))
    colour = 0 * COLOUR if baseline == "black" else COLOUR
    images = np.broadcast_to(colour, (2, 6, 6, 3)).astype(np.float32)
    found = explained(network, images, np.array([0, 1]), baseline)
    np.testing.assert_allclose(found.maps, 0, atol=1e-6)
    assert found.numbers["completeness_error"].max() < 1e-3
    assert found.numbers["map_error"].max() < 1e-3
    np.testing.assert_array_equal(found.numbers["steps"], 4)


def test_a_maps_error_is_not_its_sums() -> None:
    """Two pixels whose errors cancel in the sum: the sum is right at once, the map is not."""
    weights = np.zeros((1, 2, 1, 1), np.float32)
    weights[0, :, 0, 0] = [1, -1 + 1e-6]
    network = Network(networks.polynomial(0 * weights, 0 * weights, weights))
    images, targets = np.ones((1, 1, 2, 1), np.float32), np.array([0])
    found = explained(network, images, targets, steps=2, max_steps=2)
    np.testing.assert_allclose(found.maps[0, 0], [1.125, -1.125], rtol=1e-5)
    # Of a hundredth of a logit, since the difference is a millionth.
    assert found.numbers["completeness_error"].item() < 1e-4
    # One trapezoid gives 1.5 instead of 1.
    assert found.numbers["map_error"].item() == pytest.approx(0.375 / 1.125, rel=1e-5)
    found = explained(network, images, targets, steps=2, tolerance=0.03)
    np.testing.assert_allclose(found.maps[0, 0], [1, -1], atol=1 / 128 + 1e-4)
    assert found.numbers["steps"].item() == 8


def test_the_estimate_is_near_a_converged_maps_distance() -> None:
    """Of ReLUs, where the map moves less and less as the steps are doubled, but by jumps."""
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(9, 2)), channels=3))
    images, targets = networks.images(8, 6, 3), np.arange(8) % 2
    exact = explained(network, images, targets, "mean", steps=2048, max_steps=2048).maps
    found = explained(network, images, targets, "mean", steps=32, max_steps=32)
    distance = np.linalg.norm((found.maps - exact).reshape(8, -1), axis=1)
    share = distance / np.linalg.norm(exact.reshape(8, -1), axis=1)
    ratio = share / found.numbers["map_error"]
    assert ratio.min() > 0.3 and ratio.max() < 1.5


def test_everything_lies_in_the_patch_that_decides() -> None:
    weights = np.zeros((8, 8, 1, 2), np.float32)
    weights[2:4, 5:7, 0, 0] = [[1, -2], [3, 0.5]]
    network = Network(networks.polynomial(weights, weights))
    for baseline in baselines(1):
        maps = explained(network, networks.images(3, 8, 1), np.zeros(3, int), baseline).maps
        assert maps[:, 2:4, 5:7].all()
        maps[:, 2:4, 5:7] = 0
        np.testing.assert_array_equal(maps, 0)


def test_one_image_is_explained_as_in_a_batch() -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2)), channels=3))
    images, targets = networks.images(5, 6, 3), np.array([0, 1, 1, 0, 1])
    for baseline in baselines(3):
        together = explained(network, images, targets, baseline, tolerance=0.05)
        assert len(set(together.numbers["steps"])) > 1
        for i in (0, 3):
            alone = explained(
                network, images[i : i + 1], targets[i : i + 1], baseline, tolerance=0.05
            )
            np.testing.assert_allclose(together.maps[i], alone.maps[0], rtol=1e-5, atol=1e-7)
            assert together.numbers["steps"][i] == alone.numbers["steps"][0]


@pytest.mark.parametrize("name", ["simple_cnn", "baseline_cnn"])
def test_a_loop_over_the_path_gives_the_same(name: str) -> None:
    """Of the network with its batch normalisations, point by point; and the error is its own."""
    case = architectures.shared(name)
    images, targets = case.images(2), case.targets(2)
    start = baselines(case.shape[-1])["mean"](images)
    points = [
        by_hand.gradients(case.model, start + t * (images - start), targets)
        for t in np.float32([0, 1 / 4, 1 / 2, 3 / 4, 1])
    ]
    ends = (points[0] + points[4]) / 2
    coarse, fine = (ends + points[2]) / 2, (ends + sum(points[1:4])) / 4
    coarse, fine = ((mean * (images - start)).sum(axis=-1) for mean in (coarse, fine))
    few = explained(case.network, images, targets, "mean", steps=4, max_steps=4)
    by_hand.assert_close(few.maps, fine)
    moved, size = (np.linalg.norm(each.reshape(2, -1), axis=1) for each in (fine - coarse, fine))
    np.testing.assert_allclose(few.numbers["map_error"], moved / size, rtol=1e-3)

    many = explained(case.network, images, targets, "mean", steps=4, max_steps=64)
    logits = case.model(images).numpy() - case.model(start).numpy()
    difference = logits[np.arange(2), targets]
    for found in (few, many):
        error = np.abs(found.maps.sum(axis=(1, 2)) - difference) / np.abs(difference)
        np.testing.assert_allclose(found.numbers["completeness_error"], error, atol=1e-4)
    assert many.numbers["completeness_error"].sum() < few.numbers["completeness_error"].sum() / 3


def test_max_steps_is_no_less_than_steps() -> None:
    PathOptions(steps=50, max_steps=50)
    with pytest.raises(ValidationError, match="max_steps 49 is less than steps 50"):
        PathOptions(steps=50, max_steps=49)
    # What `auto` stands for, 100 in large images, knows nothing of `steps`.
    context = Context(np.zeros((1, 64, 64, 1), np.uint8), seed=0)
    (record,) = (method for method in METHODS if method.name == "integrated_gradients_black")
    begun = record.with_options(PathOptions(steps=200), context)
    assert begun.keywords["max_steps"] == 200
    assert record.with_options(PathOptions(steps=50), context).keywords["max_steps"] == 100
    with pytest.raises(ValidationError, match="multiple of 2"):  # half of them are compared
        PathOptions(steps=51)
