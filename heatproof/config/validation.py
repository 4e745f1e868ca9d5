"""What a validation error of a YAML file says to the person who wrote it."""

from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from heatproof.config.schema import Block
from heatproof.run.errors import UserError, nearest, shown_key, shown_value

SHOWN_MISTAKES = 10

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
    lines = []
    for mistake in error.errors()[:SHOWN_MISTAKES]:
        kinds = ("int", "literal['all']")  # pydantic's name of what a union's value might be
        place = [str(part) or "''" for part in mistake["loc"] if part not in kinds]
        of_a_name = place[-1:] == ["[key]"]
        # What is wrong of a block as a whole has no key below it.
        key = shown_key((prefix + ".".join(place[: -2 if of_a_name else None])).removesuffix("."))
        if mistake["type"] == "extra_forbidden":
            known = _siblings(block, mistake["loc"])
            remedy = f"unknown parameter{nearest(place[-1], known)}; known: {', '.join(known)}"
        elif mistake["type"] == "missing":
            lines.append(f"{path}: {key} is missing: add it")
            continue
        elif mistake["type"] == "invalid_key" or (of_a_name and not _is_text(mistake)):
            remedy = "a name should be text; put it in quotes, or correct it"
        else:
            reason = mistake["msg"].removeprefix("Value error, ").replace("Input should", "should")
            remedy = f"{reason}; correct it"
        value = f"the name {shown_value(mistake['input'])}" if of_a_name else None
        said = f"{key}: {value}" if value else f"{key} = {shown_value(mistake['input'])}"
        lines.append(f"{path}: {said}: {remedy}")
    left_out = error.error_count() - SHOWN_MISTAKES
    if left_out > 0:
        lines.append(f"… and {left_out} more")
    return "\n       ".join(lines)


def _is_text(mistake: Any) -> bool:
    return isinstance(mistake["input"], str)


def _siblings(annotation: Any, location: tuple[Any, ...]) -> list[str]:
    """Return the parameters that exist where the unknown one at `location` stands."""
    for part in location[:-1]:
        if _is_block(annotation):
            annotation = annotation.model_fields[part].annotation
        else:  # a mapping: its values are described by its last type argument
            annotation = get_args(annotation)[-1]
    return list(annotation.model_fields)


def _is_block(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Block)
