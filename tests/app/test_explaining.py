"""Pictures that the app is given, by a real network: what it answers, and what it refuses."""

import io
import json
import struct
import tempfile
import zlib
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from heatproof import api
from heatproof.app import explaining, open_cells
from heatproof.app.open_cells import OpenCells
from heatproof.app.watched import Stopped
from heatproof.attribution import registry
from heatproof.explain_image import explain_images
from heatproof.run.errors import UserError
from heatproof.storage import paths
from tests import scratch, small_cell
from tests.photos import photo

CELL = "simple_cnn-digits"
METHODS = ["gradcam", "lime"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    with chdir(folder):
        small_cell.write_params(CELL, explain=scratch.FEW_SAMPLES)
        small_cell.write_cell(CELL, 16, 1, mistaken=lambda predicted: predicted < 5)
        photo("photo.png")
    return folder


@pytest.fixture(scope="module")
def cells(study: Path) -> OpenCells:
    return OpenCells(study)


def answered(
    cells: OpenCells,
    content: bytes = b"",
    stopped: Callable[[], bool] = lambda: False,
    **request: Any,
) -> list[tuple[dict[str, Any], bytes]]:
    """Return what is told of a request, each with its bytes."""
    told: list[tuple[dict[str, Any], bytes]] = []
    how = {"fit": None, "invert": False, "levels": False, "as_is": False}
    usual = {"cell": CELL, "name": "photo.png", "methods": METHODS, "target": None, "how": how}
    explaining.answer(
        cells, {"do": "explain"} | usual | request, content,
        lambda header, content=b"": told.append((header, content)), stopped,
    )  # fmt: skip
    return told


def test_a_network_is_described_with_what_its_methods_cost(cells: OpenCells) -> None:
    described = json.loads(answered(cells, do="describe")[-1][1])
    assert described["classes"] == [f"class {number}" for number in range(10)]
    assert described["size"] == "16×16"
    methods = {method["name"]: method for method in described["methods"]}
    assert set(methods) == set(cells.get(CELL).methods)
    assert (methods["gradcam"]["passes"], methods["gradcam"]["slow"]) == (1, False)
    assert methods["lime"]["slow"] and methods["lime"]["passes"] >= 50
    assert methods["lime"]["seconds"] is None and methods["lime"]["level"] == ""


def test_a_network_of_which_only_predictions_are_seen_offers_what_needs_no_more(
    cells: OpenCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells.get(CELL).network, "opaque", "an ONNX file")
    described = json.loads(answered(cells, do="describe")[-1][1])
    offered = {method["name"] for method in described["methods"]}
    needing = {name for name, method in registry.methods().items() if method.needs != "predictions"}
    assert "lime" in offered and not offered & needing
    missing = len(cells.get(CELL).methods) - len(offered)
    assert f"{missing} methods that need more are not offered" in described["remarks"][-1]


@pytest.mark.parametrize("target", [None, 3])
def test_the_page_is_that_of_the_command_to_the_byte(
    cells: OpenCells,
    study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: int | None,
) -> None:
    told = answered(cells, (study / "photo.png").read_bytes(), target=target)
    events = [header["event"] for header, _ in told]
    assert events[:2] == ["opening", "predicted"] and events[-1] == "done"
    counted = [(h["number"], h["of"]) for h, _ in told if h["event"] == "method"]
    assert counted[0] == (1, 2) and counted[-1] == (2, 2) and counted == sorted(counted)
    monkeypatch.setattr(api, "open_cell", lambda name, folder: cells.get(name))
    page = explain_images(
        [study / "photo.png"], CELL, wanted=METHODS, output=tmp_path, study=study,
        target=None if target is None else f"class {target}",
    )  # fmt: skip
    header, content = told[-1]
    assert header["file"] == page.name
    assert content == page.read_bytes()


def test_it_stops_in_the_middle_of_a_method_and_works_on_after_that(
    cells: OpenCells, study: Path
) -> None:
    content, asked = (study / "photo.png").read_bytes(), []

    def stopped() -> bool:
        asked.append(None)
        return len(asked) > 3  # opened, one method begun, and one of its batches

    with pytest.raises(Stopped):
        answered(cells, content, stopped, methods=["lime", "gradcam"])
    assert cells.get(CELL).network.progress is None
    assert answered(cells, content)[-1][0]["event"] == "done"


def test_a_network_that_was_trained_again_is_opened_again(
    cells: OpenCells, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def noted(name: str, folder: Path) -> api.TrainedCell:
        opened.append(name)
        return trained

    trained = cells.get(CELL)
    monkeypatch.setattr(open_cells.api, "open_cell", noted)
    again = OpenCells(study)
    for _ in range(2):
        assert again.get(CELL).network is trained.network
    assert opened == [CELL]
    weights = study / paths.weights(CELL)
    content = weights.read_bytes()
    weights.unlink()
    weights.write_bytes(content)
    again.get(CELL)
    assert opened == [CELL] * 2
    monkeypatch.undo()
    weights.rename(study / "elsewhere")
    try:
        with pytest.raises(UserError, match=f"is not trained yet; train it with .*train@{CELL}"):
            again.get(CELL)
    finally:
        (study / "elsewhere").rename(weights)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"cell": "simple_cnn-digit"}, "did you mean 'simple_cnn-digits'"),
        ({"cell": "../../etc/passwd"}, "there is no cell"),
        ({"methods": ["gradcan"]}, "did you mean 'gradcam'"),
        ({"target": 99}, "there is no class '99'"),
    ],
)
def test_a_mistake_is_told_as_by_the_command(
    cells: OpenCells, study: Path, request_: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        answered(cells, (study / "photo.png").read_bytes(), **request_)


def chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(width: int, height: int, rows: bytes) -> bytes:
    """Return a PNG file of whatever its header says it is."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def encoded(kind: str, size: tuple[int, int] = (20, 10)) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
HOSTILE = {
    "nothing": (b"", "the file is empty"),
    "SVG": (SVG, "no image of a known kind"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "no image of a known kind"),
    "a zip file": (b"PK\x03\x04" + bytes(100), "no image of a known kind"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "format EPS, which"),
    "a pickle": (b"\x80\x04cos\nsystem\n(S'touch ran'\ntR.", "no image of a known kind"),
    "cut off": (encoded("PNG")[:200], "damaged or cut off"),
    "cut off JPEG": (encoded("JPEG")[:300], "damaged or cut off"),
    "too many pixels": (png(50_000, 50_000, bytes(1000)), "too many pixels, over 89,478,485"),
    "a bomb": (png(10, 10, bytes(50_000_000)), "more data than an image of its size has|damaged"),
    "of no size": (png(0, 10, b""), "damaged or cut off"),
    "a film": (b"\x00\x00\x00\x18ftypheic" + bytes(50), "HEIF image or a film"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_picture_is_told_and_nothing_is_left(
    kind: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content, told = HOSTILE[kind]
    with pytest.raises(UserError, match=told) as refused:
        explaining.read_picture(content, "../<b>\n.png", None)
    assert str(refused.value).startswith("../<b>") and str(tmp_path) not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "PPM"])
def test_what_a_file_is_its_content_says(kind: str) -> None:
    # A script behind a picture is never looked at.
    for content in (encoded(kind), encoded(kind) + SVG):
        picture = explaining.read_picture(content, "evil.html", None)
        assert picture.size == (20, 10)
    with pytest.raises(UserError, match="a camera's raw file"):
        explaining.read_picture(encoded(kind), "photo.NEF", None)
