"""How much memory a stage took at most: resident bytes, its own and those of what it started.

Linux' high-water mark of a process' own address space. `getrusage` has another: a program begins
with the mark of the process that started it, so that a small one which a large one starts counts as
large. A copy of a loaded process (`forkserver`) begins here with what is loaded at that time, which
is what it would have loaded itself, and not with what the loading took for a while.
"""

import re
from contextlib import suppress
from pathlib import Path

_MARK = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)
# The most that one process took which the stage started and waited for.
_started = 0


def of_process(process: int | str = "self") -> int:
    """Return the most resident bytes that a running process has had; 0 where that is not known."""
    with suppress(OSError, ValueError):
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace")
        if mark := _MARK.search(status):
            return int(mark[1]) * 1024
    return 0


def watch(process: int) -> None:
    """Count a process that works beside this one, which waits for it; called while it runs."""
    global _started
    _started = max(_started, of_process(process))


def peak() -> int:
    """Return the most resident bytes of this process, and of one that it started and watched."""
    own = of_process()
    return own + _started if own else 0
