"""What is counted and shown of an inspected dataset."""

from dataclasses import replace

import numpy as np

from heatproof.datasets.quality.inspection import (
    MAX_CLASSES,
    MAX_GROUPS,
    MAX_MEMBERS,
    findings,
    inspect,
)
from heatproof.storage import artifacts
from heatproof.storage.images import selected
from heatproof.storage.records import Dataset, Origins
from tests import stored
from tests.datasets.quality.pictures import photographs, saved_again

CLASSES = ("roof", "petal")


def dataset(train: np.ndarray, test: np.ndarray, classes=CLASSES, **more) -> Dataset:
    """Return a dataset with all labels 0 but those of odd training images."""
    labels = np.arange(len(train)) % len(classes)
    return Dataset(train, labels, test, np.zeros(len(test), dtype=np.int64), classes, **more)


def test_a_clean_dataset_has_no_findings() -> None:
    images = photographs()
    content, pictures = inspect(dataset(images[:60], images[60:80]))
    assert findings(content) == []
    assert content["parts"] == {"training": 60, "validation": 0, "test": 16}
    assert content["per_class"]["training"] == [30, 30]
    assert len(pictures) == len(content["pictures"]) == 18  # 8 of each class, 2 mirrored
    for row in content["samples"]["1"]:
        place = content["pictures"][row]
        assert place["part"] == "training" and place["label"] == 1
        assert np.array_equal(pictures[row], images[place["index"]])


def test_copies_across_parts_are_a_leak() -> None:
    images = photographs()
    # Of test images 0 is equal to training image 4, 1 is a copy of image 6.
    test = np.concatenate([images[[4]], [saved_again(images[6])], images[60:70]])
    content, _ = inspect(dataset(images[:60], test))
    copies = content["copies"]
    assert (copies["leak"], copies["test_images"], copies["test_exact"]) == (True, 2, 1)
    assert copies["leaked"] == [0, 1] and copies["images"] == 4 and copies["exact_images"] == 2
    assert copies["groups"]["across"]["count"] == 2
    exact, near = copies["groups"]["across"]["shown"]
    assert exact["exact"] and not near["exact"]
    places = [content["pictures"][row] for row in exact["pictures"]]
    assert places == [
        {"part": "test", "index": 0, "label": 0}, {"part": "training", "index": 4, "label": 0}
    ]  # fmt: skip
    content["unusual"]["bright"]["count"], content["unusual"]["dark"]["count"] = 1, 2
    assert findings(content)[-1] == "Unusual for this dataset: 2 dark images and 1 bright image."
    assert findings(content)[0].startswith("LEAK: 2 of 12 test images (16.7 %) have a near")


def test_files_and_their_sizes_follow_their_images(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    images = photographs()
    stored.write("photos", dataset(images[:40], images[40:50]))
    prepared = artifacts.read_dataset("photos")
    sizes = np.stack([np.arange(50) + 60, np.full(50, 40)], axis=1)
    files = np.array([f"{i}.png" for i in range(50)])
    shuffled = replace(
        prepared,
        train_images=selected(prepared.train_images, np.arange(40)[::-1]),
        test_images=selected(prepared.test_images, np.arange(10)[::-1]),
    )
    content, pictures = inspect(shuffled, Origins(files, sizes))
    assert content["sizes"] == {
        "min": [60, 40], "max": [109, 40], "median": [84, 40], "enlarged": 50, "stretched": 49,
    }  # fmt: skip
    for place, picture in zip(content["pictures"], pictures, strict=True):
        number = int(place["file"].removesuffix(".png"))
        assert np.array_equal(picture, images[number])


def test_one_near_duplicate_in_many_test_images_is_no_headline() -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (150, 64, 64, 3)).astype(np.uint8)
    images = photographs()
    test = np.concatenate([[saved_again(images[6])], noise])
    copies = inspect(dataset(images[:60], test))[0]["copies"]
    assert copies["test_images"] == 1 and not copies["leak"]


def test_copies_with_two_labels_contradict_each_other() -> None:
    images = photographs()
    content, _ = inspect(
        dataset(np.concatenate([images[:40], images[[2, 4]][:, ::1]]), images[50:60])
    )
    # 40 is a copy of 2 with the same label; 41, odd, one of 4 with the other.
    groups = content["copies"]["groups"]
    assert (groups["conflicting"]["count"], groups["within"]["count"]) == (1, 1)
    assert any("different classes" in sentence for sentence in findings(content))


def test_copies_of_validation_images_are_counted() -> None:
    images = photographs()
    train = np.concatenate([images[:40], images[[2]]])
    validation = np.zeros(41, dtype=np.uint8)
    validation[40] = 1
    content, _ = inspect(dataset(train, images[50:60], validation=validation))
    assert content["copies"]["validation_images"] == 1 and not content["copies"]["leak"]
    assert content["parts"] == {"training": 40, "validation": 1, "test": 10}


def test_of_many_copies_and_classes_a_few_are_shown() -> None:
    images = photographs()
    repeated = np.concatenate([images[:30]] * 6)
    names = tuple(f"class {i}" for i in range(150))
    content, pictures = inspect(dataset(repeated, images[60:70], names))
    groups = content["copies"]["groups"]["conflicting"]
    assert groups["count"] == 30 and len(groups["shown"]) == MAX_GROUPS
    assert all(len(group["pictures"]) == MAX_MEMBERS for group in groups["shown"])
    assert groups["shown"][0]["images"] == 6
    assert len(content["samples"]) == MAX_CLASSES
    assert len(pictures) <= 2 * MAX_CLASSES + MAX_GROUPS * MAX_MEMBERS
