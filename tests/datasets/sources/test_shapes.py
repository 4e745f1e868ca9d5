"""Pictures whose truth is known: what says the class is where the mask says."""

import numpy as np
import pytest

from heatproof.datasets.sources import shapes
from heatproof.storage.images import Images

OPTIONS = shapes.Options(
    source="shapes", size=48, train_per_class=3, test_per_class=20, seed=7,
    reads="data/code/fetch.txt",
)  # fmt: skip


def test_the_shape_and_nothing_else_is_bright() -> None:
    raw = shapes.fetch(OPTIONS)
    assert raw.images.shape == (12, 48, 48, 3) and raw.test_images.shape == (80, 48, 48, 3)
    assert np.bincount(raw.test_labels).tolist() == [20] * 4
    images, inside = np.asarray(raw.test_images), np.asarray(raw.test_masks, bool)
    assert images[inside].min() >= 170 and images[~inside].max() < 140
    again = shapes.fetch(OPTIONS)
    assert np.array_equal(again.images, raw.images)
    other = shapes.fetch(OPTIONS.model_copy(update={"seed": 8}))
    assert not np.array_equal(other.images, raw.images)


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        ("circle", np.pi),
        ("square", 2.0),
        # Two bars of 2 by 1/2, which share a square of 1/2 by 1/2.
        ("cross", 2 * 2 * 0.5 - 0.25),
        ("triangle", 3 * np.sqrt(3) / 4),
    ],
)
def test_the_areas_are_those_of_the_figures(shape: str, area: float) -> None:
    radius = 90.0
    mask = shapes._inside(shape, 256, np.array([128.0, 120.0]), radius)
    assert mask.sum() == pytest.approx(area * radius**2, rel=0.02)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    middle = np.array([128.0, 120.0])
    assert rows[0] >= middle[0] - radius - 1 and rows[-1] <= middle[0] + radius
    assert columns[0] + columns[-1] + 1 == pytest.approx(2 * middle[1], abs=1), "it is upright"


def test_place_and_colour_say_nothing_of_the_class() -> None:
    raw = shapes.fetch(OPTIONS.model_copy(update={"test_per_class": 300}))
    rows, columns = np.indices(raw.test_masks.shape[1:])
    for label in range(4):
        mine = raw.test_masks[raw.test_labels == label]
        middle = [(mine * each).sum() / mine.sum() for each in (rows, columns)]
        assert middle == [pytest.approx(23.5, abs=1.5)] * 2


def test_a_tied_ground_has_its_classs_tint_and_the_shape_keeps_its_colours() -> None:
    raw = shapes.fetch(OPTIONS.model_copy(update={"tied": 1.0, "test_tied": 0.5}))
    plain = shapes.fetch(OPTIONS)
    assert plain.test_masks is not None and raw.test_masks is not None

    def tints(images: Images, masks: Images) -> np.ndarray:
        """Return which tint is nearest to each ground's mean colour."""
        grounds = zip(images, masks[:] == 0, strict=True)
        means = np.array([image[ground].mean(axis=0) for image, ground in grounds])
        shares = means / means.sum(axis=1, keepdims=True)
        known = np.array(shapes._TINTS) / np.sum(shapes._TINTS, axis=1, keepdims=True)
        return np.abs(shares[:, None] - known[None]).sum(axis=-1).argmin(axis=1)

    own = tints(raw.test_images, raw.test_masks) == raw.test_labels
    # Half are tied, and of the others a quarter by chance: 5/8 of 80.
    assert own.mean() == pytest.approx(0.625, abs=0.12)
    every = shapes.fetch(OPTIONS.model_copy(update={"test_tied": 1.0}))
    assert (tints(every.test_images, every.test_masks) == every.test_labels).all()
    assert np.array_equal(every.images, plain.images), "training pictures have no tint"
    inside = every.test_masks[:].astype(bool)
    pixels = every.test_images[:]
    assert pixels[inside].min() >= 170 > pixels[~inside].max()
    assert every.annotations == ("masks",) and not plain.annotations, "the ground decides too"
