"""RISE, where its answer is known."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from heatproof.attribution.core import masking
from heatproof.attribution.core.network import Network
from heatproof.attribution.perturbation.rise import cell_pixels, draw, rise, rise_centred
from heatproof.statistics.softmax import softmax
from tests.attribution import networks, passes

GREY = np.float32([0.3])


def options(
    masks: int = 60, grid_size: int = 3, keep_probability: float = 0.5, seed: int = 0
) -> dict:
    counts = {"masks": masks, "grid_size": grid_size, "keep_probability": keep_probability}
    return {**counts, "colour": GREY, "seed": seed}


def expected_covariance(pixels: int, cells: int) -> np.ndarray:
    """Return E[R R'] over the shifts, (pixels, pixels), of the rows R that interpolate a grid."""
    cell = cell_pixels(pixels, cells)
    grid = np.eye(cells, dtype=np.float32)[None, :, :, None]
    whole = keras.ops.image.resize(grid, ((cells + 1) * cell, cells), "bilinear")[0, ..., 0]
    rows = [np.asarray(whole)[shift : shift + pixels] for shift in range(cell)]
    return np.mean([r @ r.T for r in rows], axis=0)


def test_a_mask_is_a_grid_resized_and_cut_out() -> None:
    drawn = draw(masks=5, grid_size=3, keep_probability=0.5, size=(7, 10), seed=1)
    masks = drawn.masks(slice(0, 5))
    assert masks.shape == (5, 7, 10) and masks.dtype == np.float32
    whole = keras.ops.image.resize(drawn.grids[..., None], (4 * 3, 4 * 4), "bilinear")
    for mask, field, (down, right) in zip(masks, np.asarray(whole), drawn.shifts, strict=True):
        expected = field[down : down + 7, right : right + 10, 0]
        np.testing.assert_allclose(mask, expected, atol=1e-6)
    np.testing.assert_array_equal(drawn.masks(slice(2, 4)), masks[2:4])


@pytest.mark.parametrize("kept", [0.5, 0.2])
def test_every_pixel_is_kept_equally_often(kept: float) -> None:
    drawn = draw(masks=4000, grid_size=4, keep_probability=kept, size=(9, 9), seed=2)
    assert drawn.shifts.min() == 0 and drawn.shifts.max() == 2
    masks = drawn.masks(slice(0, 4000))
    assert masks.min() >= 0 and masks.max() <= 1
    error = masks.std(axis=0) / np.sqrt(4000)
    assert (np.abs(masks.mean(axis=0) - kept) < 4.5 * error).all()


def test_it_is_equation_6() -> None:
    """Brute force, mask by mask: of probabilities, with nothing taken off."""
    network = Network(networks.averaged(np.random.default_rng(0).normal(size=(3, 2))))
    image = networks.images(1, 6, 1)
    found = rise(network, image, np.array([1]), **options(masks=40, keep_probability=0.4))
    masks = draw(40, 3, 0.4, (6, 6), 0).masks(slice(0, 40)).astype(np.float64)
    shown = (masks[..., None] * image + (1 - masks[..., None]) * GREY).astype(np.float32)
    scores = softmax(network.logits(shown))[:, 1]
    expected = sum(s * mask for s, mask in zip(scores, masks, strict=True)) / (40 * 0.4)
    assert expected.min() > 0
    np.testing.assert_allclose(found.maps[0], expected, rtol=1e-5)
    halves = [np.einsum("k,khw->hw", scores[i::2], masks[i::2]).ravel() for i in (0, 1)]
    correlation = np.corrcoef(*halves)[0, 1]
    assert found.numbers["split_half_correlation"][0] == pytest.approx(correlation, abs=1e-4)
    # Of each mask's part in the map less its mean, the spread over masks.
    inside = masks - masks.mean(axis=(1, 2), keepdims=True)
    each = scores[:, None, None] * inside / 0.4
    error = np.sqrt((each.var(axis=0) / 40).mean()) / expected.std()
    assert found.numbers["relative_error"][0] == pytest.approx(error, rel=0.03)


def test_it_is_equation_6_less_the_mean_score() -> None:
    """Brute force, over one batch of masks: the paper's sum, and the same of each half."""
    network = Network(networks.averaged(np.random.default_rng(0).normal(size=(3, 2))))
    image = networks.images(1, 6, 1)
    found = rise_centred(network, image, np.array([1]), **options(masks=40, keep_probability=0.4))
    masks = draw(40, 3, 0.4, (6, 6), 0).masks(slice(0, 40)).astype(np.float64)
    shown = masks[..., None] * image + (1 - masks[..., None]) * GREY
    scores = network.logits(shown.astype(np.float32))[:, 1].astype(np.float64)

    def equation_6(chosen: slice) -> np.ndarray:
        s, m = scores[chosen], masks[chosen]
        paper = np.einsum("k,khw->hw", s, m) / (len(s) * 0.4)
        return paper - s.mean() * m.mean(axis=0) / 0.4

    expected = equation_6(slice(None)) * 40 / 39
    np.testing.assert_allclose(found.maps[0], expected, rtol=1e-4, atol=1e-6)
    halves = [equation_6(slice(start, None, 2)).ravel() for start in (0, 1)]
    correlation = np.corrcoef(*halves)[0, 1]
    assert found.numbers["split_half_correlation"][0] == pytest.approx(correlation, abs=1e-4)
    each = (scores - scores.mean())[:, None, None] * (masks - 0.4) / 0.4
    error = np.sqrt((each.var(axis=0) / 40).mean() / (expected**2).mean())
    assert found.numbers["relative_error"][0] == pytest.approx(error, rel=0.03)


@pytest.mark.parametrize("kept", [0.5, 0.3])
def test_linear_network(kept: float) -> None:
    """The expectation is known: Cov(mask, mask) w(x - colour) / kept. So is how far from it.

    The masks' covariance is that of the cells, kept (1 - kept), spread by the interpolation. Over
    sixteen seeds the maps' squared distance to it is what `relative_error` says, to a third: the
    ratio's standard deviation is 0.11.
    """
    weights = np.random.default_rng(0).normal(size=(8, 10, 1, 2)).astype(np.float32)
    network = Network(networks.linear(weights))
    image = np.random.default_rng(1).random((1, 8, 10, 1)).astype(np.float32)
    taken = ((image[0] - GREY) * weights[..., 1]).sum(axis=-1)
    spread = [expected_covariance(pixels, 4) for pixels in (8, 10)]
    expected = (1 - kept) * spread[0] @ taken @ spread[1]
    distances, errors = [], []
    for seed in range(16):
        found = rise_centred(network, image, np.array([1]), **options(500, 4, kept, seed))
        distances.append(((found.maps[0] - expected) ** 2).mean())
        power = np.sqrt((found.maps[0] ** 2).mean())
        errors.append((found.numbers["relative_error"][0] * power) ** 2)
    assert np.mean(distances) == pytest.approx(np.mean(errors), rel=1 / 3)
    assert np.mean(errors) < 0.03 * (expected**2).mean()


def test_it_peaks_at_the_patch_that_decides() -> None:
    """Beyond the cells that a patch's pixels share there is only noise, as much as is said."""
    weights = np.zeros((16, 16, 1, 2), np.float32)
    weights[6:8, 9:11, 0, 0] = 1
    network = Network(networks.linear(weights))
    found = rise_centred(
        network, np.ones((1, 16, 16, 1), np.float32), np.array([0]), **options(800, 8)
    )
    map_ = found.maps[0]
    row, column = np.unravel_index(map_.argmax(), map_.shape)
    assert row in (6, 7) and column in (9, 10)
    rows, columns = np.indices(map_.shape)
    far = np.maximum(np.abs(rows - 6.5), np.abs(columns - 9.5)) > 6
    noise = found.numbers["relative_error"][0] * np.sqrt((map_**2).mean())
    assert np.sqrt((map_[far] ** 2).mean()) < 1.5 * noise < 0.2 * map_.max()


def test_what_the_masks_cover_more_often_is_brighter() -> None:
    """Of a network that always says the same: what centring takes away is all there is."""
    model = networks.averaged(np.zeros((3, 2), np.float32))
    model.get_layer("logits").bias.assign([0.1, -1.7])
    found = rise(Network(model), networks.images(1, 6, 1), np.array([0]), **options())
    coverage = draw(60, 3, 0.5, (6, 6), 0).masks(slice(0, 60)).mean(axis=0) / 0.5
    probability = 1 / (1 + np.exp(-1.8))
    np.testing.assert_allclose(found.maps[0], probability * coverage, rtol=1e-5)
    assert found.numbers["relative_error"][0] > 0.7
    assert abs(found.numbers["split_half_correlation"][0]) < 0.7


def test_signed() -> None:
    """A pixel that speaks against the class is marked as such."""
    weights = np.zeros((8, 8, 1, 1), np.float32)
    weights[1:3, 1:3], weights[5:7, 5:7] = 1, -1
    network = Network(networks.linear(weights))
    map_ = rise_centred(
        network, np.ones((1, 8, 8, 1), np.float32), np.array([0]), **options(500, 4)
    ).maps
    assert map_[0, 1:3, 1:3].min() > 0.1 and map_[0, 5:7, 5:7].max() < -0.1


@pytest.mark.parametrize("value", [0.0, 0.3, 0.5])
def test_a_network_that_looks_at_nothing(value: float) -> None:
    model = networks.averaged(np.zeros((3, 2), np.float32))
    model.get_layer("logits").bias.assign([0.1, -1.7])
    images = np.full((2, 6, 6, 1), value, np.float32)
    found = rise_centred(Network(model), images, np.array([0, 1]), **options())
    np.testing.assert_array_equal(found.maps, np.zeros((2, 6, 6), np.float32))
    assert all(np.isnan(values).all() for values in found.numbers.values())


@pytest.mark.parametrize("method", [rise, rise_centred])
def test_one_image_is_explained_as_in_a_batch(
    method: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the masks do not fit into memory together."""
    weights = np.random.default_rng(2).normal(size=(3, 2))
    network = Network(networks.averaged(weights))
    images, targets = networks.images(4, 6, 1), np.array([0, 1, 1, 0])
    together = method(network, images, targets, **options()).maps
    monkeypatch.setattr(masking, "MASK_BYTES", 7 * 4 * 36)
    alone = [
        method(network, images[i : i + 1], targets[i : i + 1], **options()).maps[0]
        for i in range(4)
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5 * np.abs(together).max())


def test_two_targets_of_an_image_share_its_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2)), channels=3))
    images = networks.images(2, 6, 3)
    counted = passes.count(monkeypatch, network)
    maps = rise_centred(network, images[[0, 1, 0]], np.array([0, 0, 1]), **options()).maps
    assert sum(counted) == 2 * 60
    apart = rise_centred(network, images[:1], np.array([1]), **options()).maps
    np.testing.assert_allclose(maps[2:], apart, rtol=1e-5, atol=1e-5 * np.abs(maps).max())
