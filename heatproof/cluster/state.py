"""How a run on a cluster stands, in a file for other terminals: .dvc/tmp/cluster.json.

Of this machine alone, in no commit and in no cache.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from pydantic import TypeAdapter, ValidationError

from heatproof.cluster.standing import Board, How, Row
from heatproof.run.errors import UserError
from heatproof.storage import atomic

STATE = Path(".dvc/tmp/cluster.json")


@dataclass(frozen=True)
class Run:
    """A run as it was written down.

    how: it ended, or `running`. again: the command that resumes it. written: when. dashboard: Ray's
    address, or "". host, process, process_began: the process that wrote it. tasks, began,
    most_at_once: as the board has them.
    """

    how: How
    again: str
    written: float
    began: float
    most_at_once: int
    dashboard: str
    host: str
    process: int
    process_began: float
    tasks: dict[str, Row]

    @property
    def board(self) -> Board:
        """The board of the run."""
        return Board.of(self.began, self.tasks, self.most_at_once)


_RUN = TypeAdapter(Run)


def write(study: Path, board: Board, how: How, again: str, dashboard: str, now: float) -> None:
    """Write down how a run stands; a disk that is full is no reason to end it."""
    process = psutil.Process()
    run = Run(
        how, again, now, board.began, board.most_at_once, dashboard,
        socket.gethostname(), process.pid, process.create_time(), board.rows,
    )  # fmt: skip
    with suppress(OSError):
        atomic.write_bytes(study / STATE, _RUN.dump_json(run))


def read(study: Path) -> Run | None:
    """Return the run in progress in a study's folder, or the last one; None where there was none.

    A run whose process is gone without a word was `killed`. Of one on another host that shares the
    folder that cannot be told: it counts as running.

    Raises:
        UserError: the file is damaged.
    """
    path = study / STATE
    if not path.exists():
        return None
    try:
        run = _RUN.validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserError(
            f"{path}: damaged ({error.errors()[0]['msg']}): delete it; the next run writes it anew"
        ) from error
    return replace(run, how="killed") if run.how == "running" and _is_gone(run) else run


def _is_gone(run: Run) -> bool:
    if run.host != socket.gethostname():
        return False
    try:
        began = psutil.Process(run.process).create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
    return abs(began - run.process_began) > 1.0
