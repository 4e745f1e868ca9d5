"""The process that sends to MLflow what stages note (`tracking`), so that none waits for it.

It ends when the one that started it does, or with one warning where MLflow refuses anything, takes
longer than `SECONDS` for it, or longer than that for all that is left at the end.
"""

import fcntl
import json
import logging
import os
import posixpath
import re
import select
import shutil
import sys
import sysconfig
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from heatproof.run import tracking_models, tracking_store
from heatproof.run.tracking_cells import Cells, allowed, log_params

NOTES, FILES = "notes", "files"  # in the folder of a run
SECONDS = 15.0
LOADING_SECONDS = 120.0  # no server has a part in it
_OFF = Path(".dvc/tmp/tracking-off")  # names the run that was told
_POLL_SECONDS = 0.5
_METRICS_PER_CALL = 1000  # MLflow's own limit


def main() -> None:
    """Send what is noted in a folder: `tracking_sender NOTES ROOT PROCESS`."""
    notes, root, process = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    os.chdir(root)  # relative to it no name of a folder needs quoting
    logging.disable()
    warnings.simplefilter("ignore")

    def give_up(error: Exception) -> None:
        warn(error)
        shutil.rmtree(notes, ignore_errors=True)  # stages see by this that nobody looks any more
        with suppress(OSError):
            _OFF.write_text(_identity(process), encoding="ascii")
        os._exit(1)

    try:
        sender = Sender(notes, give_up)
        # Nobody writes there: what can be read is its end.
        while not select.select([sys.stdin], [], [], _POLL_SECONDS)[0]:
            sender.send()
        if any(notes.iterdir()):
            sender.load()
        with sender.limited("what was left at the end"):
            while sender.send():  # a stage is still at work, though what ran it was killed
                time.sleep(_POLL_SECONDS)
        shutil.rmtree(notes, ignore_errors=True)
    # A side channel: all that goes wrong in it is a line.
    except Exception as error:
        give_up(error)


def given_up(root: Path, process: int) -> bool:
    """Whether a process, such as DVC, has run a stage whose sender gave up."""
    try:
        return (root / _OFF).read_text(encoding="ascii") == _identity(process)
    except OSError:
        return False


def _identity(process: int) -> str:
    import psutil

    with suppress(psutil.Error):
        return f"{process} {psutil.Process(process).create_time()}"
    return ""


def warn(error: Exception) -> None:
    """Say on one line why nothing is tracked from here on.

    Of an error's words only its code is told where MLflow was given credentials, which a library
    or the server may repeat in any form.
    """
    words = next(filter(None, map(str.strip, str(error).splitlines())), "no further word")
    given = [os.environ.get(f"MLFLOW_TRACKING_{n}", "") for n in ("PASSWORD", "TOKEN", "URI")]
    if given[0] or given[1] or re.search("[@?]", given[2]):
        code = re.search(r"\b[45]\d\d\b", words)
        words = (
            f"{f'error {code[0]}, ' if code else ''}words left out, as they may hold credentials"
        )
    print(
        f"warning: MLflow tracking is off from here on ({type(error).__name__}: {words[:300]}); "
        "results are not affected. Check MLFLOW_TRACKING_URI, or set STUDY_TRACKING=off",
        file=sys.stderr,
        flush=True,
    )


class Sender:
    """A connection to MLflow, opened for the first run, and the runs that are under way.

    `give_up` is called, in a thread of its own, with the reason where MLflow takes too long.
    """

    def __init__(self, notes: Path, give_up: Callable[[Exception], None]) -> None:
        self._notes, self._give_up = notes, give_up
        self._client: Any = None
        self._experiment = ""
        self._cells: Any = None
        self._files: dict[Path, IO[bytes]] = {}
        self._ids: dict[Path, str] = {}

    def send(self) -> bool:
        """Send what is new; return whether a run is still under way.

        Raises:
            Exception: whatever MLflow, SQLAlchemy or the network raises.
        """
        for folder in self._notes.glob("run-*"):
            self.load()
            if folder not in self._files:
                self._files[folder] = open(folder / NOTES, "rb")  # noqa: SIM115 (closed below)
            file, end = self._files[folder], {}
            killed = _unlocked(file)  # asked before the last lines are read
            for line in _whole_lines(file):
                note = json.loads(line)
                seconds = LOADING_SECONDS if "model" in note else SECONDS
                with self.limited(f"{' and '.join(note)} of a run", seconds):
                    self._send(folder, note)
                end = note if "end" in note else {}
            if end or killed:
                with self.limited("the end of a run"):
                    run_id, status = self._ids.pop(folder), end.get("end", "KILLED")
                    self._client.set_terminated(run_id, status, end.get("time"))
                    self._cells.end(run_id, status)
                self._files.pop(folder).close()
                shutil.rmtree(folder)
        return bool(self._files)

    def load(self) -> None:
        """Load MLflow, which on a busy machine takes its time, and open its store."""
        if not self._client:
            if "%" in sys.prefix:  # MLflow cannot make a database where it is in such a folder
                (self._notes / "site").symlink_to(sysconfig.get_path("purelib"))
                sys.path.insert(0, str(self._notes / "site"))
            with self.limited("loading MLflow", LOADING_SECONDS):
                client = tracking_store.client()
            with self.limited("opening MLflow's store"):
                self._experiment = tracking_store.experiment_id(client)
            self._client, self._cells = client, Cells(client, self._experiment)

    def _send(self, folder: Path, note: dict[str, Any]) -> None:
        if "begin" in note:
            self._ids[folder] = self._cells.begin(note)
        from mlflow.entities import Metric
        from mlflow.utils import chunk_list

        run_id = self._ids[folder]
        log_params(self._client, run_id, note.get("params", {}))
        metrics = [
            Metric(allowed(n), v, note["time"], note["step"])
            for n, v in note.get("metrics", {}).items()
        ]
        for batch in chunk_list(metrics, _METRICS_PER_CALL):
            self._client.log_batch(run_id, metrics=batch)
        if "headline" in note:
            self._cells.headline(run_id, note["headline"], note["time"])
        if "model" in note:
            tracking_models.log(self._client, run_id, folder / FILES, note["model"])
        if "file" in note:
            path = folder / FILES / note["file"]
            self._client.log_artifact(run_id, str(path), posixpath.dirname(note["file"]) or None)

    @contextmanager
    def limited(self, what: str, seconds: float | None = None) -> Iterator[None]:
        """Give up where what is done within takes more than `seconds`, or `SECONDS`."""
        seconds = seconds or SECONDS
        error = TimeoutError(f"{what} took more than {seconds:.0f} s")
        timer = threading.Timer(seconds, self._give_up, [error])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Return the lines from here on, but one that is not all there yet."""
    while (line := file.readline()).endswith(b"\n"):
        yield line
    file.seek(-len(line), os.SEEK_CUR)


def _unlocked(file: IO[bytes]) -> bool:
    """Whether the stage that writes a file has ended."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    main()
