"""What a validation error of a YAML file says to the person who wrote it."""

import re
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from typing_extensions import is_typeddict

from heatproof.config.schema import Block
from heatproof.run.errors import UserError, nearest, shown_key, shown_value

DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
SHOWN_MISTAKES = 10
SHOWN_LETTERS = 1500  # of all of them: a screen

B = TypeVar("B", bound=Block)


def validated(path: Path, prefix: str, block: type[B], content: Any) -> B:
    """Return what `content` says as a block.

    Args:
        path: the file, for the message.
        prefix: where in it the block stands, ending in a dot unless it is empty.
        block: what is expected.
        content: what the file says there.

    Raises:
        UserError: naming each mistake, see `explained`.
    """
    try:
        return block.model_validate(content)
    except ValidationError as error:
        raise UserError(explained(path, error, block, prefix)) from None


def explained(path: Path, error: ValidationError, block: type[Block], prefix: str) -> str:
    """Say each mistake on a line: file, key, value, what was expected, what to do."""
    mistakes = error.errors()
    lines: list[str] = []
    for mistake in mistakes[:SHOWN_MISTAKES]:
        line = f"{path}: {_sentence(mistake, block, prefix)}"
        if lines and sum(map(len, lines)) + len(line) > SHOWN_LETTERS:
            break
        lines.append(line)
    if len(mistakes) > len(lines):
        lines.append(f"… and {len(mistakes) - len(lines)} more")
    return "\n       ".join(lines)


def _sentence(mistake: Any, block: type[Block], prefix: str) -> str:
    value, kind, location = shown_value(mistake["input"]), mistake["type"], mistake["loc"]
    if kind == "invalid_key":
        location = (*location[:-1], value)  # pydantic makes 1 of true
    place, holder, described = _located(block, location)
    of_a_name = place[-1:] == ["[key]"]
    # What is wrong of a block as a whole has no key below it.
    key = shown_key((prefix + ".".join(place[: -2 if of_a_name else None])).removesuffix("."))
    if kind == "union_tag_not_found":
        tags = ", ".join(_members(described))
        return f"{key}.{described.discriminator} is missing: add it; known: {tags}"
    if kind == "union_tag_invalid":
        key, tags = f"{key}.{described.discriminator}", list(_members(described))
        tag = mistake["input"][described.discriminator]
        remedy = f"unknown{nearest(tag, tags)}; known: {', '.join(tags)}"
        return f"{key} = {shown_value(tag)}: {remedy}"
    if kind == "extra_forbidden":
        known = list(_fields(holder) or ())
        remedy = f"unknown parameter{nearest(place[-1], known)}; known: {', '.join(known)}"
        if isinstance(mistake["input"], dict) and (home := _home(block, mistake["loc"])):
            remedy = f"its place is {prefix}{home}; move it there"
        elif not known:
            remedy = "there are no parameters here; remove it"
    elif kind == "missing":
        only = get_args(described.annotation) if get_origin(described.annotation) is Literal else ()
        return f"{key} is missing: add it{f', as {only[0]}' if len(only) == 1 else ''}"
    elif kind in ("dict_type", "model_type", "model_attributes_type"):
        remedy = "should be a mapping, {key: value, …}, or {} for an empty one; correct it"
    elif kind == "invalid_key":
        # What follows the comma of {rate: 0,5} is a key to YAML.
        comma = f"if {value} follows a decimal comma, write a point; " if value.isdigit() else ""
        return f"{key}: a name should be text; {comma}put it in quotes, or correct it"
    elif of_a_name and not isinstance(mistake["input"], str):
        remedy = "a name should be text; put it in quotes, or correct it"
    elif isinstance(mistake["input"], str) and DECIMAL_COMMA.fullmatch(mistake["input"]):
        remedy = f"a decimal comma; write a point, {mistake['input'].replace(',', '.')}"
    else:
        reason = mistake["msg"].removeprefix("Value error, ").replace("Input should", "should")
        remedy = f"{reason}; correct it"
    return f"{key}: the name {value}: {remedy}" if of_a_name else f"{key} = {value}: {remedy}"


def _located(block: type[Block], location: tuple[Any, ...]) -> tuple[list[str], Any, Any]:
    """Return a mistake's place as the file has it, what describes its holder, and it itself.

    pydantic's location also says which member of a union was tried, which the file does not.
    """
    place: list[str] = []
    holder, described = None, block
    for part in location:
        holder, kind = described, _kind(getattr(described, "annotation", described))
        if members := _members(described):
            described = members.get(part)
            continue
        if get_origin(kind) in (Union, UnionType):
            continue
        if (fields := _fields(kind)) is not None:
            holder, described = kind, fields.get(part)
        else:
            described = get_args(kind)[-1] if get_args(kind) else None
        place.append(str(part) or "''")
    return place, holder, described


def _kind(annotation: Any) -> Any:
    """Return the type itself: no part of a location says that it is annotated, or may be None."""
    while True:
        members = [each for each in get_args(annotation) if each is not NoneType]
        optional = get_origin(annotation) in (Union, UnionType) and len(members) == 1
        if get_origin(annotation) is not Annotated and not optional:
            return annotation
        annotation = members[0]


def _home(block: type[Block], location: tuple[Any, ...]) -> str:
    """Return where a block belongs that stands one too high, or in the block beside its own."""
    for above in (location[:-1], location[:-2]):
        place, _, described = _located(block, above)
        fields = _fields(getattr(described, "annotation", described)) or {}
        for name, field in fields.items():
            if location[-1] in (_fields(getattr(field, "annotation", field)) or ()):
                return ".".join((*place, name, str(location[-1])))
    return ""


def _fields(kind: Any) -> dict[str, Any] | None:
    """Return what a block or a typed mapping may hold, by name; None where `kind` is neither."""
    if isinstance(kind, type) and issubclass(kind, Block):
        return kind.model_fields
    return kind.__annotations__ if is_typeddict(kind) else None


def _members(field: Any) -> dict[str, type[Block]]:
    """Return the blocks that a field may be, by its discriminator's value; empty if it has none."""
    name = getattr(field, "discriminator", None)
    if not isinstance(name, str):
        return {}
    blocks = get_args(field.annotation)
    return {get_args(each.model_fields[name].annotation)[0]: each for each in blocks}
