"""The fetch stage: from params.yaml to data/raw, in canonical order, without TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages import artifacts
from stages.artifacts import RawDataset
from stages.errors import UserError
from stages.fetch import fetch, in_canonical_order
from tests import small_cell
from tests.datasets import stand_ins
from tests.scratch import ROOT, environment

CELL = "simple_cnn-digits"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the real params.yaml, shrunk, whose digits are small."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATASETS_MIRROR", raising=False)
    small_cell.write_params(CELL, datasets={"digits": {"fetch": {"size": 8}}})
    return tmp_path


def written(folder: Path) -> list[str]:
    """Return every file but params.yaml."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != "params.yaml"
    )


def test_digits_are_written_in_canonical_order(folder: Path) -> None:
    fetch("digits")
    assert written(folder) == ["data/raw/digits.npz"]
    raw = artifacts.read_raw("digits")
    assert raw.images.shape == (1797, 8, 8, 1)
    assert (np.diff(raw.labels) >= 0).all()
    for label in range(10):
        content = [image.tobytes() for image in raw.images[raw.labels == label]]
        assert content == sorted(content)
    first = (folder / "data/raw/digits.npz").read_bytes()
    fetch("digits")
    assert (folder / "data/raw/digits.npz").read_bytes() == first


def test_both_parts_are_sorted_and_stay_apart() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (30, 4, 4, 1)).astype(np.uint8)
    labels = random.integers(0, 3, 30)
    raw = RawDataset(images[:20], labels[:20], images[20:], labels[20:], ("a", "b", "c"))
    made = in_canonical_order(raw)
    assert made.class_names == ("a", "b", "c")
    for part, before in ((made.images, images[:20]), (made.test_images, images[20:])):
        assert sorted(i.tobytes() for i in part) == sorted(i.tobytes() for i in before)
    by_image = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    for image, label in zip(made.images, made.labels, strict=True):
        assert by_image[image.tobytes()] == label
    assert (np.diff(made.labels) >= 0).all()
    assert (np.diff(made.test_labels) >= 0).all()


def test_an_image_folder_of_ones_own(folder: Path) -> None:
    for label, value in (("dog", 50), ("cat", 100), ("cat", 200)):
        (folder / "my photos" / label).mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", (20, 30), (value, 0, 0))
        image.save(folder / "my photos" / label / f"{value}.png")
    own = {"source": "image_folder", "reads": "my photos", "size": [16, 12], "colour": "rgb"}
    from tools import overlay

    real = overlay.read(Path("params.yaml"))
    real["datasets"]["pets"] = {**real["datasets"]["cifar10"], "fetch": own}
    overlay.write(Path("params.yaml"), real)
    fetch("pets")
    raw = artifacts.read_raw("pets")
    assert raw.class_names == ("cat", "dog")
    assert raw.images.shape == (3, 16, 12, 3)
    assert raw.labels.tolist() == [0, 0, 1]
    assert raw.images[:, 0, 0, 0].tolist() == [100, 200, 50]


def test_a_mistake_leaves_the_earlier_file(folder: Path) -> None:
    fetch("digits")
    before = (folder / "data/raw/digits.npz").read_bytes()
    small_cell.write_params(
        CELL,
        datasets={"digits": {"fetch": {"source": "image_folder", "reads": "x", "size": [8, 8]}}},
    )
    with pytest.raises(UserError, match="x: there is no such folder|digits.fetch.size"):
        fetch("digits")
    assert written(folder) == ["data/raw/digits.npz"]
    assert (folder / "data/raw/digits.npz").read_bytes() == before


def test_an_unknown_dataset() -> None:
    with pytest.raises(UserError, match="did you mean 'digits'"):
        fetch("digit")


LISTED = (
    "import sys; from {module} import main; sys.argv = ['x', '--dataset', {dataset!r}]; main(); "
    "heavy = {{'tensorflow', 'keras', 'torch', 'jax', 'mlflow', 'tensorflow_datasets'}}; "
    "print('imported:', sorted(heavy & set(sys.modules)))"
)


def imported(module: str, dataset: str, **more: str) -> str:
    """Run a stage in a process of its own; return which heavy packages it imported."""
    done = subprocess.run(
        [sys.executable, "-c", LISTED.format(module=module, dataset=dataset)],
        env=environment(PYTHONPATH=str(ROOT), **more),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout.strip().splitlines()[-1]


def test_fetching_digits_imports_no_tensorflow() -> None:
    assert imported("stages.fetch", "digits") == "imported: []"


def test_reading_the_mirror_imports_no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its own process knows the real checksums only: the mistake is in the file, found without
    # TensorFlow. The whole way is walked where the real files are.
    mirror = os.environ.get("STUDY_TEST_MIRROR")
    stand_ins.write_idx(Path("mirror") / "mnist", "mnist", monkeypatch)
    assert mirror is None
