"""Where else it runs: in a container, in a browser (Binder, Colab), in a development container."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.documentation import commands
from tests.scratch import ROOT

NOTEBOOK = ROOT / "notebooks" / "demo.ipynb"
_SHELL = re.compile(r"(?<=^    )!(.+)$|^!(.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def code() -> list[str]:
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_the_image_has_a_pinned_base_what_it_copies_and_no_root() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    (base,) = [line for line in lines if line.startswith("FROM")]
    assert re.fullmatch(r"FROM \S+@sha256:[0-9a-f]{64}", base)
    for source in [line.split()[1] for line in lines if line.startswith("COPY")]:
        assert (ROOT / source).exists()
    assert [line for line in lines if line.startswith("USER")][-1] != "USER root"


def test_no_file_that_the_commands_need_is_left_out_of_the_image() -> None:
    left_out = [
        line
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for path in tracked:
        if path.startswith(("heatproof/", "stages/", "tools/", "examples/", "requirements.")):
            parts = Path(path).parts
            assert not any("/".join(parts[:n]) in left_out for n in range(1, len(parts) + 1)), path


def test_the_development_container_calls_what_there_is() -> None:
    settings: dict[str, Any] = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert commands.check(settings["postCreateCommand"]) == 1
    assert "python:3.11" in settings["image"]


def test_binder_makes_the_environment_that_the_notebook_uses() -> None:
    assert (ROOT / ".binder/runtime.txt").read_text() == "python-3.11\n"
    script = (ROOT / ".binder/postBuild").read_text()
    assert commands.check("\n".join(line for line in script.splitlines() if "set -" not in line))


def test_the_demo_notebooks_commands_are_accepted(code: list[str]) -> None:
    shell = ["".join(words) for cell in code for words in _SHELL.findall(cell)]
    assert len(shell) == 5 and "make demo" in shell
    for words in shell:
        assert commands.check(words) == 1


def test_the_demo_notebooks_python_runs(
    code: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    (tmp_path / "demo.html").write_text('<p title="x">é &amp; more</p>', encoding="utf-8")
    shown: list[str] = []
    jupyter = SimpleNamespace(HTML=shown.append)  # the tests' environment has no IPython
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=jupyter))
    monkeypatch.setitem(sys.modules, "IPython.display", jupyter)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in code:
        exec(compile(_SHELL.sub("pass", cell), NOTEBOOK.name, "exec"), namespace)
    assert "&lt;p title=&quot;x&quot;&gt;é &amp;amp; more" in shown[0]


def test_the_demo_notebook_is_committed_as_jupyter_saves_it_without_outputs() -> None:
    text = NOTEBOOK.read_text("utf-8")
    content = json.loads(text)
    assert text == json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    assert not any(cell.get("outputs") for cell in content["cells"])
