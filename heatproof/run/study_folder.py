"""Whether a folder is a study, told in the same words by all that need one."""

from pathlib import Path

from heatproof.run.errors import UserError

_PARAMS = "params.yaml"


def require(folder: Path) -> None:
    """Refuse a folder that is no study: the current one, unless the user named one by --study.

    Raises:
        UserError: it has no params.yaml.
    """
    if (folder / _PARAMS).exists():
        return
    if folder != Path():
        raise UserError(f"--study {folder}: there is no {_PARAMS} in it")
    raise UserError(
        f"{Path.cwd()} is not a study, it has no {_PARAMS}: go to a study's folder first, name one "
        "by --study, or make one of your own pictures: `heatproof new`"
    )
