"""git, asked from Python."""

import subprocess
from pathlib import Path


def git(*arguments: str, folder: Path | None = None) -> str:
    """Run git in a folder (the current one) and return what it prints.

    Raises:
        OSError: there is no git here.
        subprocess.SubprocessError: git fails, or takes more than a minute.
    """
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, timeout=60, check=True
    )
    return done.stdout.decode("utf-8", errors="replace")
