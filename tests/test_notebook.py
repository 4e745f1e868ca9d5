"""notebooks/explore.ipynb: run cell by cell on a demo's artifacts, as a reader would."""

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from heatproof import api
from heatproof.attribution import registry
from heatproof.report import navigation
from heatproof.report.charts.sheet import Picture
from tests import scratch, small_cell

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "explore.ipynb"
CELL = "simple_cnn-digits"


@pytest.fixture(scope="module")
def notebook() -> dict[str, Any]:
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def sources(notebook: dict[str, Any], kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the notebook's folder of a repository in which only the demo was run."""
    folder = tmp_path / "demo"
    folder.mkdir()
    monkeypatch.chdir(folder)
    small_cell.write_params(CELL, explain=scratch.FEW_SAMPLES)
    small_cell.write_cell(CELL, 16, 1, mistaken=lambda predicted: predicted < 5)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.setattr(api, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return folder


def run(source: str, namespace: dict[str, Any]) -> Any:
    """Run a cell as Jupyter does; return the value of its last line if that is an expression."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), str(NOTEBOOK), "exec"), namespace)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), namespace)  # noqa: S307


def test_every_cell_runs_from_top_to_bottom(notebook, demo: Path, capsys) -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    for source in sources(notebook, "code"):
        value = run(source, namespace)
        if isinstance(value, Picture):
            assert value._repr_png_().startswith(b"\x89PNG")
            shown.append(value)
    assert Path.cwd() == demo.parent / "notebooks"
    assert namespace["shown"] == set(namespace["cell"].methods)
    assert len(shown) >= 10
    assert namespace["CELL"] == CELL
    assert "%" in capsys.readouterr().out, "the predictions"


def test_it_names_methods_that_there_are(notebook) -> None:
    calls = re.findall(r"explained\(([^)]*)\)", "".join(sources(notebook, "code")))
    named = {name for call in calls for name in re.findall(r'"(\w+)"', call)}
    assert len(named) > 15 and named <= set(registry.methods())


def test_pages_and_sections_are_called_as_in_the_report(notebook, repository: Path) -> None:
    text = "".join(sources(notebook, "markdown"))
    named = re.findall(r"(?:page|under) \*([^*]+)\*", text)
    templates = (repository / "heatproof" / "report" / "templates").glob("*.html")
    words = "".join(path.read_text("utf-8") for path in templates)
    pages = navigation.LABELS.values()
    assert len(named) == 2
    assert not [name for name in named if name not in pages and f'"{name}"' not in words]


def test_it_is_committed_without_outputs(notebook) -> None:
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    identifiers = [cell["id"] for cell in notebook["cells"]]
    assert len(identifiers) == len(set(identifiers))
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    assert NOTEBOOK.read_text(encoding="utf-8") == text, "as Jupyter saves it"


def test_every_section_has_an_explanation_and_short_code(notebook) -> None:
    for text in sources(notebook, "markdown"):
        heading, _, rest = text.partition("\n")
        assert len(rest if heading.startswith("#") else text) > 80, heading
    assert all(len(source.splitlines()) <= 18 for source in sources(notebook, "code"))
