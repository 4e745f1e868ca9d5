"""What a validation error of a YAML file says to the person who wrote it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from typing_extensions import is_typeddict

from heatproof.config.schema import Block
from heatproof.run.errors import UserError, nearest, shown_key, shown_value

DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_SUBJECT = re.compile(r"^(Input|List|Dictionary|String|Tuple) should")
SHOWN_MISTAKES = 10
SHOWN_LETTERS = 1500  # of all of them: a screen
# Types of mistakes of values that are of another kind altogether, such as text for a number.
_OTHER_KIND = ("_type", "literal_error")
_NAME = "[key]"  # what pydantic has in a location for the name of an entry itself
# Types of those of a block's keys.
_OTHER_KEYS = ("missing", "extra_forbidden")
_SHOULD_BE = "Input should be "

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
    mistakes = _of_unions(error.errors(), block)
    lines: list[str] = []
    for mistake in mistakes[:SHOWN_MISTAKES]:
        line = f"{path}: {_sentence(mistake, block, prefix)}"
        if lines and sum(map(len, lines)) + len(line) > SHOWN_LETTERS:
            break
        lines.append(line)
    if len(mistakes) > len(lines):
        lines.append(f"… and {len(mistakes) - len(lines)} more")
    return "\n       ".join(lines)


def _of_unions(mistakes: Sequence[Any], block: type[Block], within: int = 0) -> list[Any]:
    """Of what each member of a union has against a value, keep what the member that was meant has.

    Where the value is of no member's kind, they are told in one sentence. within: how many unions
    the ones looked at are in: the outermost come first.
    """

    def tried(mistake: Any) -> tuple[Any, ...] | None:
        return next(iter(_located(block, mistake["loc"]).tried[within:]), None)

    found: list[Any] = []
    for value, together in groupby(mistakes, tried):
        group = list(together)
        if value is None:
            found += group
            continue
        meant = [
            each for each in group
            if len(each["loc"]) > len(value) + 1 or not each["type"].endswith(_OTHER_KIND)
        ]  # fmt: skip
        meant = _of_the_nearest(meant, len(value))
        kinds = (each["msg"].removeprefix(_SHOULD_BE) for each in group)
        found += _of_unions(meant, block, within + 1) or [
            group[0] | {"msg": f"{_SHOULD_BE}{' or '.join(kinds)}"}
        ]
    return found


def _of_the_nearest(mistakes: Sequence[Any], member: int) -> list[Any]:
    """Keep the mistakes of the members of a union whose keys the value has more of than others'.

    Args:
        mistakes: of all members.
        member: where in a location it says which one was tried.
    """
    missed = Counter({each["loc"][member]: 0 for each in mistakes})
    missed.update(each["loc"][member] for each in mistakes if each["type"] in _OTHER_KEYS)
    least = min(missed.values(), default=0)
    return [each for each in mistakes if missed[each["loc"][member]] == least]


def _sentence(mistake: Any, block: type[Block], prefix: str) -> str:
    value, kind, location = shown_value(mistake["input"]), mistake["type"], mistake["loc"]
    if kind == "invalid_key":
        location = (*location[:-1], value)  # pydantic makes 1 of true
    located = _located(block, location)
    place, holder, described = located.keys, located.holder, located.described
    of_a_name = place[-1:] == [_NAME]
    # What is wrong of a block as a whole has no key below it.
    below = ".".join(place[: -2 if of_a_name else None])
    key = shown_key(prefix + below if below else prefix.removesuffix("."))
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
        reason = mistake["msg"].removeprefix("Value error, ").replace(" after validation", "")
        reason = _SUBJECT.sub("should", reason)
        remedy = reason if "; " in reason else f"{reason}; correct it"
    return f"{key}: the name {value}: {remedy}" if of_a_name else f"{key} = {value}: {remedy}"


@dataclass
class _Located:
    """Where a mistake is: its keys in the file, what describes its holder, and what it itself.

    tried: the locations of values that the members of a union were tried on, the outermost first.
    """

    keys: list[str] = field(default_factory=list)
    holder: Any = None
    described: Any = None
    tried: list[tuple[Any, ...]] = field(default_factory=list)


def _located(block: type[Block], location: tuple[Any, ...]) -> _Located:
    """Find a mistake. Its location also says which member of a union was tried, no key does."""
    found = _Located(described=block)
    for place, part in enumerate(location):
        holder = found.described
        found.holder, kind = holder, _kind(getattr(holder, "annotation", holder))
        if part == _NAME:
            found.keys.append(part)
        elif members := _members(holder):
            found.described = members.get(part)
        elif get_origin(kind) in (Union, UnionType):
            found.described = _member(kind, str(part))
            found.tried.append(location[:place])
        elif (fields := _fields(kind)) is not None:
            found.holder, found.described = kind, fields.get(part)
            found.keys.append(str(part) or "''")
        else:
            found.described = get_args(kind)[-1] if get_args(kind) else None
            found.keys.append(str(part) or "''")
    return found


def _member(union: Any, tried: str) -> type[Block] | None:
    """Return the block of a union that pydantic calls so, with its validators around it if any."""
    blocks = (each for each in map(_kind, get_args(union)) if _fields(each))
    return next((each for each in blocks if tried.rstrip("]").endswith(each.__name__)), None)


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
        located = _located(block, above)
        holder = located.described
        fields = _fields(getattr(holder, "annotation", holder)) or {}
        for name, each in fields.items():
            if location[-1] in (_fields(getattr(each, "annotation", each)) or ()):
                return ".".join((*located.keys, name, str(location[-1])))
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
    blocks = get_args(field.annotation) or (field.annotation,)  # a union of one is that
    return {get_args(each.model_fields[name].annotation)[0]: each for each in blocks}
