"""Occlusion, where its answer is known."""

import numpy as np
import pytest
from pydantic import ValidationError

from heatproof.attribution.core import masking
from heatproof.attribution.core.network import Network
from heatproof.attribution.perturbation.occlusion import OcclusionOptions, occlusion, windows
from tests.attribution import networks, passes

GREY = np.float32([0.3])


@pytest.mark.parametrize(
    ("pixels", "size", "stride", "starts"),
    [
        (8, 4, 2, [0, 2, 4]),
        (9, 4, 2, [0, 2, 4, 5]),  # the last lies flush with the edge
        (7, 3, 3, [0, 3, 4]),
        (3, 5, 4, [0]),  # a square larger than the image
        (1, 1, 1, [0]),
    ],
)
def test_windows(pixels: int, size: int, stride: int, starts: list[int]) -> None:
    covered = windows(pixels, size, stride)
    assert covered.argmax(axis=1).tolist() == starts
    assert (covered.sum(axis=1) == min(size, pixels)).all()
    assert (covered.sum(axis=0) > 0).all()


def test_a_stride_that_would_skip_pixels() -> None:
    with pytest.raises(ValueError, match="stride 4: larger than the window, 3 pixels"):
        windows(8, 3, 4)
    with pytest.raises(ValidationError, match="stride 4 is larger than size 3: it skips pixels"):
        OcclusionOptions(size=3, stride=4)
    with pytest.raises(ValidationError, match="both in pixels, or both auto"):
        OcclusionOptions(size="auto", stride=2)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "stride"), [(4, 2), (3, 1), (2, 2), (9, 3)])
def test_linear_network(
    channels: int, size: int, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Covering a square takes away w(x - colour) in it; a pixel has the mean of its squares."""
    monkeypatch.setattr(masking, "MASK_BYTES", 4 * 5 * 7 * 2)  # two squares at a time
    weights = np.random.default_rng(0).normal(size=(5, 7, channels, 4)).astype(np.float32)
    images = np.random.default_rng(1).random((3, 5, 7, channels)).astype(np.float32)
    targets, colour = np.array([2, 0, 3]), np.linspace(0.2, 0.6, channels, dtype=np.float32)
    network = Network(networks.linear(weights))
    found = occlusion(network, images, targets, size, stride, colour)
    assert found.maps.dtype == np.float32
    taken = ((images - colour) * weights[..., targets].transpose(3, 0, 1, 2)).sum(axis=-1)
    sums, squares = np.zeros((3, 5, 7)), np.zeros((5, 7))
    for top in [*range(0, max(5 - size, 0), stride), max(5 - size, 0)]:
        for left in [*range(0, max(7 - size, 0), stride), max(7 - size, 0)]:
            place = np.s_[top : top + size, left : left + size]
            fall = taken[:, *place].sum(axis=(1, 2), keepdims=True)
            sums[:, *place] += fall
            squares[place] += 1
    assert (sums < 0).any() and (sums > 0).any()
    np.testing.assert_allclose(found.maps, sums / squares, rtol=1e-4, atol=1e-5)


def test_everything_lies_around_the_patch_that_decides() -> None:
    weights = np.zeros((12, 12, 1, 2), np.float32)
    weights[5:7, 4:6, 0, 0] = 1
    image = np.ones((1, 12, 12, 1), np.float32)
    network = Network(networks.linear(weights))
    map_ = occlusion(network, image, np.array([0]), 3, 1, GREY).maps[0]
    # No further than the square reaches, and most where every square covers some of it.
    reach = np.zeros((12, 12), bool)
    reach[3:9, 2:8] = True
    assert (map_[reach] > 0).all() and not map_[~reach].any()
    assert (map_[5:7, 4:6] == map_.max()).all()
    # At the patch, the 9 squares cover 4, 2 or 1 of its pixels: (4 * 4 + 4 * 2 + 1) / 9 of 0.7.
    assert map_[5, 4] == pytest.approx(0.7 * 25 / 9, rel=1e-5)


def test_black_is_taken_away_too() -> None:
    """A black image on a network that likes light: covering it with grey raises the logit."""
    network = Network(networks.linear(np.ones((6, 6, 1, 1), np.float32)))
    black = np.zeros((1, 6, 6, 1), np.float32)
    maps = occlusion(network, black, np.array([0]), 4, 2, GREY).maps
    np.testing.assert_allclose(maps, np.full((1, 6, 6), -16 * 0.3), rtol=1e-5)


def test_one_image_is_explained_as_in_a_batch() -> None:
    weights = np.random.default_rng(2).normal(size=(3, 2))
    network = Network(networks.averaged(weights, channels=3))
    images, targets = networks.images(5, 6, 3), np.array([0, 1, 1, 0, 1])
    arguments = 3, 2, np.float32([0.4, 0.5, 0.6])
    together = occlusion(network, images, targets, *arguments).maps
    alone = [
        occlusion(network, images[i : i + 1], targets[i : i + 1], *arguments).maps[0]
        for i in range(5)
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


def test_two_targets_of_an_image_share_its_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2))))
    images = networks.images(2, 6, 1)
    counted = passes.count(monkeypatch, network)
    maps = occlusion(network, images[[0, 1, 0]], np.array([0, 0, 1]), 4, 2, GREY).maps
    assert sum(counted) == 2 * (4 + 1)  # four squares and none
    apart = occlusion(network, images[:1], np.array([1]), 4, 2, GREY).maps
    np.testing.assert_allclose(maps[2:], apart, rtol=1e-5, atol=1e-6)
