"""The fetch stage: from params.yaml to data/raw, in canonical order, without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.config.yaml_file import read_yaml
from heatproof.datasets import official_files
from heatproof.datasets.canonical import in_canonical_order
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, origins, paths
from heatproof.storage.records import Origins, RawDataset
from stages.fetch import fetch
from tests import overlay, small_cell
from tests.datasets import stand_ins
from tests.scratch import ROOT, environment

CELLS = ("simple_cnn-digits", "simple_cnn-mnist")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the real params.yaml, shrunk, whose digits are small."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATASETS_MIRROR", raising=False)
    small_cell.write_params(*CELLS, datasets={"digits": {"fetch": {"size": 8}}})
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
    files = [paths.raw("digits") / name for name in (paths.IMAGES, paths.RECORD, paths.MASKS)]
    assert written(folder) == sorted(map(str, [paths.origins("digits"), *files]))
    assert not len(origins.read("digits").files)  # they come with scikit-learn
    raw = artifacts.read_raw("digits")
    assert raw.images.shape == (1797, 8, 8, 1)
    assert (np.diff(raw.labels) >= 0).all()
    for label in range(10):
        content = [image.tobytes() for image in raw.images[raw.labels == label]]
        assert content == sorted(content)
    first = [file.read_bytes() for file in files]
    fetch("digits")
    assert [file.read_bytes() for file in files] == first


def test_both_parts_are_sorted_and_stay_apart() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (30, 4, 4, 1)).astype(np.uint8)
    labels = random.integers(0, 3, 30)
    names = np.array([image.tobytes().hex() for image in images])
    raw = RawDataset(
        images[:20], labels[:20], images[20:], labels[20:], ("a", "b", "c"),
        origins=Origins(names, np.arange(60).reshape(30, 2)),
    )  # fmt: skip
    made = in_canonical_order(raw)
    assert made.class_names == ("a", "b", "c")
    for part, before in ((made.images, images[:20]), (made.test_images, images[20:])):
        assert sorted(i.tobytes() for i in part) == sorted(i.tobytes() for i in before)
    by_image = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    for image, label in zip(made.images, made.labels, strict=True):
        assert by_image[image.tobytes()] == label
    assert (np.diff(made.labels) >= 0).all()
    assert (np.diff(made.test_labels) >= 0).all()
    assert made.origins is not None
    in_order = [image.tobytes().hex() for image in (*made.images, *made.test_images)]
    assert made.origins.files.tolist() == in_order
    assert names[made.origins.sizes[:, 0] // 2].tolist() == in_order


def use_own_images(folder: Path) -> None:
    """Write three photographs in two subfolders, and name them in params.yaml as `pets`."""
    for label, value in (("dog", 50), ("cat", 100), ("cat", 200)):
        place = folder / "my photos é" / label
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 30), (value, 0, 0)).save(place / f"{value}.png")
    own = {"source": "image_folder", "reads": "my photos é", "size": [16, 12]}
    content = overlay.read(Path("params.yaml"))
    content["datasets"]["pets"] = {**content["datasets"]["digits"], "fetch": own}
    overlay.write(Path("params.yaml"), content)


def test_an_image_folder_of_ones_own(folder: Path) -> None:
    use_own_images(folder)
    fetch("pets")
    raw = artifacts.read_raw("pets")
    assert raw.class_names == ("cat", "dog")
    assert raw.images.shape == (3, 16, 12, 3)
    assert raw.labels.tolist() == [0, 0, 1]
    assert raw.images[:, 0, 0, 0].tolist() == [100, 200, 50]
    known = origins.read("pets")
    assert known.files.tolist() == ["cat/100.png", "cat/200.png", "dog/50.png"]
    assert known.sizes.tolist() == [[20, 30]] * 3


def test_a_remark_changes_nothing_that_trainings_depend_on(folder: Path) -> None:
    use_own_images(folder)
    fetch("pets")
    before = {path: path.read_bytes() for path in paths.raw("pets").iterdir()}
    assert origins.read("pets").remarks == ()
    (folder / "my photos é" / "README.txt").touch()
    fetch("pets")
    assert {path: path.read_bytes() for path in paths.raw("pets").iterdir()} == before
    assert origins.read("pets").remarks == ("1 file is no image: README.txt",)


def test_a_dataset_that_no_cell_uses_is_fetched_and_said_to_be_needless(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch("digits")
    assert not capsys.readouterr().out
    content = read_yaml(folder / "params.yaml")
    for place in ("cells", "runs"):
        del content[place]["simple_cnn-digits"]
    overlay.write(folder / "params.yaml", content)
    fetch("digits")
    said = capsys.readouterr().out
    assert said.startswith("fetch digits: no cell uses this dataset; remove datasets.digits from")
    domain = {"model": "simple_cnn", "dataset": "mnist", "domain": "digits"}
    content["evaluate_on"] = {"simple_cnn-mnist-on-digits": domain}
    overlay.write(folder / "params.yaml", content)
    fetch("digits")
    assert not capsys.readouterr().out


def test_a_mistake_leaves_the_earlier_file(folder: Path) -> None:
    use_own_images(folder)
    fetch("pets")
    before = {path: path.read_bytes() for path in paths.raw("pets").iterdir()}
    (folder / "my photos é" / "dog" / "50.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"my photos é/dog/50.png: the file is empty"):
        fetch("pets")
    assert {path: path.read_bytes() for path in paths.raw("pets").iterdir()} == before
    assert not list((folder / "data").rglob(".*"))


def test_an_unknown_dataset() -> None:
    with pytest.raises(UserError, match="did you mean 'digits'"):
        fetch("digit")


def run(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, as a stage is run."""
    return subprocess.run(
        [sys.executable, "-c", code], env=environment(PYTHONPATH=str(ROOT), **more),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


FETCHED = """
import sys
from stages.fetch import fetch
fetch({!r})
heavy = ["tensorflow", "tensorflow_datasets", "keras", "torch", "jax", "mlflow"]
print([name for name in heavy if name in sys.modules])
"""


@pytest.mark.parametrize("dataset", ["digits", "pets"])
def test_fetching_needs_no_tensorflow(folder: Path, dataset: str) -> None:
    use_own_images(folder)
    done = run(FETCHED.format(dataset))
    assert done.stdout.splitlines()[-1] == "[]", done.stdout
    assert paths.raw(dataset).exists()


def test_reading_the_mirror_needs_no_tensorflow(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = stand_ins.write_idx(folder / "mirror" / "mnist", "mnist", monkeypatch)
    checksums = (
        "from heatproof.datasets import official_files\n"
        f"official_files.IDX_FILES['mnist'] = {official_files.IDX_FILES['mnist']!r}\n"
    )
    done = run(checksums + FETCHED.format("mnist"), DATASETS_MIRROR="mirror")
    assert done.stdout == "[]\n", done.stdout
    raw = artifacts.read_raw("mnist")
    assert raw.labels.tolist() == sorted(arrays[1].tolist())
    assert raw.test_labels.tolist() == sorted(arrays[3].tolist())


def test_from_the_command_line_a_mistake_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_ins.write_idx(folder / "mirror" / "mnist", "mnist", monkeypatch)
    done = subprocess.run(
        [sys.executable, "-m", "stages.fetch", "--dataset", "mnist"],
        env=environment(PYTHONPATH=str(ROOT), DATASETS_MIRROR="mirror"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: mirror/mnist/train-images-idx3-ubyte.gz: the file is")
    assert done.stderr.count("\n") == 1
    assert not [path for path in (folder / "data").rglob("*") if path.is_file()]
