"""DVC, asked from Python."""

import os
import subprocess
import sys
from pathlib import Path

from heatproof.run.errors import UserError

SYSTEM_CONFIG = "DVC_SYSTEM_CONFIG_DIR"
WITHOUT_GIT = Path(__file__).resolve().parent / "without_git"  # a folder with a configuration


def dvc(*arguments: str) -> str:
    """Run this environment's DVC and return what it prints. Raises UserError where it fails."""
    prepare()
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UserError(f"dvc {' '.join(arguments)} failed:\n{done.stderr.strip()}")
    return done.stdout


def prepare() -> None:
    """Have DVC work here too, where there is no git repository, as in an unpacked archive.

    Raises:
        UserError: the folder's path is one that DVC fails in.
    """
    here = Path.cwd()
    if awkward := sorted(set("{}:") & set(str(here))):
        raise UserError(
            f"{here}: DVC fails in a folder whose path has {' or '.join(awkward)}: rename it"
        )
    if not any((folder / ".git").exists() for folder in (here, *here.parents)):
        os.environ.setdefault(SYSTEM_CONFIG, str(WITHOUT_GIT))
