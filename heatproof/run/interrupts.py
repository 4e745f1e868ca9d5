"""Ctrl-C and a closed terminal: how they end a program, and how none is lost.

One that comes while Python clears something away, as in the callback that it calls at the end of
every import, is an exception that Python ignores: what was pressed would have no effect. This
module imports nothing that is not loaded when Python starts, so that a program can call `keep`
before anything else.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, which takes a moment to load
if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

_LAST_SECONDS = 10.0  # to end after a terminal was closed
SAVED = "interrupted: completed work is saved; run the same command again to resume"
# Both are there in a stage of a run that holds the folder's lock: DVC's, and `orphans.OWNER`.
_IN_A_RUN = ("DVC_STAGE", "STUDY_RUN")


def keep() -> None:
    """Have a Ctrl-C that would be lost sent again, from now on and until the process ends."""
    sys.unraisablehook = _resend


def hear_hangup() -> None:
    """Have a closed terminal end this process as Ctrl-C does; not where it should not, by nohup."""
    import signal

    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _hang_up)


def left_to(words: list[str], folder: Path) -> int:
    """Run another program of this project in a folder, and return how it ended.

    Ctrl-C and a closed terminal, which both get, are left to it: it ends what it is at, and says
    what is kept. `subprocess.run` would kill it a quarter of a second later.
    """
    import signal
    import subprocess

    # What a function of Python's receives is not passed on, unlike what is ignored.
    before = {
        number: signal.signal(number, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        code = subprocess.Popen(words, cwd=folder).wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code  # as a shell has it of one that a signal ended


def end(told: str = SAVED) -> NoReturn:
    """End the program as a shell expects of one that Ctrl-C ended, with a word on what is kept.

    A stage of a run leaves that word to the run, which knows more of it.

    Another Ctrl-C from here on, pressed again or sent again by `keep`, changes nothing: while
    Python ends it would end the process by the signal.
    """
    import signal
    import threading

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not all(name in os.environ for name in _IN_A_RUN):
        print(told, file=sys.stderr)
    sys.exit(130)


def _resend(unraisable: sys.UnraisableHookArgs) -> None:
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    import signal
    import threading

    # A little later, or it would be lost here as well.
    again = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


def _hang_up(number: int, frame: object) -> None:
    import signal
    import threading

    signal.signal(number, signal.SIG_IGN)  # what started this process may be about to send another
    last = threading.Timer(_LAST_SECONDS, os.kill, (os.getpid(), signal.SIGKILL))
    last.daemon = True
    last.start()
    # DVC ignores Ctrl-C while a stage is at work, which is told too, and waits for its end.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN or "DVC_STAGE" in os.environ:
        raise KeyboardInterrupt
