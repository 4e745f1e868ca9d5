"""Corruptions whose results are known; where their parameters come from is in the module."""

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2hsv

from heatproof.domains.corruptions import CORRUPTIONS, corrupted

GREY = np.full((1, 28, 28, 1), 128, np.uint8)
ONE = np.arange(1)


def photographs(count: int, side: int, channels: int = 3) -> np.ndarray:
    """Smooth random images, uint8 (count, side, side, channels)."""
    small = np.random.default_rng(0).integers(0, 256, (count, 4, 4, channels), dtype=np.uint8)
    return small.repeat(side // 4, axis=1).repeat(side // 4, axis=2)


def point(side: int) -> np.ndarray:
    """White in the middle of black."""
    image = np.zeros((1, side, side, 1), np.uint8)
    image[0, side // 2, side // 2] = 255
    return image


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_copy_depends_on_its_image_its_number_and_the_seed_alone(name, channels):
    images = photographs(6, 28, channels)
    index = np.arange(6)
    assert np.array_equal(corrupted(images, index, name, 0, seed=1), images)
    whole = corrupted(images, index, name, 4, seed=1)
    assert whole.dtype == np.uint8 and whole.shape == images.shape
    parts = [corrupted(images[i : i + 1], index[i : i + 1], name, 4, seed=1) for i in (5, 0, 3)]
    assert np.array_equal(np.concatenate(parts), whole[[5, 0, 3]])
    assert not np.array_equal(whole, images)
    drawn = name in ("gaussian_noise", "shot_noise", "impulse_noise", "motion_blur")
    assert np.array_equal(corrupted(images, index, name, 4, seed=2), whole) != drawn
    assert np.array_equal(corrupted(images, index + 9, name, 4, seed=1), whole) != drawn


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("side", [28, 64])
def test_what_is_more_severe_changes_an_image_more(name, side):
    images = photographs(8, side)
    apart = [
        np.abs(
            corrupted(images, np.arange(8), name, severity, seed=1) - images.astype(float)
        ).mean()
        for severity in range(1, 6)
    ]
    assert all(next_ >= one * 0.9 for one, next_ in pairwise(apart)), apart
    assert apart[4] > 1.3 * apart[0]


def test_a_severity_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="severity 6: expected 0 to 5"):
        corrupted(GREY, ONE, "jpeg", 6, seed=1)


@pytest.mark.parametrize(("side", "deviation"), [(28, 0.06), (64, 0.12)])
def test_gaussian_noise_has_the_published_deviation(side, deviation):
    image = np.full((1, side, side, 3), 128, np.uint8)
    noisy = corrupted(image, ONE, "gaussian_noise", 2, seed=1) / 255
    assert noisy.std() == pytest.approx(deviation, rel=0.05)
    assert noisy.mean() == pytest.approx(128 / 255, abs=0.01)


def test_shot_noise_has_the_variance_of_counted_photons():
    image = np.full((1, 40, 40, 3), 64, np.uint8)
    noisy = corrupted(image, ONE, "shot_noise", 3, seed=1) / 255
    assert noisy.var() == pytest.approx(64 / 255 / 100, rel=0.1)
    black = np.zeros_like(image)
    assert not corrupted(black, ONE, "shot_noise", 5, seed=1).any()


def test_impulse_noise_replaces_its_share_by_black_and_white_alike():
    image = np.full((1, 40, 40, 3), 100, np.uint8)
    noisy = corrupted(image, ONE, "impulse_noise", 5, seed=1)
    changed = noisy[noisy != 100]
    assert set(np.unique(changed)) == {0, 255}
    assert changed.size / noisy.size == pytest.approx(0.07, abs=0.01)
    assert (changed == 0).mean() == pytest.approx(0.5, abs=0.1)


def test_brightness_is_added_to_the_value_in_hsv():
    image = np.random.default_rng(0).integers(20, 150, (1, 8, 8, 3), dtype=np.uint8)
    brighter = corrupted(image, ONE, "brightness", 4, seed=1)
    before, after = rgb2hsv(image[0]), rgb2hsv(brighter[0])
    np.testing.assert_allclose(after[..., 2], before[..., 2] + 0.2, atol=0.003)
    np.testing.assert_allclose(after[..., 1], before[..., 1], atol=0.02)
    assert (corrupted(GREY, ONE, "brightness", 4, seed=1) == 128 + 51).all()


def test_contrast_keeps_a_share_of_the_distance_to_the_mean():
    image = np.zeros((1, 8, 8, 1), np.uint8)
    image[:, :4] = 200
    flat = corrupted(image, ONE, "contrast", 2, seed=1)
    assert (flat[0, :4] == 150).all() and (flat[0, 4:] == 50).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_pillows_at_the_published_quality(channels):
    image = photographs(1, 32, channels)
    file = io.BytesIO()
    pixels = image[0, ..., 0] if channels == 1 else image[0]
    Image.fromarray(pixels).save(file, "JPEG", quality=58)
    expected = np.asarray(Image.open(file)).reshape(image.shape)
    assert np.array_equal(corrupted(image, ONE, "jpeg", 3, seed=1), expected)


def test_defocus_spreads_a_point_over_a_disk():
    # Radius 1.5 of CIFAR-10-C: 9 pixels; smoothed with a deviation of 0.1, which moves nothing.
    blurred = corrupted(point(33), ONE, "defocus_blur", 5, seed=1)[0, ..., 0]
    assert np.count_nonzero(blurred) == 9 and (blurred[15:18, 15:18] == round(255 / 9)).all()
    # Radius 3 of ImageNet-C for 224 pixels: 29 pixels; half of that at 112 pixels: 9.
    for side, pixels in ((224, 29), (112, 9)):
        blurred = corrupted(point(side), ONE, "defocus_blur", 1, seed=1)
        assert np.count_nonzero(blurred) == pixels
    flat = np.full((1, 28, 28, 3), 77, np.uint8)
    assert (corrupted(flat, ONE, "defocus_blur", 5, seed=1) == 77).all(), "also at the edge"


def test_motion_smears_a_point_to_one_side_along_a_line():
    smeared = corrupted(point(33), ONE, "motion_blur", 1, seed=1)[0, ..., 0].astype(float)
    rows, columns = np.nonzero(smeared)
    assert columns.min() == 16 and smeared[16, 16] == smeared.max()
    # The weights exp(-k²/2) of a deviation of 1, of which those of more than 3 round to nothing.
    weights = np.exp(-(np.arange(13) ** 2) / 2)
    np.testing.assert_allclose(
        np.sort(smeared[rows, columns])[::-1][:3], 255 * weights[:3] / weights.sum(), atol=0.51
    )
    assert np.abs(rows - 16).max() <= columns.max() - 16, "at most 45 degrees"
    flat = np.full((1, 28, 28, 3), 77, np.uint8)
    assert (corrupted(flat, ONE, "motion_blur", 5, seed=1) == 77).all(), "also at the edge"
