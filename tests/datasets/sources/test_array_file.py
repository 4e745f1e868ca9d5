"""Images and labels in HDF5 and .npz files: what is taken, what is said, what is refused."""

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from heatproof.datasets import array_files
from heatproof.datasets.sources import array_file
from heatproof.run.errors import UserError
from heatproof.storage.records import RawDataset

DRAW = np.random.default_rng(0)
GREY = DRAW.integers(0, 256, (6, 8, 9), dtype=np.uint8)
COLOUR = DRAW.integers(0, 256, (6, 8, 9, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def fetched(path: Path, **options: object) -> RawDataset:
    return array_file.fetch(array_file.Options(source="array_file", reads=str(path), **options))


def npz(folder: Path, **arrays: object) -> Path:
    np.savez_compressed(folder / "a.npz", **arrays)
    return folder / "a.npz"


def hdf5(folder: Path, **arrays: object) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return folder / "a.h5"


def test_usps_layout(tmp_path: Path) -> None:
    rows = (np.arange(4 * 64).reshape(4, 64) / 255).astype(np.float32)
    path = hdf5(tmp_path, **{
        "train/data": rows, "train/target": [7, 3, 7, 3],
        "test/data": rows[:2], "test/target": [3, 7],
    })  # fmt: skip
    raw = fetched(path)
    # By hand: the range of floats up to 1 is [0, 1], so that each value is its number again.
    assert np.array_equal(raw.images, np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1))
    assert raw.class_names == ("3", "7") and raw.labels.tolist() == [1, 0, 1, 0]
    assert raw.test_images.shape == (2, 8, 8, 1) and raw.test_labels.tolist() == [0, 1]
    assert raw.remarks == (
        "the file's own split is kept: 4 training, 2 test",
        "rows of 64 values are taken as 8×8 pixels, grey",
        "of the values in the file 0 is black, 1 white",
    )


def test_medmnist_layout(tmp_path: Path) -> None:
    parts = {f"{part}_images": COLOUR for part in ("train", "val", "test")}
    labels = {f"{part}_labels": LABELS[:, np.newaxis] for part in ("train", "val", "test")}
    raw = fetched(npz(tmp_path, **parts, **labels), class_names=["a", "b", "c"])
    assert np.array_equal(raw.images, np.concatenate([COLOUR, COLOUR]))
    assert raw.validation is not None and raw.validation.tolist() == [0] * 6 + [1] * 6
    assert np.array_equal(raw.test_images, COLOUR) and raw.test_labels.tolist() == LABELS.tolist()
    assert raw.class_names == ("a", "b", "c") and raw.value_range is None
    assert raw.remarks == ("the file's own split is kept: 6 training, 6 validation, 6 test",)


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images", "labels"), ("x", "y"), ("X", "Y"), ("x_train", "y_train"), ("trainX", "trainY"),
     ("data", "target"), ("train_set_x", "train_set_y")],
)  # fmt: skip
@pytest.mark.parametrize("write", [npz, hdf5])
def test_usual_names(tmp_path: Path, write, images: str, labels: str) -> None:
    raw = fetched(write(tmp_path, **{images: GREY, labels: LABELS, "notes": np.arange(3)}))
    assert np.array_equal(raw.images[..., 0], GREY) and len(raw.test_labels) == 0
    assert raw.remarks == ("arrays that are not used: notes",)


def test_validation_serves_as_test_where_there_is_none(tmp_path: Path) -> None:
    path = npz(tmp_path, x_train=GREY, y_train=LABELS, x_val=GREY[:3], y_val=LABELS[:3])
    raw = fetched(path)
    assert len(raw.test_labels) == 3 and raw.validation is None
    assert "there is no test part: validation is used as it" in raw.remarks[0]


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.eye(3)[LABELS], ("0", "1", "2")),
        (LABELS.astype(np.float64), ("0", "1", "2")),
        (10 * LABELS - 5, ("-5", "5", "15")),
        (np.array(["cat", "ant", "bee"] * 2), ("ant", "bee", "cat")),
        (np.array([b"cat", b"ant", b"bee"] * 2), ("ant", "bee", "cat")),
    ],
)
@pytest.mark.parametrize("write", [npz, hdf5])
def test_labels(tmp_path: Path, write, labels: np.ndarray, names: tuple[str, ...]) -> None:
    if write is hdf5 and labels.dtype.kind == "U":
        labels = labels.astype(object)  # texts of any length, as pandas and h5py write them
    raw = fetched(write(tmp_path, images=GREY, labels=labels))
    assert raw.class_names == names
    expected = [2, 0, 1] * 2 if names[0] == "ant" else LABELS.tolist()
    assert raw.labels.tolist() == expected


def test_the_files_own_names_of_classes(tmp_path: Path) -> None:
    names = np.array(["zebra", "ant", "bee", "never seen"])
    raw = fetched(npz(tmp_path, x=GREY, y=LABELS, class_names=names[:3]))
    assert raw.class_names == ("zebra", "ant", "bee") and raw.labels.tolist() == LABELS.tolist()
    with pytest.raises(UserError, match="no training image of 'never seen'"):
        fetched(npz(tmp_path, x=GREY, y=LABELS, class_names=names))
    with pytest.raises(UserError, match=r"3 different labels \(\[0, 5, 10\]\), but 2 names"):
        fetched(npz(tmp_path, x=GREY, y=5 * LABELS, class_names=names[:2]))


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.array([0.0, 0.5, 1.0]), [0, 128, 255]),
        (np.array([0.0, 127.0, 255.0]), [0, 127, 255]),
        (np.array([0, 2047, 4095], np.uint16), [0, 127, 255]),
        (np.array([0, 1, 1], np.int64), [0, 255, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
        (np.array([0, 127, 255], np.int64), [0, 127, 255]),
    ],
)
def test_ranges(tmp_path: Path, images: np.ndarray, expected: list[int]) -> None:
    each = images[:, np.newaxis, np.newaxis] * np.ones((1, 8, 8), images.dtype)
    raw = fetched(npz(tmp_path, x=each, y=[0, 1, 1]))
    assert raw.images[:, 0, 0, 0].tolist() == expected
    shifted = npz(tmp_path, x=each.astype(np.float64) * 2 - images.max(), y=[0, 1, 1])
    with pytest.raises(UserError, match="which of them are black and white"):
        fetched(shifted)
    given = fetched(shifted, value_range=[-float(images.max()), float(images.max())])
    assert abs(given.images[:, 0, 0, 0].astype(int) - expected).max() <= 1


def test_orders_of_axes_and_sizes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(array_files, "_BATCH_BYTES", 500)  # two images
    planes = np.moveaxis(COLOUR, -1, 1)
    raw = fetched(npz(tmp_path, x=planes, y=LABELS))
    assert np.array_equal(raw.images, COLOUR) and "'x' come before height" in raw.remarks[0]
    by_columns = fetched(npz(tmp_path, x=np.asfortranarray(COLOUR), y=LABELS))
    assert np.array_equal(by_columns.images, COLOUR)
    plain = np.full((4, 20, 30), 77, np.uint8)
    smaller = fetched(npz(tmp_path, x=plain, y=[0, 1, 0, 1]), size=[10, 8], colour="rgb")
    assert smaller.images.shape == (4, 10, 8, 3) and (smaller.images[:] == 77).all()


NAN = np.where(np.arange(6)[:, None, None] == 4, np.nan, GREY / 255)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": GREY}, "no images and labels among 'a' uint8 (6, 8, 9); expected arrays called"),
        ({"x": GREY}, "'x' uint8 (6, 8, 9) of the training part has no labels"),
        ({"y": LABELS}, "has no images"),
        ({"x": GREY, "images": GREY, "y": LABELS}, "may both be the images; rename one of them"),
        ({"x": GREY, "y": LABELS[:5]}, "have different lengths"),
        ({"x": GREY, "y": np.array([{}] * 6)}, "'y': it holds Python objects"),
        ({"x": np.array([{}] * 6), "y": LABELS}, "are no images; expected integers or floats"),
        ({"x": NAN, "y": LABELS}, "image 4 has values that are no numbers"),
        ({"x": GREY, "y": LABELS + 0.5}, "are not all whole numbers"),
        ({"x": GREY, "y": np.ones((6, 2), int)}, "several labels for an image"),
        ({"x": GREY, "y": np.zeros(6, int)}, "all images are '0'; two classes are needed"),
        ({"x": GREY.reshape(6, 72), "y": LABELS}, "it is not certain how wide and high"),
        ({"x": DRAW.random((6, 192)), "y": LABELS}, "it is not certain how wide and high"),
        ({"x": GREY, "y": LABELS, "x_test": GREY[:, :, :8], "y_test": LABELS}, "of one size"),
        ({"x_test": GREY, "y_test": LABELS}, "there is no part to train on"),
        ({"x": np.zeros((6, 4, 4), np.uint8), "y": LABELS}, "images of 4×4 pixels; expected 8"),
        ({"x": GREY, "y": np.arange(6) // 6}, "two classes are needed"),
        ({"x": GREY[:0], "y": LABELS[:0]}, "holds no image"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    path = npz(tmp_path, **arrays)
    with pytest.raises(UserError) as caught:
        fetched(path)
    assert message in str(caught.value) and str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = npz(tmp_path, x=GREY, y=LABELS)
    content = path.read_bytes()
    for text, message in (
        (b"", "this is no HDF5 and no .npz file"),
        (content[:300], "the file is damaged"),
        (content[:60] + b"\xff" * 40 + content[100:], "the file is damaged"),
        (array_files.HDF5 + b"\0" * 100, "the file is damaged"),
    ):
        path.write_bytes(text)
        with pytest.raises(UserError, match=message):
            fetched(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cat.png", b"")
    with pytest.raises(UserError, match="unpack it"):
        fetched(path)
    with pytest.raises(UserError, match="there is no such file"):
        fetched(tmp_path / "none.npz")


def test_what_is_said_of_sizes_is_checked_before_memory_is_taken(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (10**7, 512, 512), np.float64, chunks=(1, 512, 512))
        file["y"] = LABELS
    with pytest.raises(UserError, match="have different lengths"):
        fetched(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, shape in (("x", (10**7, 512, 512)), ("y", (10**7,))):
            file.create_dataset(name, shape, np.float64, chunks=(1, *shape[1:]))
    with pytest.raises(UserError, match=r"19,531.2 GiB in a file of"):
        fetched(tmp_path / "a.h5")
    # A header that says more than its member of the archive holds.
    header = json.dumps({"descr": "|u1", "fortran_order": False, "shape": 0}).replace(
        "0", "(9999, 99)"
    )
    text = header.replace("false", "False").ljust(117) + "\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr(
            "x.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
        )
    with pytest.raises(UserError, match="'x' is cut off"):
        fetched(tmp_path / "a.npz")


def test_nothing_leads_out_of_a_file(tmp_path: Path) -> None:
    other = hdf5(tmp_path, x=GREY, y=LABELS).rename(tmp_path / "other.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"] = h5py.ExternalLink(str(other), "x"), h5py.SoftLink("/x")
        file["loop/again"] = h5py.SoftLink("/loop")
    with pytest.raises(UserError, match="no images and labels among no array at all"):
        fetched(tmp_path / "a.h5")
    layout = h5py.VirtualLayout((6, 8, 9), np.uint8)
    layout[:] = h5py.VirtualSource(str(other), "x", (6, 8, 9))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
        file["y"] = LABELS
    with pytest.raises(UserError, match="'x': its values are in other files"):
        fetched(tmp_path / "a.h5")
