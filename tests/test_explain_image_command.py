"""`explain_image` as a command: what it passes on, and what it says before any work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof import api, explain_image, explaining_photos
from heatproof.run.errors import UserError
from tests import small_cell
from tests.photos import photo

GRAY = "simple_cnn-digits"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_names_that_differ_do_not_share_a_page() -> None:
    names = ["a?.png", "a*.png", "x" * 60 + ".png", "x" * 61 + ".png", "a.png"]
    stems = {explaining_photos._stem([name]) for name in names}
    assert len(stems) == len(names)
    assert explaining_photos._stem(["a b.png"]) == "a b"


def test_without_a_trained_cell_the_error_names_the_command(repository: Path) -> None:
    """As a user sees it: one line on stderr, exit code 2, and no wait for TensorFlow."""
    small_cell.write_params(GRAY)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "heatproof.explain_image", photo("photo.png"),
         "--cell", GRAY, "--methods", "gradcam,saliency", "lime"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert done.returncode == 2
    assert f"the cell '{GRAY}' is not trained yet; train it with `dvc repro train@{GRAY}`" in (
        done.stderr
    )
    assert "tensorflow" not in done.stderr and "Traceback" not in done.stderr


def test_the_command_line_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    called: dict[str, object] = {}
    monkeypatch.setattr(
        explain_image,
        "explain_images",
        lambda paths, cell, **more: called.update(more, paths=paths, cell=cell),
    )
    monkeypatch.setattr(sys, "argv", [
        "explain_image", "a.png", "b.jpg", "--cell", GRAY, "--methods", "gradcam,lime", "shapley",
        "--target", "cat", "--fit", "pad", "--invert", "--output", "out", "--study", "demo",
    ])  # fmt: skip
    explain_image.main()
    assert called == {
        "paths": [Path("a.png"), Path("b.jpg")], "cell": GRAY,
        "wanted": ["gradcam", "lime", "shapley"],
        "target": "cat", "fit": "pad", "invert": True, "levels": False, "as_is": False,
        "output": Path("out"),
        "study": Path("demo"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("trained", "said"),
    [(["a-x", "b-x"], "trained are a-x, b-x"), ([], "none is trained yet")],
)
def test_without_a_cell_those_that_are_trained_are_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trained: list[str], said: str
) -> None:
    (tmp_path / "params.yaml").touch()
    monkeypatch.setattr(api, "trained_cells", lambda study: trained)
    monkeypatch.setattr(sys, "argv", ["explain_image", "a.png", "--study", str(tmp_path)])
    with pytest.raises(UserError, match=said):
        explain_image.main()


def test_the_folder_that_nobody_named_is_told_by_its_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["explain_image", "a.png"])
    with pytest.raises(UserError, match=rf"^{tmp_path} is not a study, it has no params\.yaml: go"):
        explain_image.main()


def test_the_only_cell_needs_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").touch()
    called: list[str] = []
    monkeypatch.setattr(api, "trained_cells", lambda study: [GRAY])
    monkeypatch.setattr(
        explain_image, "explain_images", lambda paths, cell, **_: called.append(cell)
    )
    monkeypatch.setattr(sys, "argv", ["explain_image", "a.png", "--study", str(tmp_path)])
    explain_image.main()
    assert called == [GRAY]
