"""Views of an image: which there are, and how each counts."""

import numpy as np
import pytest

from heatproof.evaluation import views
from heatproof.evaluation.inference import Forward


def pixels(batch: np.ndarray) -> np.ndarray:
    """Stand for a network whose logits are an image's pixels."""
    return batch.reshape(len(batch), -1)


@pytest.mark.parametrize("mirrored", [True, False])
def test_the_image_counts_half_and_its_two_moved_copies_the_rest(mirrored: bool) -> None:
    image = np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1)
    up_left = np.array([[4, 5, 4], [7, 8, 7], [4, 5, 4]])
    down_right = np.array([[4, 3, 4], [1, 0, 1], [4, 3, 4]])
    expected = image[0, :, :, 0] / 2 + up_left / 4 + down_right / 4
    if mirrored:
        turned = image[0, :, ::-1, 0]
        up, down = [[4, 3, 4], [7, 6, 7], [4, 3, 4]], [[4, 5, 4], [1, 2, 1], [4, 5, 4]]
        other = turned / 2 + np.array(up) / 4 + np.array(down) / 4
        expected = (expected + other) / 2
    found = views.logits(Forward(pixels, 1), image, mirrored)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0] * 255, expected.ravel(), rtol=1e-5)


def test_many_images_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "AT_ONCE", 3)
    images = np.arange(7, dtype=np.uint8).repeat(4).reshape(7, 2, 2, 1)
    found = views.logits(Forward(pixels, 2), images, mirrored=True)
    np.testing.assert_allclose(found * 255, np.arange(7)[:, None].repeat(4, axis=1), rtol=1e-5)
