"""DVC, asked from Python."""

import subprocess
import sys

from heatproof.run.errors import UserError


def dvc(*arguments: str) -> str:
    """Run this environment's DVC and return what it prints. Raises UserError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UserError(f"dvc {' '.join(arguments)} failed:\n{done.stderr.strip()}")
    return done.stdout
