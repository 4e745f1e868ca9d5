"""Which code decides a stage's numbers: found by following imports, each file with a hash.

Comments, docstrings, blank lines and the prose of records do not count: explaining a line of code
better is no reason to train again. Nor do packages and modules that only move values, which are not
followed either: a change of theirs that alters a result is a change of the file format or of a
parameter's meaning, and the stage that makes the value changes with it. These are `config`,
`storage` (but its `seal`) and `run` (but its `runtime`, which chooses kernels), each package's
`options`, whose values are dependencies of their own, the package itself, which has no code, what
finds the methods and measures (stages start from the modules of their own), and what draws pictures
for tracked runs. The prose, and what finds records, count for the report, which shows them.
"""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("stages", "heatproof")
UNCOUNTED = ("heatproof.config", "heatproof.storage", "heatproof.run")
COUNTED = ("heatproof.run.runtime", "heatproof.storage.seal")
EVERYWHERE = ("heatproof.storage.seal",)  # a file that is not sealed as it is now is of no use
# Keywords whose text only people read: what a record says in tables and reports.
PROSE = ("label", "inline", "meaning", "reference", "unit", "shows", "address", "caption",
         "colours", "definition", "equation", "deviations")  # fmt: skip
TELLING = ("report",)  # stages that show prose, for which it counts
LABELS = "_LABELS"  # the end of a constant's name whose values are prose
FINDERS = (
    "heatproof.attribution.registry",
    "heatproof.attribution.families",
    "heatproof.trust.registry",
)
TRACKED_PICTURES = (
    "heatproof.attribution.core.panel",
    "heatproof.evaluation.figures",
    "heatproof.features.feature_figure",
)


def digests(*modules: str, prose: bool = False) -> dict[str, str]:
    """Return the files that decide what `modules` compute, by path, each with its `digest`."""
    paths = files(used_by(*modules, finders=prose))
    return {path.relative_to(ROOT).as_posix(): _digest(path, prose) for path in paths}


def used_by(*modules: str, finders: bool = False) -> set[str]:
    """Return what running `modules` may import, themselves included, as far as it counts.

    finders: what finds methods and measures counts too, as it does for the report.
    """
    seen: set[str] = set()
    waiting = [*modules, *EVERYWHERE]
    while waiting:
        current = waiting.pop()
        if current not in seen and (counts(current) or (finders and current in FINDERS)):
            seen.add(current)
            waiting += imported(current)
    return seen


def counts(module: str) -> bool:
    """Whether a module may change a number: see the text at the top."""
    package, _, name = module.rpartition(".")
    uncounted = (*UNCOUNTED, *FINDERS, *TRACKED_PICTURES, "heatproof")
    left_out = package in UNCOUNTED or module in uncounted or name == "options"
    return module in COUNTED or not left_out


@cache
def imported(module: str) -> frozenset[str]:
    """Return the project's modules that `module` imports anywhere, and the packages they are in."""
    names = set()
    for node in ast.walk(ast.parse(known()[module].read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    packages = {name.rpartition(".")[0] for name in names & known().keys()}
    return frozenset((names | packages) & known().keys())


@cache
def known() -> dict[str, Path]:
    """Return the project's modules and their files."""
    paths = sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


def files(modules: set[str]) -> list[Path]:
    """Return the modules' files, and what else lies beside them, such as templates, in order."""
    paths = {known()[module] for module in modules}
    for folder in {path.parent for path in paths} - {ROOT / name for name in SOURCES}:
        paths |= {
            path
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
        }
    return sorted(paths)


def digest(path: Path, prose: bool = False) -> str:
    """Return a SHA-256 of what a file does: of a module without what only people read.

    prose: what records say in tables and reports counts too, as it does for the report.
    """
    content = path.read_bytes().replace(b"\r\n", b"\n")  # as git may have checked it out
    if path.suffix == ".py":
        content = strip_comments(content.decode("utf-8"), prose).encode()
    return hashlib.sha256(content).hexdigest()


_digest = cache(digest)  # many lists have the same files


def strip_comments(source: str, keep_prose: bool = False) -> str:
    """Return Python source without comments, docstrings, prose, and lines that are then empty.

    What is left is cut from the source rather than regenerated from its tree, so that every
    version of Python gives the same.
    """
    lines = source.split("\n")
    tree = ast.parse(source)
    docstrings = {(node.lineno, node.col_offset) for node in _docstrings(tree)}
    prose = [] if keep_prose else list(_prose(tree))
    prose.sort(key=lambda node: (node.lineno, node.col_offset), reverse=True)
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
        comment = token.type == tokenize.COMMENT or token.start in docstrings
        if comment and token.string:
            _cut(lines, token.start, token.end)
    remaining = (line for number, line in enumerate(lines, 1) if line.strip() or number in inside)
    return "\n".join(remaining) + "\n"


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
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values)):
                if name.endswith(LABELS):
                    yield from (each for each in values if isinstance(each, ast.Constant))


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Find the docstrings of modules, classes and functions, and those of a class' fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in node.body if isinstance(node, ast.ClassDef) else node.body[:1]:
                match statement:
                    case ast.Expr(value=ast.Constant(value=str()) as text):
                        yield text
