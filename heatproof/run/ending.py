"""How a program of the project ends: what a user can put right is one line and an exit code."""

import errno
import io
import os
import select
import signal
import sys
from collections.abc import Callable

from heatproof.run import interrupts, memory
from heatproof.run.errors import UserError, escaped

_STDOUT = 1
_READER_LEFT = 128 + signal.SIGPIPE  # as a shell has it of a program that ended by this signal

# What the operating system may refuse although the program is right.
_REFUSALS = {
    errno.ENOSPC: "the disk is full: free some space, then run the same command again",
    errno.EDQUOT: "the disk quota is used up: free some space, then run the same command again",
    errno.EFBIG: "the file would be larger than is allowed here: raise the limit (`ulimit -f`)",
    errno.EACCES: "permission denied: make the file or folder accessible to this user",
    errno.EPERM: "operation not permitted: make the file or folder accessible to this user",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.ELOOP: "its links lead in a circle: remove one of them",
    errno.ENOTDIR: "one of its folders is a file: choose another place",
    errno.EROFS: "the file system is read-only: run in a folder that can be written to",
}


def run(main: Callable[[], None]) -> None:
    """Call `main`, turning what a user can correct into one line and an exit code.

    Exit codes: 2 for a `UserError`, 1 for what the operating system refuses (a full disk, a
    read-only folder, memory), 130 for Ctrl-C, 141 where nobody reads what is printed any more
    (`| head`). Everything else is a bug and keeps its traceback.
    """
    try:
        main()
        print(end="", flush=True)  # here a full disk, or a closed pipe, can still be told
    except UserError as error:
        message = "\n".join(map(escaped, str(error).split("\n")))
        print(f"error: {message}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt as pressed:
        interrupts.end(*pressed.args)  # which may say what became of the work
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _reader_left():
            sys.exit(_READER_LEFT)
        if (asked := memory.asked_for(error)) is not None:
            print(f"error: {escaped(memory.message(sys.argv, asked))}", file=sys.stderr)
            sys.exit(1)
        if (told := refusal(error)) is None:
            raise
        print(f"error: {escaped(told)}", file=sys.stderr)
        sys.exit(1)
    finally:
        if _reader_left():  # what Python has still to write must not fail when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)


def refusal(error: Exception) -> str | None:
    """Say what the operating system refused, and what to do; None of any other error."""
    if not isinstance(error, OSError) or error.errno not in _REFUSALS:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{_REFUSALS[error.errno]}"


def escape_unprintable() -> None:
    """Have print escape what a terminal's encoding lacks, as latin-1 a dash, as on stderr.

    While stdout is what it was when Python started: a copy's is another (`forkserver`).
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _reader_left() -> bool:
    """Return whether what is printed goes to a program that has ended."""
    watched = select.poll()
    watched.register(_STDOUT, select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in watched.poll(0))
