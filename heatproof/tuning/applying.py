"""Values put into params.yaml, whose comments and layout stay as they are."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from heatproof.config import params
from heatproof.config.params import Params
from heatproof.config.tuned import Values, place
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError
from heatproof.run.nested import leaves
from heatproof.storage import atomic

_WIDE = 10**6  # no line is broken


def places(study: Params, cell: str, values: Values) -> dict[tuple[str, ...], Any]:
    """Return what a cell's values are in params.yaml: keys from the top -> value."""
    return {place(study, cell, key): value for key, value in values.items()}


def apply(path: Path, changes: Mapping[tuple[str, ...], Any]) -> None:
    """Put values into a parameters file.

    Args:
        path: of the file.
        changes: keys from the top -> value. A mapping that is missing on the way is made.

    Raises:
        UserError: the file would not be valid, or, by its anchors, other values would change too.
    """
    before = read_yaml(path)
    text = changed(path.read_text(encoding="utf-8"), changes)
    trial = path.with_name(f".{path.name}.tuned")
    try:
        trial.write_text(text, encoding="utf-8")
        params.load(trial)
        after = read_yaml(trial)
    finally:
        trial.unlink(missing_ok=True)
    old, new = (dict(leaves(content)) for content in (before, after))
    others = {
        key for key in old.keys() | new.keys()
        if old.get(key) != new.get(key) and not _is_within(key, changes)
    }  # fmt: skip
    if others:
        wanted = ", ".join(f"{'.'.join(keys)}: {value}" for keys, value in changes.items())
        raise UserError(
            f"{path}: anchors (&, *) give {min(others)} the same value: write by hand what is "
            f"wanted: {wanted}"
        )
    atomic.write_text(path, text)


def changed(text: str, changes: Mapping[tuple[str, ...], Any]) -> str:
    """Return YAML with other values, its comments and layout as they were."""
    yaml = YAML(typ="rt", pure=True)
    yaml.width, yaml.preserve_quotes = _WIDE, True
    content = yaml.load(text)
    for keys, value in changes.items():
        block, flow = content, False
        for part in keys[:-1]:
            flow = flow or block.fa.flow_style()
            if part not in block:
                block[part] = _block(flow or part == keys[-2])
            block = block[part]
        block[keys[-1]] = _listed(value)
    written = io.StringIO()
    yaml.dump(content, written)
    return written.getvalue()


def _is_within(key: str, changes: Mapping[tuple[str, ...], Any]) -> bool:
    return any(key == ".".join(keys) or key.startswith(f"{'.'.join(keys)}.") for keys in changes)


def _block(flow: bool) -> CommentedMap:
    """Return an empty mapping, on a line where its own values are the last."""
    made = CommentedMap()
    if flow:
        made.fa.set_flow_style()
    return made


def _listed(value: Any) -> Any:
    """Return a list as one on a line."""
    if not isinstance(value, list):
        return value
    made = CommentedSeq(_listed(each) for each in value)
    made.fa.set_flow_style()
    return made
