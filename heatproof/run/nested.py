"""Nested mappings as names and values, keys joined with dots as `dvc exp run -S` takes them."""

from collections.abc import Iterator, Mapping
from typing import Any


def leaves(content: Any, name: str = "", lists: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of what holds no other values, in the order it is written in.

    Args:
        content: mappings, pydantic blocks and other values, nested. What is empty is a value.
        name: of the content itself.
        lists: whether elements of lists are values too, by their index.
    """
    content = content.model_dump(mode="json") if hasattr(content, "model_dump") else content
    if lists and isinstance(content, list):
        content = dict(enumerate(content)) or content
    if isinstance(content, Mapping) and content:
        for key, value in content.items():
            yield from leaves(value, f"{name}.{key}" if name else str(key), lists)
    else:
        yield name, content
