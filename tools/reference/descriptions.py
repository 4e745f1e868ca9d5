"""What a field of params.yaml means: the string below it in the class that has it."""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from heatproof.config.schema import Block


def of_field(block: type[Block], name: str) -> str:
    """Return a field's description as one line, "" where it has none."""
    return next((each[name] for each in map(_of_class, block.__mro__) if name in each), "")


def of_block(block: type[Block]) -> str:
    """Return a block's own docstring as one paragraph."""
    return " ".join((inspect.cleandoc(block.__doc__ or "")).split())


@cache
def _of_class(kind: type) -> dict[str, str]:
    """Return the descriptions in a class's own body, by field."""
    module = inspect.getmodule(kind)
    if module is None or not issubclass(kind, Block):
        return {}
    bodies = [
        node.body
        for node in ast.walk(_tree(inspect.getsource(module)))
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    ]
    return {name: words for body in bodies for name, words in _described(body)}


@cache
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


def _described(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as words)),
            ):
                yield name, " ".join(words.split())
