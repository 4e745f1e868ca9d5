"""How a program of the project ends: what a user can put right is one line and an exit code."""

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable

from heatproof.run.errors import UserError, printable

_INTERRUPTED = "interrupted: completed work is saved; run the same command again to resume"

# What the operating system may refuse although the program is right.
_REFUSALS = {
    errno.ENOSPC: "the disk is full: free some space, then run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space, then run the same command again",
    errno.EACCES: "permission denied: make the file or folder accessible to this user",
    errno.EPERM: "operation not permitted: make the file or folder accessible to this user",
    errno.EROFS: "the file system is read-only: run in a folder that can be written to",
}


def run(main: Callable[[], None]) -> None:
    """Call `main`, turning what a user can correct into one line and an exit code.

    Exit codes: 2 for a `UserError`, 1 for what the operating system refuses (a full disk, a
    read-only folder), 130 for Ctrl-C. Everything else is a bug and keeps its traceback.
    """
    earlier, sys.unraisablehook = sys.unraisablehook, _resend_sigint
    try:
        main()
    except UserError as error:
        message = "\n".join(map(printable, str(error).split("\n")))
        print(f"error: {message}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print(_INTERRUPTED, file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        where = f"{printable(str(error.filename))}: " if error.filename else ""
        print(f"error: {where}{_REFUSALS[error.errno]}", file=sys.stderr)
        sys.exit(1)
    finally:
        sys.unraisablehook = earlier


def _resend_sigint(unraisable: "sys.UnraisableHookArgs") -> None:
    """Keep a Ctrl-C that came while Python was clearing something away, where it would be lost."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        # A little later, or it would be lost here as well.
        again = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)
