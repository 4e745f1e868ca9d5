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
    rows = [axes.get_images()[0] for axes in drawn.axes]
    assert len(rows) == channels + 1
    for row in rows[:-1]:
        assert row.get_cmap().name == "RdBu_r"
        assert row.get_clim() == (-2.0, 2.0)  # one scale for all channels
    first, last = rows[0].get_array(), rows[channels - 1].get_array()
    # Two tiles of two pixels, a gap between, and a place where the third image is below.
    assert first.shape == (2, 8)
    assert first[0, 0] == 0.5
    assert last[1, 4] == -2.0
    assert first.mask[:, 2].all()
    assert first.mask[:, 5:].all()
    assert not first.data[first.mask].any()  # nothing left over from memory
    assert not first.mask[:, [0, 1, 3, 4]].any()
    red, blue = rows[0].to_rgba([2.0, -2.0])[:, :3]
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    np.testing.assert_allclose(rows[0].to_rgba(0.0)[:3], 0.97, atol=0.02)


@pytest.mark.parametrize("channels", [1, 3])
def test_preferred_images_in_their_order(channels: int) -> None:
    arrays = found(channels)
    axes = figure(arrays).axes[-1]
    joined = axes.get_images()[0].get_array()
    for number, image in enumerate(arrays["preferred/logits"]):
        tile = joined[:, 5 * number : 5 * number + 4]
        np.testing.assert_allclose(tile, image.squeeze(), atol=1e-6)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["one", "two", "$three"]
    axes.figure.canvas.draw()


def test_nothing_to_draw() -> None:
    assert figure({"class_names": np.array(["one"])}) is None
    zeros = {"class_names": np.array([]), "filters/conv": np.zeros((1, 2, 2, 1))}
    figure(zeros).canvas.draw()


def test_only_the_first_sixteen() -> None:
    arrays = found(1) | {"filters/conv": np.ones((40, 2, 2, 1), np.float32)}
    assert figure(arrays).axes[0].get_images()[0].get_array().shape == (2, 16 * 3 - 1)
