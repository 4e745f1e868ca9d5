"""Every stage names the code that makes its numbers, and dvc.yaml names no code that does not."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tools import overlay

ROOT = Path(__file__).resolve().parents[2]

# Modules that move values and do not make them: a change that alters a result is a change of the
# file format or of a parameter's meaning, and the stage that makes the value changes with it.
PLUMBING = {
    "stages.params": "hands on params.yaml, whose values are dependencies of their own",
    "stages.schema": "the base of the parameter blocks",
    "stages.errors": "what a mistake says",
    "stages.command": "how a mistake ends",
    "stages.artifacts": "reads and writes arrays as they are",
    "stages.atomic": "writes bytes as they are",
    "stages.tracking": "a side channel beside the results",
    "stages.tracking_store": "the same",
}
# Found by name at run time, so that no import statement shows them.
BY_NAME = {"stages/datasets/${item.fetch.source}.py", "stages/models/${item.architecture}.py"}

PIPELINE: dict[str, Any] = overlay.read(ROOT / "dvc.yaml")["stages"]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in sorted((ROOT / "stages").rglob("*.py"))}


@cache
def imported(module: str) -> frozenset[str]:
    """Return the project's modules that `module` imports anywhere, and the packages they are in."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found & MODULES.keys())


def used_by(module: str) -> set[str]:
    """Return all modules that running `module` may import, itself included, plumbing left out."""
    seen, waiting = set(), [module]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += imported(current)
    return {name for name in seen if name not in PLUMBING and not is_package(name)}


def is_package(module: str) -> bool:
    return MODULES[module].name == "__init__.py"


def dependencies(stage: str) -> tuple[str, list[str]]:
    """Return a stage's module and the code among its dependencies."""
    body = PIPELINE[stage].get("do", PIPELINE[stage])
    words = body["cmd"].split()
    assert words[:2] == ["python", "-m"], body["cmd"]
    return words[2], [dep for dep in body["deps"] if dep.startswith("stages/")]


def covers(dependency: str, module: str) -> bool:
    path = MODULES[module].relative_to(ROOT).as_posix()
    return path == dependency or path.startswith(f"{dependency}/")


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_depends_on_the_code_it_uses(stage: str) -> None:
    module, listed = dependencies(stage)
    left_out = {m for m in used_by(module) if not any(covers(dep, m) for dep in listed)}
    assert not left_out, f"dvc.yaml: {stage} uses these, and would not rerun after a change"


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_depends_on_no_other_code(stage: str) -> None:
    module, listed = dependencies(stage)
    used = used_by(module)
    for dep in listed:
        if dep in BY_NAME:
            continue
        assert (ROOT / dep).exists(), f"dvc.yaml: {stage}: {dep} is not there"
        assert any(covers(dep, m) for m in used), f"dvc.yaml: {stage} reruns for {dep}, unused"


@pytest.mark.parametrize(
    ("room", "template"),
    [("datasets", "stages/datasets/${item.fetch.source}.py"),
     ("models", "stages/models/${item.architecture}.py")],
)  # fmt: skip
def test_what_is_found_by_name_uses_only_what_is_listed(room: str, template: str) -> None:
    """An architecture's helpers are dependencies of the stages that build it; a source's too."""
    block = {"datasets": "Options", "models": "Network"}[room]
    choices = [
        name
        for name, path in MODULES.items()
        if name.startswith(f"stages.{room}.") and f"class {block}(" in path.read_text("utf-8")
    ]
    assert len(choices) >= 3
    for stage in PIPELINE:
        _, listed = dependencies(stage)
        if template not in listed:
            continue
        reads = {"stages.datasets.official_files"} if room == "datasets" else set()
        for choice in choices:
            needed = used_by(choice) - {choice} - reads
            left_out = {m for m in needed if not any(covers(dep, m) for dep in listed)}
            assert not left_out, f"dvc.yaml: {stage}: {choice} uses these"


def test_packages_hold_no_code() -> None:
    """They are nobody's dependency, so they may say something and do nothing."""
    for name, path in MODULES.items():
        if is_package(name):
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert all(isinstance(node, ast.Expr) for node in body), f"{path}: code in a package"


def test_plumbing_is_there() -> None:
    assert set(PLUMBING) <= set(MODULES)
