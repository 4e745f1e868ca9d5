"""Every stage names the code that makes its numbers, and dvc.yaml names no code that does not."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stages.explainers import FAMILIES
from tools import overlay

ROOT = Path(__file__).resolve().parents[2]

# Modules that move values and do not make them: a change that alters a result is a change of the
# file format or of a parameter's meaning, and the stage that makes the value changes with it.
PLUMBING = {
    "stages.params": "hands on params.yaml, whose values are dependencies of their own",
    "stages.schema": "the base of the parameter blocks",
    "stages.errors": "what a mistake is",
    "stages.mistakes": "what a mistake in params.yaml says",
    "stages.command": "how a mistake ends",
    "stages.cell_checks": "the same, of cells",
    "stages.formats": "reads and writes bytes as they are",
    "stages.artifacts": "reads and writes arrays as they are",
    "stages.records": "what arrays are called in memory",
    "stages.atomic": "writes bytes as they are",
    "stages.provenance": "noted beside durations, which are no result",
    "stages.tracking": "a side channel beside the results",
    "stages.tracking_store": "the same",
    "stages.evaluation.figures": "pictures for the tracked runs",
    "stages.explainers.panel": "the same",
}
# Found by name at run time, so that no import statement shows them: the room, and the block that
# tells such a module from its neighbours.
BY_NAME = {
    "stages/datasets/${item.fetch.source}.py": ("stages.datasets", "Options"),
    "stages/models/${item.architecture}.py": ("stages.models", "Network"),
}

PIPELINE: dict[str, Any] = overlay.read(ROOT / "dvc.yaml")["stages"]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in sorted((ROOT / "stages").rglob("*.py"))}


def holds_code(module: str) -> bool:
    """Return whether a module does more than say something, as a package's mostly does not."""
    body = ast.parse(MODULES[module].read_text(encoding="utf-8")).body
    return not all(isinstance(node, ast.Expr) for node in body)


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
    packages = {name.rpartition(".")[0] for name in found & MODULES.keys()}
    return frozenset((found | packages) & MODULES.keys())


def used_by(*modules: str) -> set[str]:
    """Return what running `modules` may import, themselves included.

    Plumbing is left out, and not followed: `params` imports what describes its blocks.
    """
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            waiting += [] if current in PLUMBING else imported(current)
    return {name for name in seen if name not in PLUMBING and holds_code(name)}


def choices(template: str) -> list[str]:
    """Return the modules that a templated dependency may turn out to be."""
    room, block = BY_NAME[template]
    return [
        name
        for name, path in MODULES.items()
        if name.startswith(f"{room}.") and f"class {block}(" in path.read_text(encoding="utf-8")
    ]


def dependencies(stage: str) -> tuple[list[str], list[str]]:
    """Return the modules that a stage runs and the code among its dependencies.

    They are its own and, of a stage that explains, the family's, which it finds by name.
    """
    body = PIPELINE[stage].get("do", PIPELINE[stage])
    words = body["cmd"].split()
    assert words[:2] == ["python", "-m"], body["cmd"]
    modules = [words[2]]
    if "--family" in words:
        modules.append(f"stages.explainers.{words[words.index('--family') + 1]}")
    return modules, [dep for dep in body["deps"] if dep.startswith("stages/")]


def covers(dependency: str, module: str) -> bool:
    path = MODULES[module].relative_to(ROOT).as_posix()
    return path == dependency or path.startswith(f"{dependency}/")


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_depends_on_the_code_it_uses(stage: str) -> None:
    modules, listed = dependencies(stage)
    left_out = {m for m in used_by(*modules) if not any(covers(dep, m) for dep in listed)}
    assert not left_out, f"dvc.yaml: {stage} uses these, and would not rerun after a change"


@pytest.mark.parametrize("stage", PIPELINE)
def test_a_stage_depends_on_no_other_code(stage: str) -> None:
    modules, listed = dependencies(stage)
    used = used_by(*modules, *(c for dep in listed if dep in BY_NAME for c in choices(dep)))
    for dep in listed:
        if dep not in BY_NAME:
            assert (ROOT / dep).exists(), f"dvc.yaml: {stage}: {dep} is not there"
            assert any(covers(dep, m) for m in used), f"dvc.yaml: {stage} reruns for {dep}, unused"


@pytest.mark.parametrize("template", BY_NAME)
def test_what_is_found_by_name_uses_only_what_is_listed(template: str) -> None:
    """An architecture's helpers are dependencies of the stages that build it; a source's too."""
    users = [stage for stage in PIPELINE if template in dependencies(stage)[1]]
    assert users
    found = choices(template)
    assert len(found) >= 3
    for stage in users:
        _, listed = dependencies(stage)
        for choice in found:
            read = reads(choice)
            needed = used_by(choice) - {choice}
            left_out = {m for m in needed if not any(covers(dep, m) for dep in [*listed, *read])}
            assert not left_out, f"dvc.yaml: {stage}: {choice} uses these"


def reads(source: str) -> set[str]:
    """Return what a source's datasets in params.yaml name as `reads`, in place of the template."""
    fetches = [entry["fetch"] for entry in overlay.read(ROOT / "params.yaml")["datasets"].values()]
    return {fetch["reads"] for fetch in fetches if source.endswith(f".{fetch['source']}")}


def test_every_family_has_its_stage() -> None:
    families = {m.rpartition(".")[2] for stage in PIPELINE for m in dependencies(stage)[0][1:]}
    assert families == set(FAMILIES)


def test_plumbing_is_there() -> None:
    assert set(PLUMBING) <= set(MODULES)
