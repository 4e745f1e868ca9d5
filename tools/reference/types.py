"""Types and ranges of params.yaml in words."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as bounds
from pydantic.fields import FieldInfo

from heatproof.config.schema import Block

_PLAIN = {bool: "`true` or `false`", str: "text", int: "whole number", float: "number"}


def in_words(annotation: Any, metadata: list[Any] | None = None) -> str:
    """Return what a value may be, as Markdown, such as "whole number ≥ 1, ≤ 256"."""
    annotation, metadata = _unpacked(annotation, metadata or [])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return " or ".join(dict.fromkeys(in_words(kind, metadata) for kind in kinds))
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is list:
        return f"list of {_length(metadata)}{in_words(*get_args(annotation))}"
    if annotation in (int, float):
        return _PLAIN[annotation] + _range(metadata)
    return _PLAIN.get(annotation, "mapping")


def blocks_in(annotation: Any) -> list[type[Block]]:
    """Return the blocks that a value may be, or of which it is a mapping."""
    annotation, _ = _unpacked(annotation, [])
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return [annotation]
    if get_origin(annotation) is dict:
        return blocks_in(get_args(annotation)[1])
    if get_origin(annotation) in (Union, UnionType):
        return [block for kind in get_args(annotation) for block in blocks_in(kind)]
    return []


def _unpacked(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    """Return an annotation without what `Annotated` and `Field` say beside it, and that."""
    while get_origin(annotation) is Annotated:
        annotation, *beside = get_args(annotation)
        for each in beside:
            metadata = [*metadata, *(each.metadata if isinstance(each, FieldInfo) else [each])]
    return annotation, metadata


def _range(metadata: list[Any]) -> str:
    words = []
    for each in metadata:
        match each:
            case bounds.Ge(ge=value):
                words.append(f"≥\N{NO-BREAK SPACE}{_number(value)}")
            case bounds.Gt(gt=value):
                words.append(f">\N{NO-BREAK SPACE}{_number(value)}")
            case bounds.Le(le=value):
                words.append(f"≤\N{NO-BREAK SPACE}{_number(value)}")
            case bounds.Lt(lt=value):
                words.append(f"<\N{NO-BREAK SPACE}{_number(value)}")
            case bounds.MultipleOf(multiple_of=value):
                words.append(f"a multiple of {_number(value)}")
    return f" {', '.join(words)}" if words else ""


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _length(metadata: list[Any]) -> str:
    low = next((each.min_length for each in metadata if isinstance(each, bounds.MinLen)), 0)
    high = next((each.max_length for each in metadata if isinstance(each, bounds.MaxLen)), None)
    if low and low == high:
        return f"{low}: "
    return f"{low} to {high}: " if high else f"at least {low}: " if low else ""
