"""A user whom the system does not know, as in a container: without a name or a home."""

import getpass
import os
import tempfile
from pathlib import Path


def complete() -> None:
    """Set what DVC, MLflow and matplotlib ask of a user, where it is missing.

    Call `temporary.use_private_folder` first: that is where it is kept.
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):  # the latter as of Python 3.13
        os.environ["LOGNAME"] = str(os.getuid())
    try:
        home = Path.home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()
        home = Path(tempfile.gettempdir())
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    if not all(os.access(p if p.exists() else p.parent, os.W_OK) for p in (config, cache)):
        # matplotlib would make one for each process, and warn each time.
        os.environ.setdefault("MPLCONFIGDIR", str(Path(tempfile.gettempdir(), "matplotlib")))
