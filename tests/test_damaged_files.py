"""Files of data/ with damage anywhere: refused in a sentence, never read as something else."""

import io
import json
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from heatproof.run.errors import UserError
from heatproof.storage import artifacts, formats, paths, tables, weights
from heatproof.storage.records import Dataset, Predictions
from tests import stored

CELL = "m-d"
NAMES = ("a", "b")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def dataset() -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 3, 1), dtype=np.uint8)
    labels = np.array([0, 1, 0, 1])
    return Dataset(images, labels, images[:2], labels[:2], NAMES)


def same(one: Dataset, other: Dataset) -> bool:
    return all(
        np.array_equal(value, getattr(other, name))
        and getattr(value, "dtype", None) == getattr(getattr(other, name), "dtype", None)
        for name, value in vars(one).items()
    )


def test_every_bit_of_an_npz_counts_or_means_nothing() -> None:
    stored.write("d", dataset())
    path = paths.processed("d")
    content, refused = path.read_bytes(), 0
    for place in range(len(content)):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        path.write_bytes(altered)
        try:
            read = artifacts.read_dataset("d")
        except UserError as mistake:
            message = str(mistake)
            assert re.search(r"d\.npz: .*make it again with `dvc repro -f preprocess@d`", message)
            assert message.isprintable()
            refused += 1
        else:
            assert same(read, dataset()), place  # a date in the archive, say
    assert refused > len(content) / 2


def test_every_bit_of_the_images_counts() -> None:
    stored.write("d", dataset())
    path, content = paths.raw("d") / paths.IMAGES, (paths.raw("d") / paths.IMAGES).read_bytes()
    wrong = r"images\.npy: .*make it again with `dvc repro -f fetch@d`"
    for place in range(len(content)):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        path.write_bytes(altered)
        with pytest.raises(UserError, match=wrong) as mistake:
            artifacts.read_dataset("d").train_images[:]
            artifacts.read_dataset("d").test_images[:]
        assert str(mistake.value).isprintable()


def test_images_that_are_not_read_are_not_checked() -> None:
    stored.write("d", dataset())
    path = paths.raw("d") / paths.IMAGES
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # of the last test image
    path.write_bytes(content)
    read = artifacts.read_dataset("d")
    assert np.array_equal(read.train_images, dataset().train_images)
    assert np.array_equal(read.test_images[0], dataset().test_images[0])
    with pytest.raises(UserError, match=r"images\.npy: image 5: its checksum .* -f fetch@d"):
        read.test_images[[0, 1]]


@pytest.mark.parametrize("left", [0, 7, 140])
def test_images_that_were_cut_off(left: int) -> None:
    stored.write("d", dataset())
    read = artifacts.read_dataset("d")
    path = paths.raw("d") / paths.IMAGES
    os.truncate(path, left)
    with pytest.raises(UserError, match=r"images\.npy: .*dvc repro -f fetch@d"):
        artifacts.read_dataset("d")
    with pytest.raises(UserError, match=r"images\.npy: image \d: "):
        read.test_images[:]  # it was opened before


def test_images_of_another_dataset() -> None:
    stored.write("d", dataset())
    other = dataset().train_images[::-1]
    stored.write("e", replace(dataset(), train_images=other))
    (paths.raw("e") / paths.IMAGES).replace(paths.raw("d") / paths.IMAGES)
    read = artifacts.read_dataset("d")
    with pytest.raises(UserError, match=r"raw/d/images\.npy: image 0: its checksum"):
        read.train_images[0]


@pytest.mark.parametrize("written", ["<i8", "<f4", "<U1", "|O"])
def test_a_header_that_claims_less_than_there_is(written: str) -> None:
    stored.write("d", dataset())
    path = paths.processed("d")
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": written, "fortran_order": False, "shape": (1,)}
    )
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["train_labels.npy"] = stream.getvalue() + bytes(64)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(UserError, match="damaged"):
        artifacts.read_dataset("d")


def test_another_kind_of_file_in_its_place() -> None:
    stored.write("d", dataset())
    (paths.raw("d") / paths.RECORD).rename(paths.processed("d"))
    with pytest.raises(UserError, match=r"checksum is not that of what it holds.*preprocess@d"):
        artifacts.read_dataset("d")
    artifacts.write_predictions(
        CELL, Predictions(dataset().train_labels, np.zeros((4, 2), np.float32), NAMES)
    )
    paths.predictions(CELL).replace(paths.processed("d"))
    with pytest.raises(UserError, match="checksum"):
        artifacts.read_dataset("d")


OTHERS = {
    "rows as floats": ("test_rows", np.zeros(2), r"test_rows: .*found float64"),
    "one axis more": ("train_rows", np.zeros((4, 1), int), r"\(images\), found int64"),
    "rows of no image": ("test_rows", np.array([0, 6]), "test_rows: expected rows of 6 images"),
    "too few rows": ("test_rows", np.array([0]), "test_labels: expected 1 tests, found 2"),
    "too few labels": ("train_labels", np.zeros(3, np.int64), "expected 4 images, found 3"),
    "a label of no class": ("test_labels", np.array([0, 2]), "test_labels: .*indices of 2 classes"),
    "masks of no image": ("mask_rows", np.array([0]), "mask_rows: expected rows of 0 images"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_valid_arrays_of_another_shape_or_kind(case: str) -> None:
    name, array, problem = OTHERS[case]
    path = paths.processed("d")
    stored.write("d", dataset())
    made_by = "preprocess@d"
    formats.write_arrays(path, formats.read_arrays(path, made_by) | {name: array}, made_by)
    with pytest.raises(UserError, match=rf"d\.npz: .*{problem}.*dvc repro -f preprocess@d"):
        artifacts.read_dataset("d")


@pytest.mark.parametrize("content", ["[]", "3", "null"])
def test_valid_json_of_another_kind(content: str) -> None:
    path = paths.metrics("evaluate", CELL)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(UserError, match=r"expected a JSON object.*dvc repro -f evaluate@m-d"):
        artifacts.read_metrics("evaluate", CELL)
    artifacts.write_metrics("evaluate", CELL, {"accuracy": 1})
    with pytest.raises(UserError, match="loss missing"):
        artifacts.read_metrics("evaluate", CELL, ("accuracy", "loss"))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b"NaN,", b"\0" * 9])
def test_json_that_is_none(content: bytes) -> None:
    path = paths.metrics("evaluate", CELL)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"not valid JSON .*dvc repro -f evaluate@m-d"):
        artifacts.read_metrics("evaluate", CELL)


@pytest.mark.parametrize("content", [b"", b'"', b"a,b\n1,2,3\n1\n1,2,3,4\n", b"\xff\xfea,b\n"])
def test_a_table_that_is_none(content: bytes) -> None:
    path = paths.history(CELL)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"not a valid CSV table .*dvc repro -f train@m-d"):
        tables.read_table(path, f"train@{CELL}")


def test_weights_with_damage_anywhere_load_or_are_refused() -> None:
    import keras

    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Conv2D(2, 3, name="conv")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(x), name="m")
    weights.save(CELL, model)
    path, written = paths.weights(CELL), model.get_weights()
    content, refused = path.read_bytes(), 0
    for place in range(0, len(content), 797):
        altered = bytearray(content)
        altered[place] ^= 1 << place % 8
        path.write_bytes(altered)
        try:
            weights.load(CELL, model)
        except UserError as mistake:
            assert "make it again with `dvc repro -f train@m-d`" in str(mistake)
            refused += 1
        else:
            assert all(map(np.array_equal, model.get_weights(), written)), place
    assert refused
    for wrong in (b"", b"no weights", b"PK\x03\x04" + bytes(100), content[: len(content) // 2],
                  json.dumps({"layers": {}}).encode()):  # fmt: skip
        path.write_bytes(wrong)
        with pytest.raises(UserError, match="do not fit"):
            weights.load(CELL, model)
    assert path.read_bytes() == wrong
    for left_out in ("layers", "layers/dense", "layers/conv2d"):
        partial = path.with_name("partial.h5")
        partial.write_bytes(content)
        with h5py.File(partial, "a") as file:
            del file[left_out]
        partial.replace(path)  # Keras leaves open what it refused
        with pytest.raises(UserError, match="do not fit"):
            weights.load(CELL, model)
    path.unlink()
    Path(path).symlink_to("elsewhere")
    with pytest.raises(UserError, match="there is no such file"):
        weights.load(CELL, model)
