"""Any dataset of tensorflow-datasets, made here by hand: its splits, sizes, and what it lacks."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.datasets import official_files
from heatproof.datasets.sources import tfds
from heatproof.run.errors import UserError
from tests.datasets import stand_ins

PARTS = {"train": 6, "validation": 3, "test": 4, "extra": 2}
SHAPE = (8, 9, 3)


def published(monkeypatch: pytest.MonkeyPatch, folder: Path, **features: object):
    """Publish a set called `hand_made`; a feature that is None it lacks."""
    import tensorflow_datasets as library

    monkeypatch.delenv(official_files.MIRROR, raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    described = {
        "image": library.features.Image(shape=(None, None, 3)),
        "kind": library.features.ClassLabel(names=["ant", "bee"]),
        "note": library.features.Text(),
    } | features
    described = {name: feature for name, feature in described.items() if feature is not None}

    class HandMade(library.core.GeneratorBasedBuilder, skip_registration=True):
        name = "hand_made"
        VERSION = library.core.Version("1.0.0")

        def _info(self):
            return library.core.DatasetInfo(
                builder=self, features=library.features.FeaturesDict(described)
            )

        def _split_generators(self, dl_manager):
            return {part: self._examples(part) for part in PARTS}

        def _generate_examples(self):
            raise AssertionError

        def _examples(self, part: str):
            for number in range(PARTS[part]):
                shape = (10 + number, 12, 3) if described["image"].shape[0] is None else SHAPE
                values = {
                    "image": np.full(shape, 20 * number, np.uint8), "kind": number % 2,
                    "note": part,
                }  # fmt: skip
                yield number, {name: values[name] for name in described if name in values}

    monkeypatch.setattr(library, "builder", lambda name, data_dir: HandMade(data_dir=data_dir))


def options(**more: object) -> tfds.Options:
    return tfds.Options(source="tfds", name="hand_made", reads="data/code/fetch.txt", **more)


def test_any_set_with_its_own_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, tmp_path)
    raw = tfds.fetch(options(size=[16, 12], colour="gray"))
    assert raw.images.shape == (9, 16, 12, 1) and raw.test_images.shape == (4, 16, 12, 1)
    assert raw.class_names == ("ant", "bee")
    assert raw.validation.sum() == 3
    # Each picture is of one brightness, which resizing keeps, and which says its label here.
    for images, labels in ((raw.images, raw.labels), (raw.test_images, raw.test_labels)):
        brightness = images[:, 0, 0, 0]
        assert np.array_equal(images, np.broadcast_to(images[:, :1, :1], images.shape))
        assert np.array_equal(brightness // 20 % 2, labels)
    assert sorted(raw.test_images[:, 0, 0, 0].tolist()) == [0, 20, 40, 60]
    assert raw.remarks == ("splits that are left out: extra",)


def test_pictures_of_one_size_are_taken_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow_datasets as library

    published(monkeypatch, tmp_path, image=library.features.Image(shape=SHAPE))
    assert tfds.fetch(options()).test_images.shape == (4, *SHAPE)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({}, r"several sizes. Add `size: \[height, width\]`"),
        ({"kind": None}, "expected images with one label each; it has image"),
        ({"image": None}, "expected images with one image each; it has kind"),
    ],
)
def test_what_a_set_lacks(tmp_path: Path, monkeypatch, features: dict, message: str) -> None:
    published(monkeypatch, tmp_path, **features)
    with pytest.raises(UserError, match=message):
        tfds.fetch(options())


def test_a_mirror_has_any_set_as_a_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(official_files.MIRROR, str(tmp_path))
    with pytest.raises(UserError, match="there is no folder hand_made; put the images of"):
        tfds.fetch(options())
    for kind in ("ant", "bee"):
        (tmp_path / "hand_made" / kind).mkdir(parents=True)
        Image.new("L", (20, 10), 200).save(tmp_path / "hand_made" / kind / "1.png")
    with pytest.raises(UserError, match="of what size"):
        tfds.fetch(options())
    assert tfds.fetch(options(size=[8, 8])).images.shape == (2, 8, 8, 3)


def test_the_official_files_in_another_size(tmp_path: Path, monkeypatch) -> None:
    stand_ins.write_idx(tmp_path / "mnist", "mnist", monkeypatch)
    monkeypatch.setenv(official_files.MIRROR, str(tmp_path))
    wanted = options(size=[14, 16], colour="rgb").model_copy(update={"name": "mnist"})
    assert tfds.fetch(wanted).test_images.shape == (stand_ins.TEST, 14, 16, 3)
