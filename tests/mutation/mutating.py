"""Small changes of a program's source, each of which some test should notice.

The usual operators of mutation analysis (DeMillo, Lipton & Sayward 1978, "Hints on Test Data
Selection"): another operator, comparison, constant or reduction, an inverted condition. What
only describes (annotations, messages, bounds of parameters, docstrings) is left alone, and so is
what draws.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_PAIRS = [
    ("maximum", "minimum"), ("max", "min"), ("argmax", "argmin"), ("sum", "mean"),
    ("any", "all"), ("floor", "ceil"), ("reduce_sum", "reduce_mean"), ("reduce_max", "reduce_min"),
    ("zeros_like", "ones_like"), ("zeros", "ones"), ("nanmax", "nanmin"),
]  # fmt: skip
_NAMES = dict([*_PAIRS, *((b, a) for a, b in _PAIRS)])
_BUILTINS = {"max", "min", "any", "all"}
# Parts of a node that only describe, and whole nodes and calls that do.
_DESCRIBING = {"annotation", "returns", "decorator_list", "type_params"}
_MESSAGES = (ast.Raise, ast.JoinedStr, ast.Assert)
_DRAWING = ("Figure", "Axes")
_SAYING = {"Field", "print", "UnsupportedNetwork", "UserError", "TypeVar"}


@dataclass(frozen=True)
class Mutant:
    """One change. `was` and `becomes` are the expression before and after."""

    line: int
    was: str
    becomes: str


@dataclass(frozen=True)
class _Change:
    """Put `new` into a field of `holder` (at `index`, if it is a list); `shown` is around it."""

    shown: Any
    holder: ast.AST
    field: str
    index: int | None
    new: Any

    def apply(self) -> Mutant:
        was = ast.unparse(self.shown)
        if self.index is None:
            setattr(self.holder, self.field, self.new)
        else:
            getattr(self.holder, self.field)[self.index] = self.new
        # An inverted condition is shown without what depends on it.
        after = self.new if self.field == "test" else self.shown
        return Mutant(self.shown.lineno, _short(was), _short(ast.unparse(after)))


def _short(text: str) -> str:
    return text.partition("\n")[0]


def count(source: str) -> int:
    """Return how many mutants a module has."""
    return len(list(_changes(ast.parse(source))))


def mutated(source: str, number: int) -> tuple[str, Mutant]:
    """Return a module's source with one change, `number` of `count`, and what it is."""
    tree = ast.parse(source)
    mutant = list(_changes(tree))[number].apply()
    return ast.unparse(ast.fix_missing_locations(tree)), mutant


def _changes(node: ast.AST) -> Iterator[_Change]:
    yield from _of_node(node)
    for field, value in ast.iter_fields(node):
        if field in _DESCRIBING:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _describes(child):
                continue
            new = _instead(child)
            if new is not None:
                shown = node if isinstance(node, ast.expr | ast.keyword | ast.stmt) else child
                yield _Change(shown, node, field, index, new)
            yield from _changes(child)


def _of_node(node: ast.AST) -> Iterator[_Change]:
    """Yield the changes of a node's own operator, name or condition."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in _OPERATORS:
        yield _Change(node, node, "op", None, _OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            yield _Change(node, node, "ops", index, _OPERATORS[type(operator)]())
    elif isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in _NAMES:
            yield _Change(node, called, "attr", None, _NAMES[called.attr])
        elif isinstance(called, ast.Name) and called.id in _BUILTINS:
            yield _Change(node, called, "id", None, _NAMES[called.id])
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        inverted = ast.UnaryOp(ast.Not(), node.test)
        yield _Change(node.test, node, "test", None, ast.copy_location(inverted, node.test))


def _instead(node: ast.AST) -> ast.AST | None:
    """Return what may stand in a node's place: another constant, or what a sign is before."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        return node.operand
    if not isinstance(node, ast.Constant) or isinstance(node.value, str | bytes | None):
        return None
    value = node.value
    if isinstance(value, bool):
        new: Any = not value
    elif isinstance(value, int):
        new = value + 1
    elif isinstance(value, float):
        new = 2 * value if value else 1.0
    else:
        return None
    return ast.copy_location(ast.Constant(new), node)


def _describes(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        return name in _SAYING
    if isinstance(node, ast.keyword):
        return node.arg == "strict"  # of zip: it checks, as assert does
    if isinstance(node, ast.FunctionDef):
        types = [node.returns, *(argument.annotation for argument in node.args.args)]
        return any(word in ast.unparse(each) for each in types if each for word in _DRAWING)
    checking = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    # A chain of types, as in `int | None`, is no arithmetic.
    types = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and (
        isinstance(node.right, ast.Constant) and node.right.value is None
    )  # fmt: skip
    text = isinstance(node, ast.BinOp) and any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )
    return isinstance(node, _MESSAGES) or checking or types or text
