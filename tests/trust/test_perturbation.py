"""Perturbed images: the right pixels go, in the right order, and few at a time."""

import threading
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from heatproof.trust import perturbation
from heatproof.trust.perturbation import (
    PerturbedImages,
    marks,
    path_marks,
    pixel_counts,
    pixel_order,
    predicted,
    replace,
    require_matching,
    tie_orders,
)


def in_random_order(maps: np.ndarray) -> np.ndarray:
    """Order the pixels of maps, ties in one random order."""
    pixels = maps.shape[1] * maps.shape[2]
    return pixel_order(maps, np.tile(np.random.default_rng(5).permutation(pixels), (len(maps), 1)))


def test_the_most_relevant_pixel_is_first_and_a_negative_one_last() -> None:
    maps = np.array([[[0.5, -9.0, 2.0], [0.0, 7.0, -1.0]], [[1, 2, 3], [4, 5, 6]]])
    assert in_random_order(maps).tolist() == [[4, 2, 0, 3, 5, 1], [5, 4, 3, 2, 1, 0]]


def test_each_image_has_a_random_order_of_its_own() -> None:
    images = np.random.default_rng(0).random((2, 10, 10, 1)).astype(np.float32)
    one, other = tie_orders(images, seed=3)
    assert sorted(one) == sorted(other) == list(range(100)) and one.tolist() != other.tolist()
    # Neither along the index nor against it: of 100 pixels in random order, about half rise.
    assert 30 < (np.diff(one) > 0).sum() < 70
    assert tie_orders(images[1:], seed=3).tolist() == [other.tolist()]
    assert tie_orders(images[1:], seed=4).tolist() != [other.tolist()]
    assert tie_orders(images[:0], seed=3).shape == (0, 100)


def test_ties_among_others_come_in_the_order_given() -> None:
    maps = np.zeros((2, 10, 10))
    maps[1, 0, :5], maps[1, 9, 5:] = 1, -1
    flat, found = in_random_order(maps)
    expected = [*flat[flat < 5], *flat[(flat >= 5) & (flat < 95)], *flat[flat >= 95]]
    assert found.tolist() == expected


def test_only_the_order_of_the_values_counts() -> None:
    map_ = np.random.default_rng(0).normal(size=(6, 5)).round(1)  # with ties
    maps = np.stack([map_, map_**3 * 5, np.exp(map_), -map_])
    order, *same, other = in_random_order(maps).tolist()
    assert same == [order, order]
    assert other != order


def test_nan_has_no_place_in_an_order() -> None:
    with pytest.raises(ValueError, match="NaN"):
        pixel_order(np.array([[[0.0, np.nan]]]), np.array([[0, 1]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_order_is_that_of_a_stable_sort(dtype: type) -> None:
    maps = np.random.default_rng(0).normal(size=(4, 9, 7)).round(1)  # with ties
    maps[1] *= 1e-40  # subnormal in float32
    maps[2, :, :3], maps[2, :, 3:5] = 0.0, -0.0  # equal values, though not in their bits
    maps[3, 0], maps[3, 1], maps[3, 2] = np.inf, -np.inf, 3e38
    maps = maps.astype(dtype)
    shuffled = np.random.default_rng(5).permutation(63)
    for found, values in zip(in_random_order(maps), maps.reshape(4, 63), strict=True):
        assert found.tolist() == sorted(shuffled, key=lambda pixel: -values[pixel])


def test_counts_run_from_none_to_all() -> None:
    assert pixel_counts(10, 4).tolist() == [0, 2, 5, 8, 10]
    assert pixel_counts(3, 99).tolist() == [0, 1, 2, 3]  # no more steps than pixels
    assert pixel_counts(784, 1).tolist() == [0, 784]
    with pytest.raises(ValueError, match="not 0"):
        pixel_counts(10, 0)


def test_a_path_goes_from_the_image_to_the_baseline() -> None:
    image = np.arange(8, dtype=np.float32).reshape(2, 2, 2)  # pixel 2 is (4, 5) in its channels
    baseline = image + 10
    marked = path_marks(np.array([2, 0, 3, 1]), np.array([0, 1, 3, 4]), channels=2)
    images = np.full((4, 2, 2, 2), np.nan, np.float32)
    replace(image, baseline, marked, images)
    assert images.reshape(4, 8).tolist() == [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [0, 1, 2, 3, 14, 15, 6, 7],
        [10, 11, 2, 3, 14, 15, 16, 17],
        [10, 11, 12, 13, 14, 15, 16, 17],
    ]
    assert image.max() == 7 and baseline.min() == 10


def test_no_counts_give_no_images() -> None:
    image = np.zeros((3, 2, 1), np.float32)
    marked = path_marks(np.arange(6), np.zeros(0, np.int64), channels=1)
    assert marked.shape == (0, 6)
    replace(image, image, marked, np.zeros((0, 3, 2, 1), np.float32))


def test_chosen_pixels_are_replaced_to_the_bit() -> None:
    random = np.random.default_rng(0)
    image, baseline = random.normal(size=(2, 5, 4, 3)).astype(np.float32)
    baseline[0, 0] = -0.0, np.inf, 1e-40  # signed zero, infinity, subnormal
    chosen = random.random((7, 5, 4)) < 0.5
    images = np.full((7, 5, 4, 3), np.nan, np.float32)
    replace(image, baseline, marks(chosen, channels=3), images)
    expected = np.where(chosen[..., None], baseline, image)
    np.testing.assert_array_equal(images.view(np.int32), expected.view(np.int32))


def test_several_baselines_at_once_are_as_one_after_the_other() -> None:
    random = np.random.default_rng(0)
    image = random.normal(size=(5, 4, 3)).astype(np.float32)
    baselines = random.normal(size=(2, 5, 4, 3)).astype(np.float32)
    chosen = random.random((7, 5, 4)) < 0.5
    # As `faithfulness` has them: both kinds of images of a baseline beside each other.
    made = np.full((2, 2, 7, 5, 4, 3), np.nan, np.float32)
    replace(image, baselines, marks(chosen, channels=3), made[:, 0])
    replace(image, baselines, ~marks(chosen, channels=3), made[:, 1])
    for baseline, (chosen_ones, others) in zip(baselines, made, strict=True):
        np.testing.assert_array_equal(chosen_ones, np.where(chosen[..., None], baseline, image))
        np.testing.assert_array_equal(others, np.where(chosen[..., None], image, baseline))


SHAPE = (4, 4, 1)  # 64 bytes an image


def blocks_of(lengths: list[int], made: list[int]) -> Iterator[PerturbedImages]:
    def write(i: int, into: np.ndarray) -> None:
        made.append(i)
        into[:] = i

    for i, length in enumerate(lengths):
        yield PerturbedImages(length, partial(write, i))


def test_blocks_are_joined_to_bounded_batches_and_made_when_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(perturbation, "CHUNK_BYTES", 5 * 64)
    sizes, made, seen = [], [], []

    def predict(images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        seen.append(len(made))
        return images.mean(axis=(1, 2)) * [1, 10]

    lengths = [2, 3, 1, 0, 7, 4]
    logits = list(predicted(predict, SHAPE, blocks_of(lengths, made)))
    # A block is never cut, and there are two for two threads: more than the bound, where they are.
    assert sizes == [5, 1, 11]
    assert seen == [2, 4, 6]  # what is passed, and no more (a block of nothing counts too)
    assert [each.tolist() for each in logits] == [[[i, 10 * i]] * n for i, n in enumerate(lengths)]


def test_two_blocks_are_written_at_once() -> None:
    both = threading.Barrier(2, timeout=200)

    def write(i: int, into: np.ndarray) -> None:
        both.wait()
        into[:] = i

    blocks = [PerturbedImages(1, partial(write, i)) for i in range(4)]
    found = predicted(lambda images: images.mean(axis=(1, 2)), SHAPE, blocks)
    assert [each.item() for each in found] == [0, 1, 2, 3]


def test_a_block_that_takes_long_holds_up_no_other() -> None:
    written, others = [], threading.Event()

    def write(i: int, into: np.ndarray) -> None:
        if i == 0:
            assert others.wait(timeout=200)
        into[:] = i
        written.append(i)
        if len(written) == 5:
            others.set()

    blocks = [PerturbedImages(1, partial(write, i)) for i in range(6)]
    found = predicted(lambda images: images.mean(axis=(1, 2)), SHAPE, blocks)
    assert [each.item() for each in found] == [0, 1, 2, 3, 4, 5]
    assert written[-1] == 0


@pytest.mark.parametrize("broken", [0, 1])
def test_what_a_block_raises_is_raised(broken: int) -> None:
    def write(i: int, into: np.ndarray) -> None:
        into[:] = 1 // (i - broken)

    blocks = [PerturbedImages(1, partial(write, i)) for i in range(2)]
    with pytest.raises(ZeroDivisionError):
        list(predicted(lambda images: images, SHAPE, blocks))


def test_what_the_network_raises_is_raised() -> None:
    def predict(images: np.ndarray) -> np.ndarray:
        raise FloatingPointError("not finite")

    with pytest.raises(FloatingPointError, match="not finite"):
        list(predicted(predict, SHAPE, blocks_of([1, 2], [])))


def test_nothing_is_predicted_of_nothing() -> None:
    assert list(predicted(lambda images: images / 0, SHAPE, [])) == []


@pytest.mark.parametrize("wrong", ["targets", "maps of b", "baseline black"])
def test_arrays_that_do_not_belong_together_are_refused(wrong: str) -> None:
    images = np.zeros((2, 3, 4, 1))
    targets = np.zeros(1 if wrong == "targets" else 2)
    maps = {"a": np.zeros((2, 3, 4)), "b": np.zeros((1 if wrong == "maps of b" else 2, 3, 4))}
    baseline = {"black": np.zeros((1 if wrong == "baseline black" else 2, 3, 4, 1))}
    with pytest.raises(ValueError, match=wrong):
        require_matching(images, maps, baseline, targets)
