"""USPS from LIBSVM's files, in a mirror or downloaded, and from the mirror's HDF5."""

import bz2
import hashlib

import h5py
import numpy as np
import pytest
import requests

from heatproof.datasets import official_files
from heatproof.datasets.sources import usps
from heatproof.run.errors import UserError

OPTIONS = usps.Options(source="usps", reads="data/code/fetch.txt")
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 256))
LABELS = np.array([0, 9, 4])


def packed(rows: np.ndarray) -> bytes:
    """These images in LIBSVM's format; black is -1, and what is 0 may be left out."""
    lines = []
    for label, pixels in zip(LABELS, rows, strict=True):
        values = " ".join(f"{i}:{value:.6f}" for i, value in enumerate(pixels / 127.5 - 1, 1))
        lines.append(f"{label + 1} {values}\n")
    return bz2.compress("".join(lines).encode())


@pytest.fixture
def files(monkeypatch):
    contents = {"usps.bz2": packed(PIXELS), "usps.t.bz2": packed(255 - PIXELS)}
    for name, content in contents.items():
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        monkeypatch.setitem(usps.FILES, name, md5)
    return contents


def check(raw):
    assert raw.images.shape == (3, 16, 16, 1) and raw.images.dtype == np.uint8
    assert np.array_equal(raw.images[:].reshape(3, -1), PIXELS)
    assert np.array_equal(raw.test_images[:].reshape(3, -1), 255 - PIXELS)
    assert raw.labels.tolist() == raw.test_labels.tolist() == LABELS.tolist()
    assert raw.class_names[9] == "9"


def test_the_mirrors_files_are_read_and_checked(tmp_path, monkeypatch, files):
    monkeypatch.setenv(official_files.MIRROR, str(tmp_path))
    (tmp_path / "usps").mkdir()
    with pytest.raises(UserError, match=r"usps\.bz2: there is no such file; put the official file"):
        usps.fetch(OPTIONS)
    for name, content in files.items():
        (tmp_path / "usps" / name).write_bytes(content)
    check(usps.fetch(OPTIONS))
    (tmp_path / "usps" / "usps.t.bz2").write_bytes(files["usps.bz2"])
    with pytest.raises(
        UserError, match=r"usps\.t\.bz2: the file is damaged or not the official one"
    ):
        usps.fetch(OPTIONS)


def test_the_mirrors_hdf5_has_the_same_images(tmp_path, monkeypatch):
    monkeypatch.setenv(official_files.MIRROR, str(tmp_path))
    (tmp_path / "usps").mkdir()
    labels = np.arange(10).repeat(3)
    with h5py.File(tmp_path / "usps" / "usps.h5", "w") as file:
        for part in ("train", "test"):
            file[f"{part}/data"] = np.tile(PIXELS, (10, 1)) / 255
            file[f"{part}/target"] = labels
    raw = usps.fetch(OPTIONS)
    assert raw.class_names == official_files.DIGIT_NAMES
    assert np.array_equal(raw.images[:3].reshape(3, -1), PIXELS)


def test_it_is_downloaded_or_the_remedy_is_named(monkeypatch, files):
    monkeypatch.delenv(official_files.MIRROR, raising=False)

    def get(address, timeout):
        answer = requests.Response()
        answer.status_code, answer._content = 200, files[address.rpartition("/")[2]]
        return answer

    monkeypatch.setattr(requests, "get", get)
    check(usps.fetch(OPTIONS))

    def refuse(address, timeout):
        raise requests.ConnectionError("no route")

    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(UserError, match=r"usps.bz2 cannot be downloaded \(ConnectionError\)"):
        usps.fetch(OPTIONS)
