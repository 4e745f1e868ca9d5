"""What is advised is there: stages of `dvc repro <stage>`, layers that CONTRIBUTING.md draws."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

FOLDERS = ("heatproof", "stages", "tools", "bench")
ADVICE = re.compile(r"dvc repro((?: -[-\w]+)*)(?: (?=[\w{])([\w{}…]+))?")
VALUE = "{…}"  # what an f-string fills in


def text(node: ast.AST) -> str | None:
    """A string literal, with `VALUE` for what an f-string fills in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text(part) or VALUE for part in node.values)
    return None


def makers(trees: list[ast.Module]) -> Iterator[str]:
    """What is passed as `made_by`, from which readers of files make their advice."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    places = {
        node.name: [argument.arg for argument in node.args.args].index("made_by")
        for node in nodes
        if isinstance(node, ast.FunctionDef)
        if any(argument.arg == "made_by" for argument in node.args.args)
    }
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        passed = [keyword.value for keyword in call.keywords if keyword.arg == "made_by"]
        if name in places and len(call.args) > places[name]:
            passed.append(call.args[places[name]])
        yield from (found for each in passed if (found := text(each)))


@pytest.fixture(scope="module")
def advised(repository: Path) -> set[str]:
    paths = [p for folder in FOLDERS for p in (repository / folder).rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    parts = {id(p) for node in nodes if isinstance(node, ast.JoinedStr) for p in node.values}
    texts = [found for node in nodes if id(node) not in parts and (found := text(node))]
    texts += [p.read_text("utf-8") for p in (repository / "heatproof").rglob("*.html")]
    pages = (*repository.glob("*.md"), *(repository / "docs").rglob("*.md"))
    texts += [page.read_text("utf-8") for page in pages]
    stages = {match[2] for each in texts for match in ADVICE.finditer(each) if match[2]}
    return stages | {each.partition("@")[0] for each in makers(trees)}


def test_every_advised_stage_exists(advised: set[str], repository: Path) -> None:
    stages = yaml.safe_load((repository / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert {"train", "report", "claims", f"explain_{VALUE}"} <= advised
    for name in advised:
        pattern = re.escape(name).replace(re.escape(VALUE), r"\w+")
        assert any(re.fullmatch(pattern, stage) for stage in stages), name


def test_the_layers_are_drawn_as_they_are_checked(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {each["name"]: each for each in settings["tool"]["importlinter"]["contracts"]}
    checked = [set(re.findall(r"\w+", x)) for x in contracts["The library's layers"]["layers"]]
    drawing = (repository / "CONTRIBUTING.md").read_text("utf-8").split("heatproof/\n", 1)[1]
    lines = drawing.partition("```")[0].splitlines()
    assert [set(re.findall(r"\w+", re.split(r"  +", line.strip())[0])) for line in lines] == checked
