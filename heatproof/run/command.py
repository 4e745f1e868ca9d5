"""How a program of the project starts and ends: `start`, called at the top of every entry point.

    from heatproof.run import command

    if __name__ == "__main__":
        command.start("stages.train", uses="keras", check="heatproof.config.params:load")

    import keras
    ...

    def main() -> None:
        ...

`start` sets the process up, then imports the module under its own name and calls its `main`. So the
imports below it are ordinary ones at the top of the file, TensorFlow among them: they come after
the set-up. Importing the module anywhere else changes nothing, and this module imports nothing that
takes time.
"""

import errno
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Literal, NoReturn

from heatproof.run import runtime
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


def start(
    module: str,
    uses: Literal["", "keras", "tensorflow"] = "",
    check: str = "",
) -> NoReturn:
    """Be the program `python -m <module>`: set the process up, import `module`, call its `main`.

    Args:
        module: the name of the module that is run, such as "stages.train".
        uses: "keras" if it computes with whatever backend KERAS_BACKEND names, "tensorflow" if it
            needs that one. It is then loaded here, in silence; under `make repro` the program runs
            in a copy of a process that has it loaded already (`forkserver`).
        check: a function, as "module:function", that is called before Keras is loaded, which takes
            seconds: it raises UserError for what can be found at once, a mistake in params.yaml.

    Exits as `run` says, with 0 when `main` returns.
    """

    def main() -> None:
        runtime.choose_kernels()
        if uses:
            if uses == "tensorflow":
                runtime.require_tensorflow(module)
            runtime.require_backend()
            if _ran_elsewhere(module):
                return
            if check:
                place, _, function = check.partition(":")
                getattr(importlib.import_module(place), function)()
            runtime.load_keras()
        importlib.import_module(module).main()

    run(main)
    sys.exit(0)


def run(main: Callable[[], None]) -> None:
    """Call `main`, turning what a user can put right into one line and an exit code.

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


def _ran_elsewhere(module: str) -> bool:
    """Have another process do the work of this program, if one offers to; exit as it did."""
    from heatproof.run import forkserver

    code = forkserver.run_elsewhere(module, sys.argv[1:])
    if code is None:
        return False
    if code < 0:  # a signal ended it: this one ends in the same way
        sys.stderr.flush()
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _resend_sigint(unraisable: "sys.UnraisableHookArgs") -> None:
    """Keep a Ctrl-C that came while Python was clearing something away, where it would be lost."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        # A little later, or it would be lost here as well.
        again = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(unraisable)
