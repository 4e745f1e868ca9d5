"""LIME, where its answer is known, and against the lime package."""

from typing import Any

import numpy as np
import pytest

from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.perturbation.lime import (
    METHODS,
    LimeOptions,
    agreement,
    draw,
    filled,
    fitted,
    lime,
    of_library,
    superpixels,
)
from tests.attribution import architectures, networks, passes

GREY = np.float32([0.3])


def options(**changed: Any) -> LimeOptions:
    """Return the study's own options, with fewer samples and segments."""
    few = {"samples": 120, "segments": 12, "stability_images": 0, "smoothing": 0.0}
    return LimeOptions(**(few | changed))


def patches(count: int, height: int, width: int, channels: int) -> np.ndarray:
    """Return images of 2x2 patches, which superpixels can follow."""
    shape = (count, height // 2, width // 2, channels)
    coarse = np.random.default_rng(1).random(shape).astype(np.float32)
    return coarse.repeat(2, axis=1).repeat(2, axis=2)


@pytest.mark.parametrize(
    ("name", "fill"), [("simple_cnn", "blurred"), ("baseline_cnn", "mean"), ("simple_cnn", "black")]
)
def test_it_is_the_lime_package(name: str, fill: str) -> None:
    """At equal settings: segments, fill, samples, kernel and regression; grey and in colour."""
    architecture = architectures.shared(name)
    network, image = architecture.network, architecture.images(1)
    chosen, colour = options(fill=fill), np.full(image.shape[-1], 0.4, np.float32)
    seed = 2**32 + 105  # of which both take as much as NumPy does
    rows = (image.repeat(3, axis=0), np.array([0, 7, 3]), chosen, colour, seed)
    ours, theirs = lime(network, *rows), of_library(network, *rows)
    largest = np.abs(theirs.maps).max(axis=(1, 2), keepdims=True)
    assert (largest > 0).all()
    np.testing.assert_allclose(ours.maps / largest, theirs.maps / largest, rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.numbers["r2"], theirs.numbers["r2"], rtol=1e-4)
    np.testing.assert_array_equal(ours.numbers["segments"], theirs.numbers["segments"])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fill", ["mean", "black", "blurred"])
def test_a_network_linear_in_the_superpixels(channels: int, fill: str) -> None:
    """Its coefficients are what a segment's pixels add, against the fill; all is explained."""
    weights = np.random.default_rng(0).normal(size=(12, 10, channels, 3)).astype(np.float32)
    images = patches(2, 12, 10, channels)
    colour = np.full(channels, 0.3, np.float32)
    chosen, targets = options(fill=fill, ridge=1e-8), np.array([2, 1])
    found = lime(Network(networks.linear(weights)), images, targets, chosen, colour, seed=0)
    assert found.maps.dtype == np.float32 and (found.maps < 0).any()
    added = (images - filled(images, chosen, colour)) * weights[..., targets].transpose(3, 0, 1, 2)
    for row in range(2):
        segments = superpixels(images[row], chosen.segments, chosen.compactness)
        sums = np.bincount(segments.ravel(), added[row].sum(axis=-1).ravel())
        np.testing.assert_allclose(found.maps[row], sums[segments], rtol=1e-3, atol=1e-4)
        assert found.numbers["segments"][row] == len(sums) > 4
    np.testing.assert_allclose(found.numbers["r2"], 1, atol=1e-6)


def test_everything_lies_in_the_segments_that_decide() -> None:
    weights = np.zeros((12, 12, 1, 2), np.float32)
    weights[5:7, 4:6, 0, 0] = 1
    image = patches(1, 12, 12, 1)
    chosen = options(fill="mean", ridge=1e-8)
    map_ = lime(Network(networks.linear(weights)), image, np.array([0]), chosen, GREY, 0).maps[0]
    segments = superpixels(image[0], chosen.segments, chosen.compactness)
    deciding = np.isin(segments, segments[5:7, 4:6])
    assert 4 <= deciding.sum() < 72
    assert np.abs(map_[~deciding]).max() < 1e-4 * np.abs(map_[deciding]).max()


def test_segments_that_stay_as_they_are_are_counted() -> None:
    """Half the image is black already: with black for a fill, nothing there is switched off."""
    image = np.zeros((1, 16, 16, 1), np.float32)
    image[0, :, 8:] = 0.8
    network = Network(networks.linear(np.ones((16, 16, 1, 1), np.float32)))
    idle = {
        fill: lime(network, image, np.array([0]), options(fill=fill), GREY, 0).numbers
        for fill in ("black", "mean", "blurred")
    }
    segments = superpixels(image[0], 12, options().compactness)
    assert idle["black"]["idle_segments"] == len(np.unique(segments[:, :8])) > 1
    assert idle["black"]["segments"] == len(np.unique(segments))
    assert idle["mean"]["idle_segments"] == idle["blurred"]["idle_segments"] == 0


@pytest.mark.parametrize("value", [0.0, 0.5])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_that_looks_at_nothing(value: float, channels: int) -> None:
    model = networks.averaged(np.zeros((3, 2), np.float32), channels=channels)
    model.get_layer("logits").bias.assign([0.1, -1.7])
    images = np.full((2, 6, 6, channels), value, np.float32)
    chosen = options(fill="mean", stability_images=2)
    found = lime(Network(model), images, np.array([0, 1]), chosen, GREY, 0)
    np.testing.assert_array_equal(found.maps, np.zeros((2, 6, 6), np.float32))
    assert np.isnan(found.numbers["r2"]).all() and np.isnan(found.numbers["stability"]).all()


def test_a_constant_image_blurred_gives_an_empty_map_and_idle_segments() -> None:
    network = Network(networks.averaged(np.ones((3, 2), np.float32)))
    images = np.full((1, 6, 6, 1), 0.5, np.float32)
    found = lime(network, images, np.array([0]), options(), GREY, 0)
    assert np.abs(found.maps).max() < 1e-5
    assert found.numbers["idle_segments"] == found.numbers["segments"]


def test_agreement_is_the_mean_correlation() -> None:
    random = np.random.default_rng(0)
    maps = random.normal(size=(3, 4, 5, 2))
    flat = maps.reshape(3, 20, 2)
    expected = [
        np.mean(
            [np.corrcoef(flat[i, :, t], flat[j, :, t])[0, 1] for i, j in ((0, 1), (0, 2), (1, 2))]
        )
        for t in range(2)
    ]
    np.testing.assert_allclose(agreement(maps), expected)
    opposite = np.stack([maps[0], -maps[0]])
    np.testing.assert_allclose(agreement(opposite), -1)


def test_stability_of_the_first_images_only() -> None:
    """What is linear comes out the same from any seed; what is not, does not quite."""
    images = patches(3, 8, 8, 1)
    order, targets = [0, 1, 0, 2], np.array([0, 0, 1, 1])
    chosen = options(stability_images=2, ridge=1e-8)
    weights = np.random.default_rng(0).normal(size=(8, 8, 1, 2)).astype(np.float32)
    linear = lime(Network(networks.linear(weights)), images[order], targets, chosen, GREY, 0)
    np.testing.assert_allclose(linear.numbers["stability"], [1, 1, 1, np.nan], atol=1e-4)
    bent = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2)), side=8))
    found = lime(bent, images[order], targets, chosen, GREY, 0)
    stability = found.numbers["stability"]
    assert (stability[:3] < 0.9999).all() and (stability[:3] > 0).all() and np.isnan(stability[3])
    # The map is the first seed's, whether there are others or not.
    once = lime(bent, images[order], targets, options(ridge=1e-8), GREY, 0)
    np.testing.assert_allclose(found.maps, once.maps, rtol=1e-5, atol=1e-6)


def test_two_targets_of_an_image_share_its_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2)), side=8))
    images = patches(2, 8, 8, 1)
    counted = passes.count(monkeypatch, network)
    chosen = options(stability_images=1, seeds=3)
    maps = lime(network, images[[0, 1, 0]], np.array([0, 0, 1]), chosen, GREY, 0).maps
    assert sum(counted) == 120 * 3 + 120
    apart = lime(network, images[:1], np.array([1]), chosen, GREY, 0).maps
    np.testing.assert_allclose(maps[2:], apart, rtol=1e-5, atol=1e-6)


def test_where_maps_are_made_again_no_seed_is_added_for_stability() -> None:
    assert METHODS[0].recomputing(options(stability_images=4)).stability_images == 0


def test_draws_are_those_of_the_lime_package() -> None:
    expected = np.random.RandomState(7).randint(0, 2, 50 * 9).reshape(50, 9)
    drawn = draw(50, 9, 7)
    assert (drawn[0] == 1).all() and (expected[0] == 0).any()
    np.testing.assert_array_equal(drawn[1:], expected[1:])


def test_what_is_linear_is_recovered_and_what_does_not_vary_has_no_share_explained() -> None:
    on, expected = draw(100, 6, 0), np.arange(12.0).reshape(6, 2) - 5
    coefficients, r2 = fitted(on, on @ expected + 100, options(ridge=1e-8))
    np.testing.assert_allclose(coefficients, expected, atol=1e-7)
    np.testing.assert_allclose(r2, 1, atol=1e-12)
    constant = np.full((100, 1), 0.1, np.float32)
    coefficients, r2 = fitted(on, constant, options())
    assert not coefficients.any() and np.isnan(r2).all()


@pytest.mark.parametrize(("samples", "segments"), [(10, 2), (10, 1000), (300, 2), (300, 1000)])
def test_the_smallest_width_and_ridge_that_params_yaml_may_have_compute(
    samples: int, segments: int
) -> None:
    width, ridge = (
        next(bound.ge for bound in LimeOptions.model_fields[name].metadata if hasattr(bound, "ge"))
        for name in ("kernel_width", "ridge")
    )
    on = draw(samples, segments, seed=0)
    chosen = options(kernel_width=width, ridge=ridge)
    coefficients, r2 = fitted(on, on[:, :2] + 1.0, chosen)
    assert np.isfinite(coefficients).all() and coefficients.any() and np.isfinite(r2).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("value", [None, 0.0, 0.5])
def test_superpixels_are_numbered_from_zero_without_a_gap(channels: int, value) -> None:
    """About as many as asked for, also on black and constant images."""
    image = networks.images(1, 7, channels)[0].repeat(4, axis=0).repeat(4, axis=1)
    if value is not None:
        image = np.full_like(image, value)
    found = superpixels(image, 40, 20.0)
    assert found.shape == (28, 28) and found.dtype == np.int64
    assert np.unique(found).tolist() == list(range(found.max() + 1))
    assert 20 <= found.max() + 1 <= 60


def test_superpixels_of_a_grey_image_are_those_of_three_equal_channels() -> None:
    grey = networks.images(1, 20, 1)[0]
    expected = superpixels(np.repeat(grey, 3, axis=-1), 15, 5.0)
    np.testing.assert_array_equal(superpixels(grey, 15, 5.0), expected)


def test_in_a_large_image_with_grain_there_are_as_many_superpixels_as_asked_for() -> None:
    """Without smoothing they follow the grain, fall apart, and are merged to a few."""
    image = 0.2 + 0.4 * patches(1, 112, 112, 3)[0]
    smoothing = resolved(LimeOptions(), image.shape[:2]).smoothing
    assert superpixels(image, 40, 20.0).max() + 1 < 8
    assert 20 <= superpixels(image, 40, 20.0, smoothing).max() + 1 <= 60


@pytest.mark.parametrize("channels", [1, 3])
def test_superpixels_follow_edges(channels: int) -> None:
    """A bright square on black, off the grid: no segment lies on both sides of its edge."""
    image = np.zeros((28, 28, channels), np.float32)
    image[5:16, 9:20] = 1
    inside = image[..., 0] > 0
    found = superpixels(image, 40, 20.0)
    assert not set(found[inside]) & set(found[~inside])
    assert len(set(found[inside])) > 1


def test_the_fill_is_the_training_images_mean() -> None:
    training = np.random.default_rng(0).integers(0, 256, (9, 6, 6, 1), np.uint8)
    network = Network(networks.linear(np.ones((6, 6, 1, 2), np.float32)))
    images, targets = patches(1, 6, 6, 1), np.array([1])
    chosen = options(fill="mean")
    method = METHODS[0].with_options(chosen, Context(training, seed=3))
    colour = np.float32([(training / 255).mean()])
    expected = lime(network, images, targets, chosen, colour, 3).maps
    np.testing.assert_allclose(method(network, images, targets).maps, expected, rtol=1e-5)
