"""Copies are found, whatever was done to them; images that are only alike are not."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from heatproof.datasets.quality.duplicates import copies
from heatproof.datasets.quality.fingerprints import fingerprints, mirrored, nearest
from heatproof.datasets.quality.thumbnails import overview
from tests.datasets.quality.pictures import COPIES, photographs


def found(*images: np.ndarray):
    seen = overview(*images)
    return copies(seen.digests, seen.thumbnails)


def groups(of_copies) -> list[list[int]]:
    return [
        np.flatnonzero(of_copies.group == g).tolist() for g in np.unique(of_copies.group) if g >= 0
    ]


def test_pieces_of_photographs_are_no_copies_of_each_other() -> None:
    nothing = found(photographs())
    assert not groups(nothing) and (nothing.exact == -1).all()


@pytest.mark.parametrize("change", COPIES, ids=lambda change: change.__name__)
def test_a_changed_copy_is_found(change) -> None:
    images = photographs()
    chosen = np.arange(0, len(images), 9)
    copied = np.stack([change(image) for image in images[chosen]])
    got = found(images, copied)
    expected = [[i, len(images) + n] for n, i in enumerate(chosen.tolist())]
    assert sorted(groups(got)) == expected
    assert (got.exact == -1).all()


def test_equal_pixels_are_an_exact_copy() -> None:
    images = photographs()
    got = found(images, images[[3, 5, 3]])
    n = len(images)
    assert sorted(groups(got)) == [[3, n, n + 2], [5, n + 1]]
    assert np.array_equal(got.exact >= 0, got.group >= 0)


def test_a_mirror_image_is_said_separately() -> None:
    images = photographs()
    got = found(images, images[[7]][:, :, ::-1])
    assert [7, len(images)] in got.mirrored.tolist() and not groups(got)


def test_any_number_of_frames_of_a_film_is_found() -> None:
    """There are more of them than the rank of an image that is only alike."""
    images = photographs()
    random = np.random.default_rng(0)
    noise = random.normal(0, 3, (40, *images.shape[1:]))
    frames = np.clip(images[2] + noise, 0, 255).astype(np.uint8)
    assert groups(found(images, frames)) == [[2, *range(len(images), len(images) + 40)]]


def test_handwritten_digits_are_alike_and_no_copies() -> None:
    digits = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    assert (found(digits).group >= 0).mean() < 0.01


def test_blank_images_resemble_nothing() -> None:
    images = np.random.default_rng(0).integers(79, 82, (30, 16, 16, 1)).astype(np.uint8)
    got = found(images)
    assert not groups(got) and (got.exact == -1).all()


@pytest.mark.parametrize("count", [1, 2])
def test_few_images(count: int) -> None:
    assert not groups(found(photographs()[:count]))


def test_the_most_similar_are_those_of_all_pairs() -> None:
    prints = fingerprints(np.random.default_rng(0).integers(0, 256, (700, 32, 32)).astype(np.uint8))
    got = nearest(prints)
    scores = prints @ prints.T
    np.fill_diagonal(scores, -2)
    order = np.argsort(-scores, axis=1)
    assert np.array_equal(got.similar, order[:, : got.similar.shape[1]])
    assert np.allclose(got.common, np.sort(scores, axis=1)[:, -10])


def test_the_mirrored_fingerprint_is_that_of_the_mirror_image() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32)).astype(np.uint8)
    assert np.allclose(
        mirrored(fingerprints(pictures)), fingerprints(pictures[:, :, ::-1]), atol=1e-5
    )
