"""How a stage is run from the command line: mistakes end in a sentence, bugs in a traceback."""

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable
from difflib import get_close_matches
from types import TracebackType

from heatproof.run.errors import UserError, printable

_LONGEST_NAME = 100  # nobody meant another by what is longer; comparing takes its time squared

_GO_ON = "interrupted: what was finished is kept; run the same command again to go on"

# What the operating system may refuse although the program is right.
_REFUSALS = {
    errno.ENOSPC: "the disk is full: free some space, then run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space, then run the same command again",
    errno.EACCES: "permission denied: make the file or folder accessible to this user",
    errno.EPERM: "operation not permitted: make the file or folder accessible to this user",
    errno.EROFS: "the file system is read-only: run in a folder that can be written to",
}


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main`, turning what a user can put right into one line and an exit code.

    Exit codes: 2 for a `UserError`, 1 for what the operating system refuses (a full disk, a
    read-only folder), 130 for Ctrl-C. Everything else is a bug and keeps its traceback.

    Where it is offered, `main` runs in another process, which has its libraries loaded already
    (`loaded`); nobody can tell, but by the time it takes.
    """
    try:
        if not _ran_elsewhere():
            main()
    except UserError as error:
        said = "\n".join(map(printable, str(error).split("\n")))
        print(f"error: {said}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print(_GO_ON, file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        where = f"{printable(str(error.filename))}: " if error.filename else ""
        print(f"error: {where}{_REFUSALS[error.errno]}", file=sys.stderr)
        sys.exit(1)


def _ran_elsewhere() -> bool:
    """Have another process do the work of this program, if one offers to; exit as it did."""
    # Not before Ctrl-C is taken care of, below: it takes a moment to load.
    from heatproof.run import forkserver

    program = _spec.name if _spec is not None else ""
    if program not in (f"stages.{name}" for name in forkserver.STAGES):
        return False
    code = forkserver.run_elsewhere(program, sys.argv[1:])
    if code is None:
        return False
    if code < 0:  # a signal ended it: this one ends in the same way
        sys.stderr.flush()
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def nearest(name: object, known: list[str]) -> str:
    """Return "; did you mean 'x'?" for the known name closest to `name`, or an empty string."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def _say_interrupted(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print(_GO_ON, file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _press_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Keep a Ctrl-C that came while Python was clearing something away, where it would be lost."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        # A little later, or it would be lost here as well.
        again = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)


# A stage loads libraries for a second or more before `run` is there for Ctrl-C. Whoever imports
# this in a program of their own keeps their own handling.
_spec = getattr(sys.modules["__main__"], "__spec__", None)
if _spec is not None and _spec.name.partition(".")[0] in ("heatproof", "stages", "tools"):
    sys.excepthook = _say_interrupted
    sys.unraisablehook = _press_again
