"""Files of data/ with damage anywhere: refused in a sentence, never read as something else."""

import io
import json
import re
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from heatproof.run.errors import UserError
from heatproof.storage import artifacts, formats, paths, tables, weights
from heatproof.storage.records import Dataset, Predictions, RawDataset

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
    artifacts.write_dataset("d", dataset())
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


@pytest.mark.parametrize("written", ["<i8", "<f4", "<U1", "|O"])
def test_a_header_that_claims_less_than_there_is(written: str) -> None:
    artifacts.write_dataset("d", dataset())
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
    raw = RawDataset(*vars(dataset()).values())
    artifacts.write_raw("d", raw)
    artifacts.write_dataset("d", dataset())
    paths.raw("d").rename(paths.processed("d"))
    with pytest.raises(UserError, match=r"checksum is not that of what it holds.*preprocess@d"):
        artifacts.read_dataset("d")
    artifacts.write_predictions(CELL, Predictions(raw.labels, np.zeros((4, 2), np.float32), NAMES))
    paths.predictions(CELL).replace(paths.processed("d"))
    with pytest.raises(UserError, match="checksum"):
        artifacts.read_dataset("d")


OTHERS = {
    "images as floats": ("test_images", np.zeros((2, 3, 3, 1)), r"test_images: .*found float64"),
    "one axis less": ("train_images", np.zeros((4, 3, 3), np.uint8), r"channels\), found uint8"),
    "another size": ("test_images", np.zeros((2, 5, 3, 1), np.uint8), "expected 3 height, found 5"),
    "too few labels": ("train_labels", np.zeros(3, np.int64), "expected 4 images, found 3"),
    "a label of no class": ("test_labels", np.array([0, 2]), "test_labels: .*indices of 2 classes"),
    "other masks": ("test_masks", np.zeros((1, 3, 3), np.uint8), "expected 2 tests, found 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_valid_arrays_of_another_shape_or_kind(case: str) -> None:
    name, array, problem = OTHERS[case]
    path = paths.processed("d")
    artifacts.write_dataset("d", dataset())
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
