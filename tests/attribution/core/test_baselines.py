"""Images without information."""

import numpy as np

from heatproof.attribution.core.baselines import blurred, constant
from heatproof.attribution.core.method import Context
from tests.attribution import networks


def test_mean_colour() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 4, 3), np.uint8)
    colour = Context(images, seed=0).mean_colour
    assert colour.dtype == np.float32
    np.testing.assert_allclose(colour, (images / 255).mean(axis=(0, 1, 2)), rtol=1e-6)


def test_images_of_one_colour() -> None:
    images = networks.images(2, 4, 3)
    colour = np.array([0.1, 0.2, 0.3], np.float32)
    for given, expected in ((colour, colour), (0.5, 0.5)):
        plain = constant(images, given)
        assert plain.dtype == np.float32 and plain.shape == images.shape
        assert (plain == np.float32(expected)).all()


def test_a_blurred_image_keeps_its_mean_and_loses_its_detail() -> None:
    images = networks.images(2, 16, 3)
    soft = blurred(images, 0.25)
    assert soft.dtype == np.float32 and soft.shape == images.shape
    np.testing.assert_allclose(soft.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=5e-3)
    assert (soft.std(axis=(1, 2)) < 0.2 * images.std(axis=(1, 2))).all()


def test_the_width_is_a_share_of_the_side() -> None:
    """A point spreads to a Gaussian: its variance is the width's square, in each axis' pixels."""
    image = np.zeros((1, 41, 81, 1), np.float32)
    image[0, 20, 40] = 1
    spread = blurred(image, 0.1)[0, ..., 0]
    rows, columns = np.indices(spread.shape)
    np.testing.assert_allclose((spread * (rows - 20) ** 2).sum(), 4.1**2, rtol=0.02)
    np.testing.assert_allclose((spread * (columns - 40) ** 2).sum(), 8.1**2, rtol=0.02)


def test_images_and_channels_do_not_mix() -> None:
    images = np.zeros((2, 9, 9, 2), np.float32)
    images[0, ..., 1] = 0.5
    np.testing.assert_allclose(blurred(images, 0.3), images, atol=1e-7)
