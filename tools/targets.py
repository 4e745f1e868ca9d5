"""The stages that a command line names, looked up before DVC is asked, which knows no spelling."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from heatproof.config.params import Params
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError, require_known

PIPELINE = Path("dvc.yaml")
_FILES = (".dvc", ".yaml", ".yml")


def require_stages(targets: Iterable[str], study: Params) -> None:
    """Refuse what is no stage of the study's dvc.yaml, or none of this cell, run or dataset.

    Args:
        targets: `<stage>` or `<stage>@<key>`; a file's path, or a stage of one, is left to DVC.
        study: the parameters, whose blocks stages are made for.

    Raises:
        UserError: it is not there; the message has the nearest name and all there are.
    """
    content = read_yaml(PIPELINE)
    stages = content.get("stages") if isinstance(content, dict) else None
    for target in targets:
        if not isinstance(stages, dict) or ":" in target or target.endswith(_FILES):
            continue
        name, at, key = target.partition("@")
        require_known(f"{target}: there is no stage '{name}'", name, map(str, stages))
        block, keys = _made_for(stages[name], study)
        if keys is None:
            continue
        if at and not block:
            raise UserError(f"{target}: '{name}' is one stage for the whole study: `{name}`")
        if not keys and block:
            raise UserError(f"{target}: nothing to run: params.yaml has none under {block}")
        if at:
            what = f"{target}: params.yaml has no '{key}' under {block}"
            require_known(what, key, keys)


def _made_for(stage: Any, study: Params) -> tuple[str, list[str] | None]:
    """Return the block of params.yaml that a stage is repeated for, and its names.

    The block is "" for a stage that stands by itself; names are None where only DVC knows them.
    """
    each = stage.get("foreach") if isinstance(stage, dict) else None
    if isinstance(stage, dict) and each is None and "matrix" not in stage:
        return "", []
    block = each[2:-1] if isinstance(each, str) and each.startswith("${") else ""
    names = getattr(study, block, None) if block else None
    return block, list(names) if isinstance(names, dict) else None
