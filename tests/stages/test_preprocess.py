"""The preprocess stage: a split that depends on content and seed only, and what it counts."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heatproof.datasets.preparation import description, split
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset, RawDataset
from stages.preprocess import preprocess
from tests import small_cell
from tests.scratch import ROOT, environment

CLASSES = ("cat", "dog", "eel")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the real params.yaml, shrunk."""
    monkeypatch.chdir(tmp_path)
    small_cell.write_params("simple_cnn-digits")
    return tmp_path


def raw_dataset(train: int = 60, test: int = 0, channels: int = 1) -> RawDataset:
    """Return images that are all different, a third of each class."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (train + test, 4, 4, channels)).astype(np.uint8)
    labels = np.arange(train + test) % 3
    return RawDataset(images[:train], labels[:train], images[train:], labels[train:], CLASSES)


def rows(images: np.ndarray, labels: np.ndarray) -> list[tuple[int, bytes]]:
    return [(label, i.tobytes()) for label, i in zip(labels.tolist(), images, strict=True)]


def test_without_a_test_part_one_is_split_off() -> None:
    raw = raw_dataset()
    made = split(raw, 0.25, seed=1)
    train = rows(made.train_images, made.train_labels)
    test = rows(made.test_images, made.test_labels)
    assert np.bincount(made.test_labels).tolist() == [5, 5, 5]
    assert not set(train) & set(test)
    assert sorted(train + test) == sorted(rows(raw.images, raw.labels))
    assert made.class_names == CLASSES


def test_the_sources_own_test_part_is_kept() -> None:
    raw = raw_dataset(train=60, test=20)
    made = split(raw, 0.9, seed=1)
    for images, labels, before in (
        (made.train_images, made.train_labels, rows(raw.images, raw.labels)),
        (made.test_images, made.test_labels, rows(raw.test_images, raw.test_labels)),
    ):
        assert sorted(rows(images, labels)) == sorted(before)
        assert rows(images, labels) != before  # shuffled


@pytest.mark.parametrize("test", [0, 30])
def test_the_seed_decides(test: int) -> None:
    raw = raw_dataset(test=test)

    def content(seed: int) -> tuple[bytes, ...]:
        made = split(raw, 0.25, seed)
        return made.train_images.tobytes(), made.test_images.tobytes(), made.train_labels.tobytes()

    assert content(1) == content(1)
    for one, other in zip(content(1), content(2), strict=True):
        assert one != other


def test_the_files_are_written_and_repeat_to_the_byte(folder: Path) -> None:
    artifacts.write_raw("digits", raw_dataset())
    preprocess("digits")
    files = [paths.processed("digits"), paths.metrics("preprocess", "digits")]
    first = [path.read_bytes() for path in files]
    made = artifacts.read_dataset("digits")
    assert (len(made.train_labels), len(made.test_labels)) == (48, 12)  # 0.2, in params.yaml
    metrics = artifacts.read_metrics("preprocess", "digits")
    assert metrics["train_per_class"] == {"cat": 16, "dog": 16, "eel": 16}
    assert metrics["test_per_class"] == {"cat": 4, "dog": 4, "eel": 4}
    preprocess("digits")
    assert [path.read_bytes() for path in files] == first
    assert not list(folder.rglob(".*"))


def test_what_is_counted_by_hand() -> None:
    # Channel 0: two pixels of 0 and two of 255, mean 1/2 and deviation 1/2; channel 1: all 51.
    images = np.array([[[[0, 51], [255, 51]]], [[[255, 51], [0, 51]]]], dtype=np.uint8)
    labels = np.array([2, 0])
    made = split(RawDataset(images, labels, images[:1], labels[:1], CLASSES), 0.5, seed=0)
    found = description(made)
    np.testing.assert_allclose(found.pop("mean"), [0.5, 0.2])
    np.testing.assert_allclose(found.pop("std"), [0.5, 0.0], atol=1e-12)
    assert found == {
        "train_images": 2,
        "test_images": 1,
        "classes": 3,
        "height": 1,
        "width": 2,
        "channels": 2,
        "train_per_class": {"cat": 1, "dog": 0, "eel": 1},
        "test_per_class": {"cat": 0, "dog": 0, "eel": 1},
    }


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_and_deviation_are_those_of_all_pixels(channels: int) -> None:
    made = split(raw_dataset(train=200, channels=channels), 0.25, seed=0)
    pixels = made.train_images / 255
    found = description(made)
    np.testing.assert_allclose(found["mean"], pixels.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(found["std"], pixels.std(axis=(0, 1, 2)))


def test_images_of_one_value_have_no_deviation() -> None:
    for value in range(256):
        images = np.full((9, 5, 5, 1), value, dtype=np.uint8)
        labels = np.arange(9) % 3
        made = Dataset(images, labels, images[:0], labels[:0], CLASSES)
        assert description(made)["std"] < 1e-12


def test_one_class_only_is_refused(folder: Path) -> None:
    raw = raw_dataset()
    one = raw.labels == 1
    artifacts.write_raw(
        "digits",
        RawDataset(raw.images[one], raw.labels[one], raw.images[:0], raw.labels[:0], CLASSES),
    )
    with pytest.raises(UserError) as mistake:
        preprocess("digits")
    assert "data/raw/digits: the training images are all of one class" in str(mistake.value)
    assert not paths.processed("digits").exists()
    assert not paths.metrics("preprocess", "digits").exists()


def test_a_class_too_small_to_be_split(folder: Path) -> None:
    raw = raw_dataset(train=7)  # three cats, two dogs, two eels
    kept = np.array([0, 1, 2, 3, 4, 6])
    content = RawDataset(
        raw.images[kept], raw.labels[kept], raw.images[:0], raw.labels[:0], CLASSES
    )
    artifacts.write_raw("digits", content)
    with pytest.raises(UserError, match=r"raw/digits: fewer than two images of 'eel'; each class"):
        preprocess("digits")
    assert not (folder / "data" / "processed").exists()
    assert not (folder / "metrics").exists()
    # With a test part of its own, one image to train on is enough.
    own_test = RawDataset(
        raw.images[kept], raw.labels[kept], raw.images[:3], raw.labels[:3], CLASSES
    )
    artifacts.write_raw("digits", own_test)
    preprocess("digits")
    assert artifacts.read_metrics("preprocess", "digits")["train_per_class"]["eel"] == 1


def test_classes_too_small_to_validate_with(folder: Path) -> None:
    raw = raw_dataset(train=6)  # two of each: one is tested with, one trained on, and none is left
    nothing = raw.images[:0], raw.labels[:0]
    artifacts.write_raw("digits", RawDataset(raw.images, raw.labels, *nothing, CLASSES))
    with pytest.raises(UserError, match=r"no class has two training images.*test_fraction = 0\."):
        preprocess("digits")
    assert not (folder / "data" / "processed").exists()


def test_of_many_small_classes_a_few_are_named() -> None:
    labels = np.arange(40)
    images = np.zeros((40, 2, 2, 1), dtype=np.uint8)
    names = tuple(f"c{label:02}" for label in labels)
    artifacts.write_raw("digits", RawDataset(images, labels, images[:0], labels[:0], names))
    with pytest.raises(UserError, match=r"'c00', 'c01', 'c02', 'c03', 'c04' and 35 more; each"):
        preprocess("digits")


def test_before_fetching(folder: Path) -> None:
    with pytest.raises(UserError, match=r"data/raw/digits/record\.npz: .*dvc repro fetch@digits"):
        preprocess("digits")


def test_from_the_command_line_without_tensorflow(folder: Path) -> None:
    artifacts.write_raw("digits", raw_dataset())
    code = (
        "import sys; sys.argv = ['preprocess', '--dataset', 'digits']\n"
        "from stages.preprocess import main; main()\n"
        "heavy = ['tensorflow', 'keras', 'torch', 'jax', 'mlflow', 'sklearn']\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "[]\n", done.stdout
    assert paths.processed("digits").exists()


def test_the_training_parts_moments_are_kept_with_it() -> None:
    raw = raw_dataset(train=60, test=20, channels=3)
    artifacts.write_raw("digits", raw)
    preprocess("digits")
    pixels = raw.images.reshape(-1, 3) / 255
    moments = artifacts.read_moments("digits")
    np.testing.assert_allclose(moments, [pixels.mean(axis=0), pixels.std(axis=0)], atol=1e-12)
    described = artifacts.read_metrics("preprocess", "digits")
    np.testing.assert_allclose([described["mean"], described["std"]], moments, atol=1e-6)


def test_groups_stay_with_their_images_and_two_must_be_left_to_train_with() -> None:
    raw = replace(raw_dataset(), groups=np.arange(60) // 6)
    made = split(raw, 0.25, seed=1)
    by_image = {image.tobytes(): group for image, group in zip(raw.images, raw.groups, strict=True)}
    assert [by_image[image.tobytes()] for image in made.train_images] == made.groups.tolist()
    assert not set(made.groups) & {by_image[image.tobytes()] for image in made.test_images}
    assert made.validation is None
    with pytest.raises(UserError, match="none is left to validate or test"):
        split(replace(raw, groups=np.arange(60) // 30), 0.25, seed=1)
