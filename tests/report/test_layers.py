"""Arrows point down: nothing below the report imports it, and within it pages are on top."""

import ast
from pathlib import Path

import heatproof

ROOT = Path(heatproof.__file__).parent
ABOVE = ("api", "cli", "explain_image")  # what may import the report
LAYERS = ("site", "pages", "sections", "study", "rendering", "charts", "text")  # the top one first


def imports(path: Path) -> set[str]:
    """Every module of the library that a file imports, at the top or within a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("heatproof.")}


def test_a_change_of_the_report_makes_no_other_stage_stale() -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if path.parts[len(ROOT.parts)] != "report" and path.stem not in ABOVE
        if any(name.startswith("heatproof.report") for name in imports(path))
    }
    assert importers == set()


def test_within_the_report_pages_import_sections_and_these_charts_and_text() -> None:
    upwards = []
    for place, layer in enumerate(LAYERS):
        above = {f"heatproof.report.{name}" for name in LAYERS[:place]}
        for path in (ROOT / "report").rglob("*.py"):
            if layer in (path.stem, path.parent.name):
                upwards += [
                    (path.name, n) for n in imports(path) if ".".join(n.split(".")[:3]) in above
                ]
    assert upwards == []
