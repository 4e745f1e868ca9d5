"""The tracker's picture: right colours at the right places."""

import numpy as np
import pytest

from heatproof.features.feature_figure import figure


def found(channels: int) -> dict[str, np.ndarray]:
    """Return two filters of 2x2 and three preferred images of 4x4."""
    kernels = np.zeros((2, 2, 2, channels), np.float32)
    kernels[0, 0, 0, 0], kernels[1, 1, 1, channels - 1] = 0.5, -2.0
    return {
        "class_names": np.array(["one", "two", "$three"]),
        "filters/conv": kernels,
        "preferred/logits": np.random.default_rng(0).random((3, 4, 4, channels)),
    }


@pytest.mark.parametrize("channels", [1, 3])
def test_filters_are_red_and_blue_about_zero(channels: int) -> None:
    drawn = figure(found(channels))
    rows = [axes.get_images()[0].get_array() for axes in drawn.axes]
    assert len(rows) == channels + 1
    first, last = rows[0], rows[channels - 1]
    # Two tiles of two pixels, a gap between, and a place where the third image is below.
    assert first.shape == (2, 8, 3)
    assert first[0, 0, 0] > first[0, 0, 2] and last[1, 4, 2] > last[1, 4, 0]
    assert last[1, 4].min() < 0.1 and first[0, 0].min() > 0.3  # one scale for all channels
    assert (first[:, [2, 5, 6, 7]] == 1).all()
    np.testing.assert_allclose(first[1, :2], 0.97, atol=0.02)


@pytest.mark.parametrize("channels", [1, 3])
def test_preferred_images_in_their_order(channels: int) -> None:
    arrays = found(channels)
    axes = figure(arrays).axes[-1]
    joined = axes.get_images()[0].get_array()
    for number, image in enumerate(arrays["preferred/logits"]):
        tile = joined[:, 5 * number : 5 * number + 4]
        np.testing.assert_allclose(tile, np.broadcast_to(image, (4, 4, 3)), atol=1e-6)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["one", "two", "$three"]
    axes.figure.canvas.draw()


def test_nothing_to_draw() -> None:
    assert figure({"class_names": np.array(["one"])}) is None
    zeros = {"class_names": np.array([]), "filters/conv": np.zeros((1, 2, 2, 1))}
    figure(zeros).canvas.draw()


def test_only_the_first_sixteen() -> None:
    arrays = found(1) | {"filters/conv": np.ones((40, 2, 2, 1), np.float32)}
    assert figure(arrays).axes[0].get_images()[0].get_array().shape == (2, 16 * 3 - 1, 3)
