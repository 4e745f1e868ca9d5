"""`make export`: files that other programs open without this project's code, with equal logits."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from heatproof.config import params
from heatproof.models.batch_norm import BatchNormalization
from heatproof.models.builtin_layers import plain
from heatproof.run.errors import UserError
from tests.attribution import architectures
from tests.scratch import environment
from tests.small_cell import write_cell, write_params
from tools import export

CELL = "simple_cnn-digits"
WITHOUT_ONNX = ["keras", "saved_model"]
UNLIKE = ("simple_cnn", "mobilenet_v2", "efficient_cnn")  # of the layers that others have
needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in export.ONNX_NEEDS),
    reason="requirements-export.txt is not installed (make export installs it)",
)


def ready(name: str) -> tuple[keras.Model, np.ndarray]:
    """Return an architecture with random weights, its batch norms' too, and images."""
    found = architectures.shared(name)
    return found.model, found.images(5)


def opened_elsewhere(path: Path, images: np.ndarray, folder: Path) -> np.ndarray:
    """Open a .keras file in a process that cannot import this project; return its logits."""
    np.save(folder / "images.npy", images)
    code = (
        "import sys, keras, numpy as np\n"
        "model = keras.saving.load_model(sys.argv[1], compile=False)\n"
        "np.save('logits.npy', np.asarray(model(np.load('images.npy'))))\n"
        "assert not any(name.split('.')[0] == 'heatproof' for name in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(path)], cwd=folder, env=environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return np.load(folder / "logits.npy")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in UNLIKE else pytest.mark.thorough)
        for name in architectures.NAMES
    ],
)
def test_every_architecture_gives_the_same_logits_here_and_elsewhere(
    tmp_path: Path, name: str
) -> None:
    model, images = ready(name)
    apart = export.export(model, images, tmp_path, WITHOUT_ONNX)
    assert set(apart) == set(WITHOUT_ONNX) and max(apart.values()) <= export.TOLERANCE
    assert not any(isinstance(x, BatchNormalization) for x in plain(model).layers)
    if name == "mobilenet_v2":  # which has the most layers of our own
        (tmp_path / "elsewhere").mkdir()
        given = opened_elsewhere(tmp_path / "model.keras", images, tmp_path / "elsewhere")
        assert np.allclose(given, np.asarray(model(images)), atol=export.TOLERANCE)


@pytest.mark.thorough
@needs_onnx
@pytest.mark.parametrize("name", architectures.NAMES)
def test_every_architecture_goes_through_onnx(tmp_path: Path, name: str) -> None:
    model, images = ready(name)
    apart = export.export(model, images, tmp_path, ["onnx"])
    assert apart["onnx"] <= export.TOLERANCE
    given = export.onnx_logits(tmp_path / "model.onnx", images)
    assert np.allclose(given, np.asarray(model(images)), atol=export.TOLERANCE)


def test_logits_that_differ_are_refused(tmp_path: Path, monkeypatch) -> None:
    model, images = ready("simple_cnn")
    file, save, logits = export.FORMATS["keras"]
    off = lambda path, some: logits(path, some) + np.float32(2e-4)  # noqa: E731
    monkeypatch.setitem(export.FORMATS, "keras", (file, save, off))
    with pytest.raises(UserError, match=r"model\.keras: its logits are up to 0\.0002 from"):
        export.export(model, images, tmp_path, ["keras"])
    nothing = lambda path, some: np.full((len(some), 10), np.nan)  # noqa: E731
    monkeypatch.setitem(export.FORMATS, "keras", (file, save, nothing))
    with pytest.raises(UserError, match="its logits are"):
        export.export(model, images, tmp_path, ["keras"])


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a cell that has weights."""
    monkeypatch.chdir(tmp_path)
    write_params(CELL)
    write_cell(CELL, 16, 1, lambda predicted: predicted == 0)
    return tmp_path


def test_a_cell_is_exported_and_a_second_time_replaced(trained: Path) -> None:
    for _ in range(2):
        place = export.export_cell(CELL, WITHOUT_ONNX, Path("exports"))
        found = {path.name for path in place.iterdir()}
        assert found == {"model.keras", "saved_model", "card.json"}
    card = json.loads((place / "card.json").read_text(encoding="utf-8"))
    assert card["input"]["shape"] == [None, 16, 16, 1]
    assert card["classes"][3] == "class 3"
    assert [path.name for path in Path("exports").iterdir()] == [CELL]


def test_what_cannot_be_exported_is_refused_with_a_remedy(trained: Path, monkeypatch) -> None:
    with pytest.raises(UserError, match="did you mean 'simple_cnn-digits'"):
        export.export_cell("simple_cnn-digit", WITHOUT_ONNX, Path("exports"))
    monkeypatch.setattr(export, "ONNX_NEEDS", ("json", "not_there"))
    with pytest.raises(UserError, match=r"ONNX needs not_there.*--formats keras saved_model"):
        export.export_cell(CELL, list(export.FORMATS), Path("exports"))
    (trained / "data" / "models" / f"{CELL}.weights.h5").unlink()
    with pytest.raises(UserError, match=f"is not trained yet.*dvc repro train@{CELL}"):
        export.export_cell(CELL, WITHOUT_ONNX, Path("exports"))
    assert not (trained / "exports").exists()
    assert params.load().cells
