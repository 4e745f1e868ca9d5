"""What a validation error of params.yaml says to the person who wrote it."""

from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from stages.command import nearest
from stages.schema import Block

SHOWN_MISTAKES = 10


def explained(path: Path, error: ValidationError, block: type[Block], prefix: str) -> str:
    """Say each mistake on a line: file, key, value, what was expected, what to do."""
    lines = []
    for mistake in error.errors()[:SHOWN_MISTAKES]:
        place = [str(part) for part in mistake["loc"] if part not in ("int", "literal['all']")]
        key = prefix + ".".join(place)
        if mistake["type"] == "extra_forbidden":
            known = _siblings(block, mistake["loc"])
            remedy = f"unknown parameter{nearest(place[-1], known)}; known: {', '.join(known)}"
        elif mistake["type"] == "missing":
            lines.append(f"{path}: {key} is missing: add it")
            continue
        else:
            reason = mistake["msg"].removeprefix("Value error, ").replace("Input should", "should")
            remedy = f"{reason}; correct it"
        lines.append(f"{path}: {key} = {mistake['input']!r}: {remedy}")
    left_out = error.error_count() - SHOWN_MISTAKES
    if left_out > 0:
        lines.append(f"… and {left_out} more")
    return "\n       ".join(lines)


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
