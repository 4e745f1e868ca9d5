"""List the code that each stage runs, for DVC. `python -m stages.fingerprint`

data/code/<stage>.txt lists every module that a stage's numbers are made by, found by following its
imports, each with a hash of what it does; data/code/models/ and data/code/datasets/ have one for
each architecture and source, which stages find by name. So a stage reruns when code that it really
uses changes, and nobody keeps lists of modules in dvc.yaml. Comments, docstrings and blank lines do
not count: explaining a line of code better is no reason to train again.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.fingerprint")

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from heatproof.attribution.core.method import FAMILIES, MODULES
from heatproof.storage import atomic, paths

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("stages", "heatproof")

# Modules that move values and do not make them: a change that alters a result is a change of the
# file format or of a parameter's meaning, and the stage that makes the value changes with it. They
# are not followed either: `params` imports what describes its blocks.
PLUMBING = {
    "heatproof.config.params": "hands on params.yaml, whose values are dependencies of their own",
    "heatproof.config.schema": "the base of the parameter blocks",
    "heatproof.training.options": "some of those blocks",
    "heatproof.run.errors": "what a mistake is",
    "heatproof.config.validation": "what a mistake in params.yaml says",
    "heatproof.run.command": "how a mistake ends",
    "heatproof.config.cell_checks": "the same, of cells",
    "heatproof.storage.formats": "reads and writes bytes as they are",
    "heatproof.storage.artifacts": "reads and writes arrays as they are",
    "heatproof.storage.tables": "the same, of tables",
    "heatproof.storage.paths": "where they lie",
    "heatproof.storage.weights": "the same, of weights",
    "heatproof.storage.records": "what arrays are called in memory",
    "heatproof.storage.atomic": "writes bytes as they are",
    "heatproof.run.provenance": "noted beside durations, which are no result",
    "heatproof.run.tracking": "a side channel beside the results",
    "heatproof.run.tracking_store": "the same",
    "heatproof.evaluation.figures": "pictures for the tracked runs",
    "heatproof.features.feature_figure": "the same",
    "heatproof.attribution.core.panel": "the same",
}
# Found by name at run time, so that no import statement shows them: the room, and the block that
# tells such a module from its neighbours.
BY_NAME = {
    "datasets": ("heatproof/datasets/sources", "Options"),
    "models": ("heatproof/models/architectures", "Network"),
}
# The same, of modules that are all loaded by whoever lists their package.
LISTED = {"heatproof.trust.registry": "heatproof.trust.measures"}
# Keywords whose text only people read: what a record says in tables and reports.
PROSE = ("label", "inline", "meaning", "reference", "unit")
# What the stages run, beside the families of `explain`.
STAGES = (
    "fetch", "preprocess", "train", "train_twin", "train_shuffled", "train_seeds", "evaluate",
    "compare_twins", "assess", "assess_shuffled", "published_sanity",
    "claims", "report",
)  # fmt: skip


def main() -> None:
    folder = paths.DATA / "code"
    written = set()
    for name, modules in entries().items():
        path = folder / f"{name}.txt"
        lines = (
            f"{digest(each)}  {each.relative_to(ROOT).as_posix()}\n" for each in files(modules)
        )
        atomic.write_text(path, "".join(lines))
        written.add(path)
    for old in set(folder.rglob("*.txt")) - written:
        old.unlink()


def entries() -> dict[str, set[str]]:
    """Return the names of all files, without ending, each with the modules it lists."""
    starts = {stage: {f"stages.{stage}"} for stage in STAGES}
    starts |= {f"explain_{family}": {"stages.explain", MODULES[family]} for family in FAMILIES}
    for room, name in choices():
        starts[f"{room}/{name}"] = {f"{BY_NAME[room][0]}/{name}".replace("/", ".")}
    return {name: used_by(*modules) for name, modules in starts.items()}


def choices() -> Iterator[tuple[str, str]]:
    """Give every module that is found by its name: its room, and its name there."""
    for room, (folder, block) in BY_NAME.items():
        for path in sorted((ROOT / folder).glob("*.py")):
            body = ast.parse(path.read_bytes()).body
            if any(isinstance(node, ast.ClassDef) and node.name == block for node in body):
                yield room, path.stem


def used_by(*modules: str) -> set[str]:
    """Return what running `modules` may import, themselves included, PLUMBING left out."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        current = waiting.pop()
        if current not in seen and current not in PLUMBING:
            seen.add(current)
            waiting += imported(current)
    return seen


@cache
def imported(module: str) -> frozenset[str]:
    """Return the project's modules that `module` imports anywhere, and the packages they are in."""
    found = set()
    for node in ast.walk(ast.parse(known()[module].read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    if module in LISTED:
        found |= {name for name in known() if name.startswith(f"{LISTED[module]}.")}
    packages = {name.rpartition(".")[0] for name in found & known().keys()}
    return frozenset((found | packages) & known().keys())


@cache
def known() -> dict[str, Path]:
    """Return the project's modules and their files."""
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


def files(modules: set[str]) -> list[Path]:
    """Return the modules' files, and what else lies beside them, such as templates, in order."""
    paths = {known()[module] for module in modules}
    for folder in {path.parent for path in paths} - {ROOT / room for room in ROOMS}:
        paths |= {
            path
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
        }
    return sorted(paths)


@cache
def digest(path: Path) -> str:
    """Return a SHA-256 of what a file does: of a module without what only people read."""
    content = path.read_bytes()
    if path.suffix == ".py":
        content = without_remarks(content.decode("utf-8")).encode()
    return hashlib.sha256(content).hexdigest()


def without_remarks(source: str) -> str:
    """Return Python source without comments, docstrings, prose, and lines that are then empty.

    What is left is cut from the source rather than written anew from its tree, so that every
    version of Python gives the same.
    """
    lines = source.split("\n")
    tree = ast.parse(source)
    docstrings = {(node.lineno, node.col_offset) for node in _docstrings(tree)}
    prose = sorted(_prose(tree), key=lambda node: (node.lineno, node.col_offset), reverse=True)
    # Within a string of several lines an empty one counts.
    inside = {
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr)
        and (node.lineno, node.col_offset) not in docstrings
        and node not in prose
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for node in prose:
        # The tree counts in bytes, tokens in characters.
        last = node.end_lineno or node.lineno
        start = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
        end = len(lines[last - 1].encode()[: node.end_col_offset].decode())
        _cut(lines, (node.lineno, start), (last, end))
    for token in reversed(list(tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline))):
        remark = token.type == tokenize.COMMENT or token.start in docstrings
        if remark and token.string:
            _cut(lines, token.start, token.end)
    kept = (line for number, line in enumerate(lines, 1) if line.strip() or number in inside)
    return "\n".join(kept) + "\n"


def _cut(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> None:
    """Take out what is between two places (line, column), which leaves as many lines."""
    (first, left), (last, right) = start, end
    lines[first - 1 : last] = [
        lines[first - 1][:left].rstrip() + lines[last - 1][right:],
        *[""] * (last - first),
    ]


def _prose(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg=name, value=ast.Constant(value=str()) as text) if name in PROSE:
                yield text


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body[:1]:
                case [ast.Expr(value=ast.Constant(value=str()) as text)]:
                    yield text
