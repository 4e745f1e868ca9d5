"""Images shown with a part of them replaced."""

import numpy as np
import pytest

from heatproof.attribution.core import masking
from heatproof.attribution.core.network import Network
from tests.attribution import networks


@pytest.mark.parametrize("mask_bytes", [2**26, 3 * 4 * 36])
@pytest.mark.parametrize("fill_of", ["colour", "image"])
def test_every_image_under_every_mask(
    mask_bytes: int, fill_of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against masking one at a time; also where only three masks fit into memory."""
    monkeypatch.setattr(masking, "MASK_BYTES", mask_bytes)
    network = Network(networks.averaged(np.random.default_rng(0).normal(size=(3, 4)), channels=3))
    images, masks = networks.images(3, 6, 3), networks.images(7, 6, 1, seed=2)[..., 0]
    fill = np.float32([0.1, 0.5, 0.9]) if fill_of == "colour" else networks.images(3, 6, 3, seed=3)
    logits = masking.masked_logits(network, images, fill, lambda part: masks[part], 7)
    assert logits.shape == (3, 7, 4) and logits.dtype == np.float32
    fills = np.broadcast_to(fill, images.shape)
    for i in range(3):
        kept = masks[..., None]
        expected = network.logits(kept * images[i] + (1 - kept) * fills[i])
        np.testing.assert_allclose(logits[i], expected, rtol=1e-5, atol=1e-6)


def test_other_weights_are_read_at_the_next_call() -> None:
    network = Network(networks.averaged(np.ones((3, 2), np.float32)))
    images, masks = networks.images(1, 6, 1), np.ones((1, 6, 6), np.float32)

    def logits() -> np.ndarray:
        return masking.masked_logits(
            network, images, np.zeros(1, np.float32), lambda p: masks[p], 1
        )

    before = logits()
    network.load(networks.averaged(2 * np.ones((3, 2), np.float32)))
    np.testing.assert_allclose(logits(), 2 * before, rtol=1e-6)


def test_no_images() -> None:
    network = Network(networks.averaged(np.ones((3, 2), np.float32)))
    empty = np.zeros((0, 6, 6, 1), np.float32)
    masks = np.ones((5, 6, 6), np.float32)
    logits = masking.masked_logits(network, empty, np.zeros(1), lambda part: masks[part], 5)
    assert logits.shape == (0, 5, 2)
