"""git, asked from Python."""

import os
import subprocess
from pathlib import Path

from heatproof.run.errors import UserError, escaped

_NONE = (
    "{folder}: there is no git {what} here{where}: git init; git add .; git commit -m 'My study'"
)


class GitMissing(UserError):
    """git is not installed."""


def git(*arguments: str, folder: Path | None = None) -> str:
    """Run git in a folder (the current one) and return what it prints.

    Raises:
        GitMissing: there is no git here.
        UserError: it fails, or takes more than a minute; with what to do.
    """
    folder = folder or Path.cwd()
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, timeout=60, check=False,
            env=os.environ | {"LC_ALL": "C"},
        )  # fmt: skip
    except FileNotFoundError:
        raise GitMissing("git is not installed, and experiments need it: install git") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"{folder}: git {arguments[0]} took more than a minute") from None
    if done.returncode == 0:
        return done.stdout.decode("utf-8", errors="replace")
    raise UserError(_explained(done.stderr.decode("utf-8", errors="replace").strip(), folder))


def _explained(words: str, folder: Path) -> str:
    if "dubious ownership" in words:
        return (
            f"{folder}: git refuses a repository that another user owns; if you trust it: "
            f"git config --global --add safe.directory '{folder}'"
        )
    if "not a git repository" in words:
        return _NONE.format(folder=folder, what="repository", where=" (an archive has none)")
    if "Needed a single revision" in words:
        return _NONE.format(folder=folder, what="commit", where="")
    return f"{folder}: git failed: {escaped(words)[:300]}"
