"""No code comes from data: what is planted does not run, and the source has no way to run it.

What is planted makes the folder `ran`, wherever the project reads files.
"""

import os
import pickle
import tarfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heatproof.config import params
from heatproof.config.yaml_file import read_yaml
from heatproof.datasets import official_files
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, tables, weights
from tests import forbidden, overlay
from tests.datasets import stand_ins
from tools import comparing, exp_files

ROOT = Path(__file__).resolve().parents[1]
CELL = "simple_cnn-digits"
RAN = Path("ran")


class Planted:
    """Makes a folder where it is unpickled."""

    def __reduce__(self) -> Any:
        return os.mkdir, (str(RAN.absolute()),)


@pytest.fixture(autouse=True)
def nothing_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not RAN.exists()


def test_the_plant_does_run_where_it_is_unpickled() -> None:
    pickle.loads(pickle.dumps(Planted()))  # noqa: S301  this is what the others must not do
    RAN.rmdir()
    np.savez("planted.npz", planted=np.array([Planted()], dtype=object))
    with np.load("planted.npz", allow_pickle=True) as archive:
        assert archive["planted"].shape == (1,)
    RAN.rmdir()


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps(Planted()))


def as_npy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([Planted()], dtype=object))


def as_npz(path: Path) -> None:
    names = ("images", "labels", "class_names", "state", "target", "predicted", "map/gradcam")
    plant = np.array([Planted()], dtype=object)
    with path.open("wb") as file:
        np.savez(file, train_images=plant, **dict.fromkeys(names, plant))


HISTORY = paths.history(CELL)
READERS: dict[str, tuple[Path, Callable[[], object]]] = {
    "raw": (paths.raw("d"), lambda: artifacts.read_raw("d")),
    "processed": (paths.processed("d"), lambda: artifacts.read_dataset("d")),
    "pictures": (paths.inspection("d"), lambda: artifacts.read_inspection("d")),
    "predictions": (paths.predictions(CELL), lambda: artifacts.read_predictions(CELL)),
    "explanations": (
        paths.explanations(CELL, "lime"),
        lambda: artifacts.read_explanations(CELL, "lime"),
    ),
    "trust": (paths.trust(CELL, "a"), lambda: artifacts.read_trust(CELL, ["a"])),
    "metrics": (paths.metrics("a", "b"), lambda: artifacts.read_metrics("a", "b")),
    "table": (HISTORY, lambda: tables.read_table(HISTORY)),
    "params.yaml": (params.PARAMS, params.load),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("plant", [pickled, as_npy, as_npz])
def test_what_the_stages_read(reader: str, plant: Callable[[Path], None]) -> None:
    path, read = READERS[reader]
    path.parent.mkdir(parents=True, exist_ok=True)
    plant(path)
    with pytest.raises(UserError):
        read()


@pytest.mark.parametrize("plant", [pickled, as_npy, as_npz])
def test_what_training_goes_on_from(plant: Callable[[Path], None]) -> None:
    from heatproof.training.checkpoints import Checkpoint

    plant(Path("resume.npz"))
    assert Checkpoint(Path("resume.npz"), "key").read() is None


@pytest.mark.parametrize("plant", [pickled, as_npy, as_npz])
def test_what_the_tools_read(plant: Callable[[Path], None]) -> None:
    plant(Path("planted.npz"))
    assert exp_files._maps(Path("planted.npz")) == {}
    assert exp_files._filters(Path("planted.npz"))[0] == {}
    with pytest.raises((ValueError, OSError)):
        list(comparing._numbers(Path("planted.npz")))


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.mkdir [ran]",
        "!!python/object/new:os.mkdir [ran]",
        "!!python/name:os.mkdir ''",
        "!!python/module:antigravity ''",
        "!!python/object:tests.test_no_code.Planted {}",
    ],
)
def test_yaml(tag: str) -> None:
    for text in (f"seed: {tag}\n", f"{tag}\n", f"? {tag}\n: 1\n"):
        params.PARAMS.write_text(text)
        with pytest.raises(UserError, match="not valid YAML"):
            params.load()
        with pytest.raises(UserError):
            read_yaml(params.PARAMS)
        with pytest.raises(Exception, match="python"):
            overlay.read(params.PARAMS)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with whole models whose Lambda layer makes the folder `ran`, in Keras' formats."""
    import keras

    folder = tmp_path_factory.mktemp("models")

    def plant(x: Any) -> Any:
        from pathlib import Path

        Path("ran").mkdir(exist_ok=True)
        return x

    with chdir(folder):
        inputs = keras.Input((16, 16, 1))
        x = keras.layers.Lambda(plant, output_shape=(16, 16, 1))(inputs)
        x = keras.layers.Conv2D(2, 3)(x)
        model = keras.Model(inputs, x)
        model(np.zeros((1, 16, 16, 1)))
        assert RAN.exists()
        model.save("model.keras")
        model.save("model.h5")
    return folder


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_whole_model_in_the_place_of_weights(models: Path, name: str) -> None:
    import keras

    inputs = keras.Input((16, 16, 1))
    network = keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs))
    path = paths.weights(CELL)
    path.parent.mkdir(parents=True)
    path.write_bytes((models / name).read_bytes())
    with pytest.raises(UserError, match="do not fit the network"):
        weights.load(CELL, network)
    assert exp_files._filters(path)[0] == {}


def test_an_archive_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    members = stand_ins.cifar_members(monkeypatch)
    archive = Path("mirror/cifar10") / official_files.CIFAR_ARCHIVE
    places = ("ran/x", "../ran/x", str(RAN.absolute() / "x"), "cifar-10-batches-bin/../../ran/x")
    stand_ins.write_archive(
        archive,
        [stand_ins.member(place, b"x") for place in places]
        + [stand_ins.member("link", type=tarfile.SYMTYPE, linkname=str(Path.cwd()))]
        + [stand_ins.member("link/ran", b"x")]
        + [stand_ins.member(f"{official_files.CIFAR_FOLDER}/{n}", c) for n, c in members.items()],
    )
    assert len(official_files.read("cifar10", Path("mirror")).labels) == 20
    assert sorted(Path.cwd().rglob("*")) == [Path("mirror").absolute(), archive.parent.absolute(),
                                             archive.absolute()]  # fmt: skip


ALLOWED = {
    # A file that this very program has written before, in Keras' safe mode, which runs no Lambda.
    "tools/export.py": ("calls load_model",),
    # What the description names is looked at first: tests/models/test_model_file.py.
    "heatproof/models/model_file.py": ("calls load_model", "calls model_from_json"),
    # Its reader knows no name but those of tensors: tests/models/test_torch_file.py.
    "heatproof/models/torch_file.py": ("imports pickle",),
}


def test_no_source_can_run_data() -> None:
    sources = [
        path.relative_to(ROOT).as_posix()
        for folder in ("heatproof", "stages", "tools", "bench")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(sources) > 200
    assert [
        f"{path}:{line}"
        for path in sources
        for line in forbidden.violations((ROOT / path).read_text(encoding="utf-8"))
        if line.partition(": ")[2] not in ALLOWED.get(path, ())
    ] == []


def test_each_way_to_run_data_is_found_and_what_only_looks_like_it_is_not() -> None:
    missed = [bad for bad in forbidden.EXAMPLES if len(forbidden.violations(bad)) != 1]
    assert missed == []
    assert [good for good in forbidden.FINE if forbidden.violations(good)] == []


def test_the_servers_of_the_makefile_listen_to_this_machine_only() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    served = [line for line in text.splitlines() if "mlflow ui" in line or "http.server" in line]
    assert served
    assert all("127.0.0.1" in line for line in served)
    assert "0.0.0.0" not in text
