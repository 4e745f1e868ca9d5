"""A new study's folder: written as a whole or not at all, a repository of git and DVC at once."""

import os
import shutil
import tempfile
from pathlib import Path

from heatproof.config import params
from heatproof.new import texts
from heatproof.run.errors import UserError
from heatproof.run.git import GitMissing, git

REPOSITORY = Path(__file__).resolve().parents[2]
# The files of this project that a study has too, as they are.
AS_THEY_ARE = (".gitignore", ".dvcignore")
DVC_CONFIG = "[core]\n    analytics = false\n    check_update = false\n"


def originals() -> tuple[str, str]:
    """Return the repository's params.yaml and dvc.yaml, as text."""
    parameters, stages = (
        (REPOSITORY / name).read_text("utf-8") for name in ("params.yaml", "dvc.yaml")
    )
    return parameters, stages


def named(path: Path) -> Path:
    """Return a study's folder as a command line names it; `.` and the like by their real name."""
    return path if path.name not in ("", "..") else path.resolve()


def plain(path: Path) -> Path:
    """Return an absolute path without `..`; links stay, which may be meant to lead elsewhere."""
    short = Path(os.path.normpath(path.absolute()))
    # After a link `..` is not where it seems to be.
    same = path.exists() and short.exists() and short.samefile(path)
    return short if same else path.resolve()


def require_free(folder: Path) -> None:
    """Refuse a place for a study in which something is. Raises UserError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: it exists and is not empty; choose another name")


def require_outside(folder: Path, pictures: Path) -> None:
    """Refuse a place for a study within the folder of its pictures. Raises UserError."""
    if folder.resolve().is_relative_to(pictures.resolve()):
        raise UserError(
            f"{folder}: lies in the pictures' folder {pictures}, which would change with each run; "
            "choose a place outside it"
        )


def write(folder: Path, contents: texts.Contents, readme: str) -> list[str]:
    """Make a study's folder of these contents, with this README.

    A folder outside any git repository becomes one, with everything committed, so that experiments
    work there at once.

    Returns:
        What to tell the user beside that it is done.

    Raises:
        UserError: the folder has something in it, or the parameters do not fit together.
    """
    require_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
        made = Path(place) / "study"
        (made / ".dvc").mkdir(parents=True)
        parameters, stages = originals()
        for name, text in (
            ("params.yaml", texts.params_text(parameters, contents)),
            ("dvc.yaml", texts.pipeline_text(stages)),
            ("README.md", readme),
        ):
            (made / name).write_text(text, encoding="utf-8")
        params.load(made / params.PARAMS)
        for name in AS_THEY_ARE:
            shutil.copyfile(REPOSITORY / name, made / name)
        (made / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n", encoding="utf-8")
        (made / ".dvc" / "config").write_text(DVC_CONFIG, encoding="utf-8")
        notes = _in_git(made, folder)
        if folder.exists():  # empty; the user's shell may be in it, so it is not replaced
            for each in made.iterdir():
                each.rename(folder / each.name)
        else:
            made.rename(folder)
    return notes


def _in_git(made: Path, folder: Path) -> list[str]:
    """Make the folder a git repository of its own, unless one around it takes it in."""
    around = folder.absolute().parent
    try:
        git("rev-parse", "--is-inside-work-tree", folder=around)
        inside = not _ignored(folder, around)
    except GitMissing:
        (made / ".dvc" / "config").write_text(f"{DVC_CONFIG}    no_scm = true\n", encoding="utf-8")
        return ["git is not installed here: the study runs, but experiments (`dvc exp`) need it"]
    except UserError:
        inside = False
    if inside:
        return ["it lies in a git repository: commit it there before the first experiment"]
    git("init", "-q", folder=made)
    git("add", "-A", folder=made)
    try:
        git("commit", "-q", "-m", "A new study", folder=made)
    except UserError:
        return [
            "git does not know who you are: `git config --global user.name` and `user.email`, "
            "then `git commit -m 'A new study'` there, before the first experiment"
        ]
    return []


def _ignored(folder: Path, around: Path) -> bool:
    try:
        # With the slash: what is to be a folder is none yet.
        git("check-ignore", "-q", f"{folder.absolute()}/", folder=around)
    except UserError:
        return False
    return True
