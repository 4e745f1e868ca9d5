"""Planted patterns: they alone decide the class, and the masks say where they are."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from heatproof.datasets import official_files
from heatproof.datasets.sources import planted
from heatproof.run.errors import UserError
from heatproof.storage.records import RawDataset
from tests.datasets import stand_ins

MIRROR = official_files.mirror()
READS = "data/code/fetch.txt"


def options(**changed: object) -> planted.Options:
    settings = {"base": "fashion_mnist", "squares": 3, "square_pixels": 2, "contrast": 0.6}
    settings |= {"seed": 7, "reads": READS}
    return planted.Options(source="planted", **{**settings, **changed})


def base(train: int = 200, test: int = 100, channels: int = 1) -> RawDataset:
    """Return random images without pixels of the patterns' brightnesses."""
    random = np.random.default_rng(0)
    parts = []
    for count in (train, test):
        parts.append(random.integers(0, 50, (count, 12, 14, channels)).astype(np.uint8))
        parts.append(np.sort(random.integers(0, 10, count)))
    return RawDataset(*parts, official_files.FASHION_NAMES)


def patch_of(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return image[mask.astype(bool)].reshape(6, 6, -1)


def test_the_pattern_is_where_the_mask_is_and_alone_decides_the_class() -> None:
    made = planted.planted(base(), options())
    seen = {}
    for image, mask, label in zip(made.test_images, made.test_masks, made.test_labels, strict=True):
        seen.setdefault(int(label), set()).add(patch_of(image, mask).tobytes())
    assert sorted(seen) == list(range(10))
    assert all(len(patterns) == 1 for patterns in seen.values())
    assert len(set.union(*seen.values())) == 10


def test_brightnesses_by_hand() -> None:
    made = planted.planted(base(), options(contrast=0.6))
    inside = made.test_images[made.test_masks.astype(bool)]
    assert np.unique(inside).tolist() == [51, 204]  # 255 × (0.5 ± 0.3), of which none is black
    assert np.unique(planted.planted(base(), options(contrast=0.9)).images[..., 0])[-1] == 242


def test_training_images_have_the_same_patterns() -> None:
    made = planted.planted(base(), options())
    test_patch = {
        int(label): patch_of(image, mask)[..., 0]
        for image, mask, label in zip(
            made.test_images, made.test_masks, made.test_labels, strict=True
        )
    }
    for image, label in zip(made.images, made.labels, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(image[..., 0], (6, 6))
        assert (windows == test_patch[int(label)]).all(axis=(2, 3)).sum() == 1


def test_outside_the_mask_the_image_is_the_bases() -> None:
    before = base()
    images = before.test_images.copy()
    made = planted.planted(before, options())
    np.testing.assert_array_equal(before.test_images, images)
    left = 0
    for image, mask in zip(made.test_images, made.test_masks, strict=True):
        same = ((image == images) | mask[..., None].astype(bool)).all(axis=(1, 2, 3))
        left += same.any()
    assert left == len(images)
    assert made.test_masks.shape == images.shape[:3]
    assert made.test_masks.dtype == np.uint8


def test_labels_are_shuffled_and_every_class_keeps_its_size() -> None:
    before = base(train=3000)
    made = planted.planted(before, options())
    for part in ("labels", "test_labels"):
        counts = [np.bincount(getattr(each, part), minlength=10) for each in (before, made)]
        np.testing.assert_array_equal(*counts)
        assert getattr(made, part).dtype == np.int64
    # In canonical order the base's labels ascend; those of the same images now do not.
    agree = (np.sort(before.labels) == made.labels).mean()
    assert agree == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 3000))


def test_places_reach_every_pixel_and_are_as_likely() -> None:
    images = np.zeros((6000, 8, 7, 1), dtype=np.uint8)
    patches = np.ones((6000, 5, 5), dtype=np.uint8)
    made, masks = planted.plant(images, patches, np.random.default_rng(0))
    np.testing.assert_array_equal(made[..., 0], masks)
    assert not images.any()  # they stay as they are
    assert (masks.sum(axis=(1, 2)) == 25).all()
    corners = np.stack([masks.any(axis=2).argmax(axis=1), masks.any(axis=1).argmax(axis=1)])
    places, counts = np.unique(corners, axis=1, return_counts=True)
    assert places.T.tolist() == [[row, column] for row in range(4) for column in range(3)]
    assert counts == pytest.approx(np.full(12, 500), abs=4 * np.sqrt(500))


def test_colour_images_get_a_grey_pattern() -> None:
    made = planted.planted(base(channels=3), options())
    patch = patch_of(made.test_images[0], made.test_masks[0])
    assert patch.shape == (6, 6, 3)
    assert (patch == patch[..., :1]).all()


@pytest.mark.parametrize("seed", range(20))
def test_patterns_are_far_from_each_other_and_as_bright(seed: int) -> None:
    patterns = planted.distinct_patterns(10, 5, [seed])
    assert patterns.shape == (10, 5, 5)
    assert patterns.dtype == bool
    assert (patterns.sum(axis=(1, 2)) == 12).all()
    assert min((a != b).sum() for a, b in combinations(patterns, 2)) >= 8


def test_a_patterns_squares_have_the_pixels_asked_for() -> None:
    made = planted.planted(base(), options(squares=4, square_pixels=3))
    patch = made.test_images[0][made.test_masks[0].astype(bool)].reshape(4, 3, 4, 3)
    assert (patch == patch[:, :1, :, :1]).all()
    assert np.unique(patch).tolist() == [51, 204]


@pytest.mark.parametrize("side", [3, 4, 6, 12])
def test_patterns_of_other_sizes_differ_too(side: int) -> None:
    patterns = planted.distinct_patterns(10, side, [7])
    assert min((a != b).sum() for a, b in combinations(patterns, 2)) >= side * side // 3


def test_the_order_of_the_base_leaves_no_trace_and_the_seed_decides() -> None:
    before = base()
    order, test_order = (
        np.random.default_rng(1).permutation(len(part))
        for part in (before.labels, before.test_labels)
    )
    mixed = RawDataset(
        before.images[order],
        before.labels[order],
        before.test_images[test_order],
        before.test_labels[test_order],
        before.class_names,
    )
    made, same = (planted.planted(each, options()) for each in (before, mixed))
    other = planted.planted(before, options(seed=8))
    for part in ("images", "labels", "test_images", "test_labels", "test_masks"):
        np.testing.assert_array_equal(getattr(made, part), getattr(same, part))
        assert not np.array_equal(getattr(made, part), getattr(other, part)), part


def test_the_training_part_does_not_depend_on_the_test_part() -> None:
    short = planted.planted(base(test=20), options())
    np.testing.assert_array_equal(short.images, planted.planted(base(), options()).images)


def test_from_the_official_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(official_files.MIRROR, str(tmp_path))
    stand_ins.write_idx(tmp_path / "mnist", "mnist", monkeypatch)
    made = planted.fetch(options(base="mnist"))
    assert made.images.shape == (stand_ins.TRAIN, 28, 28, 1)
    assert made.test_masks.shape == (stand_ins.TEST, 28, 28)
    assert made.class_names == tuple(f"patch {letter}" for letter in "ABCDEFGHIJ")
    with pytest.raises(UserError, match="there is no folder fashion_mnist"):
        planted.fetch(options())


@pytest.mark.parametrize(
    "changed",
    [
        {"squares": 2},
        {"squares": 13},
        {"square_pixels": 0},
        {"contrast": 0.0},
        {"contrast": 1.0},
        {"base": "digits"},
    ],
)
def test_a_value_out_of_range_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        options(**changed)


@pytest.mark.skipif(MIRROR is None, reason="DATASETS_MIRROR is not set")
@pytest.mark.slow
def test_the_real_fashion_mnist() -> None:
    made = planted.fetch(options())
    assert made.images.shape == (60_000, 28, 28, 1)
    assert np.bincount(made.labels).tolist() == [6000] * 10
    assert np.bincount(made.test_labels).tolist() == [1000] * 10
    assert (made.test_masks.sum(axis=(1, 2)) == 36).all()
    inside = made.test_images[made.test_masks.astype(bool)]
    assert np.unique(inside).tolist() == [51, 204]
    # The nearest mean of what is left of the garments is no better than chance.
    rest = np.where(made.test_masks[..., None], 0, made.test_images).reshape(10_000, -1) / 255.0
    labels = made.test_labels
    means = np.stack([rest[:5000][labels[:5000] == label].mean(axis=0) for label in range(10)])
    distances = (means**2).sum(axis=1) - 2 * rest[5000:] @ means.T
    accuracy = (distances.argmin(axis=1) == labels[5000:]).mean()
    assert accuracy == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 5000))
