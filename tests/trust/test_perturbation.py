"""Perturbed images: the right pixels go, in the right order, and few at a time."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from stages.trust import perturbation
from stages.trust.perturbation import (
    path,
    pixel_counts,
    pixel_order,
    predicted,
    require_matching,
)


def test_the_most_relevant_pixel_is_first_and_a_negative_one_last() -> None:
    map_ = np.array([[0.5, -9.0, 2.0], [0.0, 7.0, -1.0]])
    assert pixel_order(map_, seed=0).tolist() == [4, 2, 0, 3, 5, 1]


def test_equal_values_come_in_one_random_order() -> None:
    flat = pixel_order(np.zeros((10, 10)), seed=3)
    assert sorted(flat) == list(range(100))
    # Neither along the index nor against it: of 100 pixels in random order, about half rise.
    assert 30 < (np.diff(flat) > 0).sum() < 70
    assert pixel_order(np.full((10, 10), 7.0), seed=3).tolist() == flat.tolist()
    assert pixel_order(np.zeros((10, 10)), seed=4).tolist() != flat.tolist()


def test_ties_among_others_keep_that_order() -> None:
    map_ = np.zeros((10, 10))
    map_[0, :5], map_[9, 5:] = 1, -1
    flat = pixel_order(np.zeros((10, 10)), seed=3)
    expected = [*flat[flat < 5], *flat[(flat >= 5) & (flat < 95)], *flat[flat >= 95]]
    assert pixel_order(map_, seed=3).tolist() == expected


def test_only_the_order_of_the_values_counts() -> None:
    map_ = np.random.default_rng(0).normal(size=(6, 5)).round(1)  # with ties
    order = pixel_order(map_, seed=0).tolist()
    assert pixel_order(map_**3 * 5, seed=0).tolist() == order
    assert pixel_order(np.exp(map_), seed=0).tolist() == order
    assert pixel_order(-map_, seed=0).tolist() != order


def test_nan_has_no_place_in_an_order() -> None:
    with pytest.raises(ValueError, match="NaN"):
        pixel_order(np.array([[0.0, np.nan]]), seed=0)


def test_counts_run_from_none_to_all() -> None:
    assert pixel_counts(10, 4).tolist() == [0, 2, 5, 8, 10]
    assert pixel_counts(3, 99).tolist() == [0, 1, 2, 3]  # no more steps than pixels
    assert pixel_counts(784, 1).tolist() == [0, 784]
    with pytest.raises(ValueError, match="not 0"):
        pixel_counts(10, 0)


def test_a_path_goes_from_the_image_to_the_baseline() -> None:
    image = np.arange(8, dtype=np.float32).reshape(2, 2, 2)  # pixel 2 is (4, 5) in its channels
    baseline = image + 10
    images = path(image, baseline, np.array([2, 0, 3, 1]), np.array([0, 1, 3, 4]))
    assert images.dtype == np.float32
    assert images.reshape(4, 8).tolist() == [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [0, 1, 2, 3, 14, 15, 6, 7],
        [10, 11, 2, 3, 14, 15, 16, 17],
        [10, 11, 12, 13, 14, 15, 16, 17],
    ]
    assert image.max() == 7 and baseline.min() == 10


def test_no_counts_give_no_images() -> None:
    image = np.zeros((3, 2, 1), np.float32)
    nothing = path(image, image, np.arange(6), np.zeros(0, np.int64))
    assert nothing.shape == (0, 3, 2, 1)


def blocks_of(lengths: list[int], made: list[int]) -> Iterator[np.ndarray]:
    for i, length in enumerate(lengths):
        made.append(i)
        yield np.full((length, 4, 4, 1), i, np.float32)  # 64 bytes an image


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
    logits = list(predicted(predict, blocks_of(lengths, made)))
    assert sizes == [5, 1, 7, 4]  # a block is never cut, so one may be larger than the bound
    # While a batch is passed, the next may be made, up to the block that no longer fits into it.
    assert all(made_by <= most for made_by, most in zip(seen, [5, 6, 6, 6], strict=True))
    assert [each.tolist() for each in logits] == [[[i, 10 * i]] * n for i, n in enumerate(lengths)]


def test_the_next_batch_is_made_while_one_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perturbation, "CHUNK_BYTES", 64)
    second_made = threading.Event()

    def blocks() -> Iterator[np.ndarray]:
        for i in range(4):
            if i == 2:  # asked for when the second batch is complete
                second_made.set()
            yield np.full((1, 4, 4, 1), i, np.float32)

    def predict(images: np.ndarray) -> np.ndarray:
        assert second_made.wait(timeout=20)
        return images.mean(axis=(1, 2))

    assert [each.item() for each in predicted(predict, blocks())] == [0, 1, 2, 3]


def test_what_the_network_raises_is_raised() -> None:
    def predict(images: np.ndarray) -> np.ndarray:
        raise FloatingPointError("not finite")

    with pytest.raises(FloatingPointError, match="not finite"):
        list(predicted(predict, blocks_of([1, 2], [])))


def test_nothing_is_predicted_of_nothing() -> None:
    assert list(predicted(lambda images: images / 0, iter([]))) == []


@pytest.mark.parametrize("wrong", ["targets", "maps of b", "baseline black"])
def test_arrays_that_do_not_belong_together_are_refused(wrong: str) -> None:
    images = np.zeros((2, 3, 4, 1))
    targets = np.zeros(1 if wrong == "targets" else 2)
    maps = {"a": np.zeros((2, 3, 4)), "b": np.zeros((1 if wrong == "maps of b" else 2, 3, 4))}
    baseline = {"black": np.zeros((1 if wrong == "baseline black" else 2, 3, 4, 1))}
    with pytest.raises(ValueError, match=wrong):
        require_matching(images, targets, maps, baseline)
