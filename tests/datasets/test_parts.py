"""Which images a run is trained on, validated with and tested on: never the same ones."""

import numpy as np
import pytest

from heatproof.config.runs import Run
from heatproof.datasets.parts import evaluated_part, served_rows, training_parts
from heatproof.datasets.split import few_of_each, train_validation_split
from heatproof.run.errors import UserError
from heatproof.storage.records import Dataset
from tests.small_cell import load_params

CELL = "simple_cnn-digits"
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1], [60, 40]))
IMAGES = np.arange(100, dtype=np.uint8).reshape(-1, 1, 1, 1)


def run(fold: int | None = None, folds: int = 5, **schedule: object) -> Run:
    if fold is None:
        return listed(CELL, {}, **schedule)
    return listed(f"{CELL}-fold{fold}of{folds}", {"fold": fold, "folds": folds}, **schedule)


def few(count: int, seed: int = 42, **schedule: object) -> Run:
    own = CELL if seed == 42 else f"{CELL}-seed{seed}"
    entry = {"train_images_per_class": count, "seed": seed}
    return listed(f"{own}-{count}perclass", entry, **schedule)


def listed(name: str, more: dict[str, object], **schedule: object) -> Run:
    runs = {name: {"model": "simple_cnn", "dataset": "digits"} | more} if more else {}
    found = load_params(CELL, runs=runs).run(name)
    changed = found.schedule.model_copy(update={"train_images": "all"} | schedule)
    return found.model_copy(update={"schedule": changed})


def dataset(**more: np.ndarray) -> Dataset:
    return Dataset(IMAGES, LABELS, IMAGES[:3] + 100, LABELS[:3], ("a", "b"), **more)


def test_a_cells_own_run_has_the_whole_training_part() -> None:
    trained, validated = training_parts(run(), dataset())
    expected = train_validation_split(LABELS, 0.1, 42)
    np.testing.assert_array_equal(trained, expected[0])
    np.testing.assert_array_equal(validated, expected[1])
    assert len(training_parts(run(train_images=7), dataset())[0]) == 7
    assert evaluated_part(run(), dataset())[0].ravel().tolist() == [100, 101, 102]


@pytest.mark.parametrize("grouped", [False, True])
def test_a_fold_is_tested_and_neither_trained_on_nor_validated_with(grouped: bool) -> None:
    groups = {"groups": np.arange(100) // 4} if grouped else {}
    data, seen = dataset(**groups), []
    for fold in range(1, 6):
        one = run(fold)
        trained, validated = training_parts(one, data)
        images, labels = evaluated_part(one, data)
        rows = images.ravel().astype(int)
        np.testing.assert_array_equal(labels, LABELS[rows])
        everything = np.sort(np.concatenate([trained, validated, rows]))
        np.testing.assert_array_equal(everything, np.arange(100))
        if grouped:
            parts = [set(data.groups[part]) for part in (trained, validated, rows)]
            assert sum(map(len, parts)) == 25, "a group is in one part only"
        else:
            assert np.bincount(labels).tolist() == [12, 8]
            assert np.bincount(LABELS[validated]).tolist() == [5, 3]
        seen.append(rows)
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(100))


def test_the_users_own_validation_part_is_in_no_fold() -> None:
    own = (np.arange(100) >= 80).astype(np.uint8)
    data = dataset(validation=own)
    for fold in (1, 2):
        trained, validated = training_parts(run(fold), data)
        rows = evaluated_part(run(fold), data)[0].ravel()
        assert sorted(validated) == list(range(80, 100))
        assert max(rows) < 80 and len(trained) + len(rows) == 80


@pytest.mark.parametrize(
    ("folds", "more", "message"),
    [
        (61, {}, "at most 60 images of a class, of the 100 to train with"),
        (6, {"groups": np.arange(100) // 20}, "at most 5 groups to train with"),
        (2, {"groups": np.arange(100) // 50}, "one group of images is left to train on"),
    ],
)
def test_too_many_folds_are_a_message(folds: int, more: dict, message: str) -> None:
    with pytest.raises(UserError, match=rf"runs.{CELL}-fold1of{folds}.*{message}"):
        training_parts(run(1, folds), dataset(**more))


def test_few_images_are_drawn_before_others_validate() -> None:
    data = dataset()
    drawn, validated = training_parts(few(5), data)
    np.testing.assert_array_equal(drawn, few_of_each(LABELS, 2, 5, 42))
    assert np.bincount(LABELS[drawn]).tolist() == [5, 5]
    assert not set(drawn) & set(validated)
    # A tenth of the 55 and 35 that are left.
    assert np.bincount(LABELS[validated]).tolist() == [6, 4]
    assert set(training_parts(few(1), data)[0]) < set(drawn)
    assert set(training_parts(few(5, seed=43), data)[0]) != set(drawn)
    assert evaluated_part(few(5), data)[0].ravel().tolist() == [100, 101, 102]


def test_neither_the_models_settings_nor_the_schedule_change_which_are_drawn() -> None:
    one = few(5)
    training = one.training.model_copy(update={"validation_fraction": 0.4})
    other = one.model_copy(update={"training": training})
    for each in (other, few(5, train_images=20)):
        np.testing.assert_array_equal(
            training_parts(each, dataset())[0], training_parts(one, dataset())[0]
        )


def test_an_epoch_on_few_images_is_as_long_as_one_on_all() -> None:
    assert len(served_rows(run(), dataset())) == 90
    assert len(served_rows(few(1, train_images=30), dataset())) == 30
    times = np.bincount(served_rows(few(4), dataset()))
    assert times.sum() == 90 and set(times[times > 0]) == {11, 12}
    assert len(served_rows(few(4, train_images=6), dataset())) == 8, "each once at least"


def test_no_group_of_few_images_validates() -> None:
    groups = np.arange(100) // 4
    drawn, validated = training_parts(few(3), dataset(groups=groups))
    assert not set(groups[drawn]) & set(groups[validated]) and len(validated)
    two = (np.arange(100) >= 50).astype(np.int64)
    with pytest.raises(UserError, match=r"1perclass.*= 1: no group of images is left to validate"):
        training_parts(few(1, seed=next(s for s in range(1, 50) if _both(two, s))),
                       dataset(groups=two))  # fmt: skip


def _both(groups: np.ndarray, seed: int) -> bool:
    return len(set(groups[few_of_each(LABELS, 2, 1, seed)])) == 2


def test_few_images_leave_the_users_own_validation_part_whole() -> None:
    data = dataset(validation=(np.arange(100) >= 80).astype(np.uint8))
    drawn, validated = training_parts(few(5), data)
    assert max(drawn) < 80 and validated.tolist() == list(range(80, 100))


def test_more_images_than_a_class_has_are_a_message() -> None:
    name = f"runs.{CELL}-41perclass.train_images_per_class = 41"
    with pytest.raises(UserError, match=f"{name}: the class 'b' has 40 images .* at most"):
        training_parts(few(41), dataset())
    drawn, validated = training_parts(few(40), dataset())
    assert len(drawn) == 80 and set(LABELS[validated]) == {0}
    even = Dataset(IMAGES[:4], np.array([0, 1, 0, 1]), IMAGES[:1], LABELS[:1], ("a", "b"))
    assert len(training_parts(few(1), even)[1]) == 2
    with pytest.raises(
        UserError, match=r"2perclass.*no image is left to validate with; give fewer"
    ):
        training_parts(few(2), even)


def test_a_class_without_images_has_no_few() -> None:
    data = Dataset(IMAGES, LABELS, IMAGES[:3], LABELS[:3], ("a", "b", "c"))
    with pytest.raises(UserError, match="the class 'c' has 0 images to train with; remove this"):
        training_parts(few(1), data)
