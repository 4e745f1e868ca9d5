"""Starting a stage as a copy of a process that has its libraries loaded already.

`make repro` keeps such a process (tools/forkserver.py): TensorFlow and MLflow take several seconds
to load, a copy of a process that has them takes none, and a hundred stages need them.
`python -m stages.train` then asks for a copy to do its work, and stands for it: what the copy
prints comes where it would have printed, signals are passed on, its exit code is the copy's. Where
nobody offers one, the stage runs by itself.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

# Where the offer is: the name of an abstract Unix socket, set by tools/forkserver.py.
OFFER = "STUDY_LOADED"
# A request is this many bytes of its length, in decimal, then JSON.
LENGTH = 10
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_elsewhere(module: str, arguments: Sequence[str]) -> int | None:
    """Have a copy run `python -m <module> <arguments>` in this folder and environment.

    Returns:
        Its exit code, or the negative number of the signal that ended it; None if no copy could be
        had, so that nothing was done.
    """
    name = os.environ.get(OFFER)
    if not name or os.environ.get("KERAS_BACKEND", "") not in ("", "tensorflow"):
        return None
    environment = {name: value for name, value in os.environ.items() if name != OFFER}
    request = {
        "module": module,
        "arguments": list(arguments),
        "folder": str(Path.cwd()),
        "environment": environment,
    }
    content = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as offer:
        try:
            offer.connect(f"\0{name}")
            socket.send_fds(offer, [b"%*d" % (LENGTH, len(content))], [0, 1, 2])
            offer.sendall(content)
            answers = offer.makefile("r", encoding="ascii")
            process = int(answers.readline())
        except (OSError, ValueError):  # it is gone, or could not load its libraries
            return None
        with answers, _passing_signals_on(process), suppress(OSError, ValueError):
            return int(answers.readline())
    print(f"error: {module}: the process that it ran in was ended", file=sys.stderr)
    return 1


@contextmanager
def _passing_signals_on(process: int) -> Iterator[None]:
    """Within, what this process is told the copy is told, and decides what comes of it.

    Not what this one ignores, as a shell's background jobs ignore Ctrl-C.
    """

    def pass_on(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(process, number)

    def pause(number: int, frame: FrameType | None) -> None:
        """Stop for Ctrl-Z, and go on, together with the copy, which the terminal does not know."""
        pass_on(signal.SIGSTOP, frame)
        os.kill(os.getpid(), signal.SIGSTOP)
        pass_on(signal.SIGCONT, frame)

    handlers = {**dict.fromkeys(_PASSED_ON, pass_on), signal.SIGTSTP: pause}
    before = {
        number: signal.signal(number, handler) for number, handler in handlers.items()
        if signal.getsignal(number) is not signal.SIG_IGN
    }  # fmt: skip
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
