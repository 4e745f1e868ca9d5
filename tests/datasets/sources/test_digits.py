"""The bundled digits: the real data, and their enlargement by hand."""

import hashlib

import numpy as np
import pytest
from pydantic import ValidationError

from heatproof.datasets.sources import digits

READS = "data/code/fetch.txt"
SHA256 = "54a6ec0531e4a61a9095f60c4f3290a49259a9593a569b0592c15ecf8b698811"  # images, labels


def test_at_their_own_size_they_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    made = digits.fetch(digits.Options(source="digits", size=8, reads=READS))
    assert made.images.shape == (1797, 8, 8, 1)
    assert made.images.dtype == np.uint8
    assert made.labels.dtype == np.int64
    # 16 grey levels above black are 255 steps: level 8 is 127.5, which rint takes to the even 128.
    levels = load_digits().images.astype(int)
    table = np.array([0, 16, 32, 48, 64, 80, 96, 112, 128, 143, 159, 175, 191, 207, 223, 239, 255])
    np.testing.assert_array_equal(made.images[..., 0], table[levels])
    assert np.bincount(made.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert made.class_names == tuple("0123456789")
    assert made.test_images.shape == (0, 8, 8, 1)
    assert made.test_labels.shape == (0,)


def test_twice_the_size_by_hand() -> None:
    # Pixel centres aligned: the new centres of [0, 4] lie at -0.25, 0.25, 0.75, 1.25 of the old.
    row = np.array([0.0, 0.25, 0.75, 1.0])
    image = np.array([[0.0, 1.0], [0.0, 1.0]])
    np.testing.assert_allclose(digits.enlarged(image[np.newaxis], 4)[0], np.tile(row, (4, 1)))
    np.testing.assert_allclose(digits.enlarged(image.T[np.newaxis], 4)[0], np.tile(row, (4, 1)).T)


@pytest.mark.parametrize("size", [8, 11, 16, 64])
def test_a_flat_image_stays_flat_and_values_stay_in_range(size: int) -> None:
    random = np.random.default_rng(0)
    images = np.stack([np.full((8, 8), 0.7), random.random((8, 8)), np.eye(8)])
    large = digits.enlarged(images, size)
    np.testing.assert_allclose(large[0], 0.7)
    assert large.shape == (3, size, size)
    assert large.min() >= -1e-12
    assert large.max() <= 1 + 1e-12


def test_the_enlargement_is_pillows_bilinear() -> None:
    from PIL import Image

    image = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    expected = Image.fromarray(image).resize((16, 16), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(digits.enlarged(image[np.newaxis], 16)[0], expected, atol=1e-6)


def test_the_bytes_are_the_same_everywhere() -> None:
    # The embedded default is what a reader compares with; its images must not move by one level.
    made = digits.fetch(digits.Options(source="digits", size=16, reads=READS))
    content = hashlib.sha256(made.images.tobytes() + made.labels.tobytes()).hexdigest()
    assert content == SHA256


@pytest.mark.parametrize("size", [7, 65, 16.0])
def test_a_size_out_of_range_is_refused(size: float) -> None:
    with pytest.raises(ValidationError):
        digits.Options(source="digits", size=size, reads=READS)
