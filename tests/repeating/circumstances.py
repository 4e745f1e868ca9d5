"""What results may not depend on: where, when, in whose locale and beside what a process runs."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.scratch import environment

YEARS_LATER = 40
# Read by every Python that starts with this file's folder on its path. The standard library's
# datetime cannot be changed from outside; no stage uses it (test_training.py looks).
LATER = f"""\
import time

now, local, universal, written = time.time, time.localtime, time.gmtime, time.strftime
time.time = lambda: now() + {YEARS_LATER} * 365 * 86400
time.localtime = lambda at=None: local(time.time() if at is None else at)
time.gmtime = lambda at=None: universal(time.time() if at is None else at)
time.strftime = lambda form, at=None: written(form, time.localtime() if at is None else at)
"""


@dataclass(frozen=True)
class Circumstance:
    """How a process runs.

    folder: below a temporary one. later: the clock is 40 years ahead.
    """

    folder: str
    variables: dict[str, str] = field(default_factory=dict)
    umask: int = 0o022
    later: bool = False

    def start(self, words: Sequence[str], cwd: Path, clock: Path) -> subprocess.Popen[str]:
        """Start `python <words>` in a folder, both streams to one pipe.

        Args:
            words: after `python`.
            cwd: the folder; stages are imported from it.
            clock: a folder for what puts the clock forward.
        """
        path = [str(cwd)]
        if self.later:
            clock.mkdir(parents=True, exist_ok=True)
            (clock / "sitecustomize.py").write_text(LATER, encoding="utf-8")
            path.append(str(clock))
        return subprocess.Popen(
            [sys.executable, *words], cwd=cwd, text=True, encoding="utf-8", errors="replace",
            env=environment(PYTHONPATH=":".join(path), **self.variables), umask=self.umask,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _locale() -> str:
    """Return a locale of this machine that is as unlike the usual ones as there is."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    usual = ("C", "C.utf8", "POSIX", "en")
    return next((name for name in known.split() if not name.startswith(usual)), "POSIX")


CIRCUMSTANCES = (
    Circumstance("a", {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}),
    Circumstance(
        "größer als nötig/данные 研究/" + "a long way, " * 12 + "further on",
        {"LC_ALL": _locale(), "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
        umask=0o077,
    ),
    Circumstance("b", {"TZ": "America/St_Johns", "PYTHONHASHSEED": "2"}, later=True),
    Circumstance("c c", {"LC_ALL": "POSIX", "LANGUAGE": "tr", "PYTHONHASHSEED": "4294967295"}),
    Circumstance("ç", {"COLUMNS": "40", "NO_COLOR": "1"}, umask=0o027),
)


@contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep cores busy meanwhile."""
    spinning = [
        subprocess.Popen([sys.executable, "-c", "while True: sum(range(100000))"])
        for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()
