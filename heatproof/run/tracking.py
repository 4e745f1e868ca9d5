"""MLflow as a side channel: it may fail, be slow to answer or be missing, and no run notices.

A stage only notes what is to be tracked, in files; a process of its own sends it
(`tracking_sender`): one for all of `make repro`, else one for the stage. Only the end of either
waits for it, for a bounded time.

Runs go to `mlflow.db` and `mlartifacts/` in the repository's root (the parent repository's, where
DVC runs a queued experiment in a temporary copy), or to the server that MLFLOW_TRACKING_URI names.
The experiment is called "study", or what MLFLOW_EXPERIMENT_NAME says. STUDY_TRACKING=off (or
MLFLOW_TRACKING_URI=off) turns tracking off without importing MLflow.
"""

import fcntl
import hashlib
import importlib.util
import json
import numbers
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from heatproof.run import provenance
from heatproof.run.nested import leaves
from heatproof.run.source_code import ROOT
from heatproof.run.tracking_sender import FILES, NOTES, given_up, warn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTED = "STUDY_NOTED"  # the folder that a sender looks at; empty where tracking is off


class Run:
    """One MLflow run; every method is a no-operation where tracking is off.

    It is a folder within `notes`, with a line of JSON for each thing that is logged.
    """

    def __init__(self, notes: str, first: Mapping[str, object]) -> None:
        self._notes, self._first = notes, first
        self._folder = Path()
        self._file: IO[str] | None = None

    @property
    def is_tracked(self) -> bool:
        """Whether anything is noted: what is made for it alone need not be made otherwise."""
        return bool(self._notes)

    def log_metrics(self, values: Mapping[str, object], step: int = 0) -> None:
        """Log numbers, for example an epoch's.

        Args:
            values: name -> number. What is no number (names, tables, None) is left out: it belongs
                into an artifact.
            step: the epoch, from 1, or 0 for final values.
        """
        metrics = {
            name: float(value)
            for name, value in values.items()
            if isinstance(value, numbers.Real) and not isinstance(value, bool)
        }
        self._note(lambda: {"metrics": metrics, "step": step})

    def log_figure(self, figure: "Figure | Callable[[], Figure]", name: str) -> None:
        """Log a matplotlib figure under `name`, such as "confusion.png".

        A function is called for its figure where the run is tracked, and nowhere else.
        """
        self._log_file(
            f"figures/{name}",
            lambda path: (figure() if callable(figure) else figure).savefig(path),
        )

    def log_artifact(self, path: str | Path) -> None:
        """Log a file as it is."""
        self._log_file(Path(path).name, lambda copy: shutil.copyfile(path, copy))

    def _log_file(self, name: str, write: Callable[[Path], object]) -> None:
        def make() -> dict[str, object]:
            path = self._folder / FILES / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
            return {"file": name}

        self._note(make)

    def _end(self, status: str) -> None:
        """Note how the run ended; one that Ctrl-C broke off before it logged leaves no trace."""
        if status != "KILLED" or self._file:
            self._note(lambda: {"end": status})
        if self._file:
            self._file.close()

    def _note(self, make: Callable[[], Mapping[str, object]]) -> None:
        if not self._notes:
            return
        try:
            if self._file is None:
                self._file = self._begin()
            self._file.write(_line(make()))
            self._file.flush()
        # A side channel: whatever goes wrong in it, the run it watches must not notice.
        except Exception as error:
            if Path(self._notes).exists():  # else the sender has given up, and said so
                warn(error)
            self._notes = ""

    def _begin(self) -> IO[str]:
        """Make the run's folder, seen by the sender when its lock is held: it ends with us."""
        unseen = Path(tempfile.mkdtemp(prefix=".run-", dir=self._notes))
        file = open(unseen / NOTES, "w", encoding="utf-8")  # noqa: SIM115 (closed in `_end`)
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(_line(self._first))
        self._folder = unseen.rename(unseen.with_name(unseen.name[1:]))
        return file


@contextmanager
def run(stage: str, cell: str, params: Mapping[str, object]) -> Iterator[Run]:
    """Track one stage of one cell as an MLflow run.

    It appears in MLflow with the first numbers that are logged, such as a training's first epoch,
    and begins when the block does. It is marked FINISHED, FAILED where the block raises, or KILLED
    at Ctrl-C and where this process is killed; what the block raises is raised unchanged.

    Args:
        stage: the DVC stage, such as "train" or "explain_gradients".
        cell: the cell, such as "simple_cnn-mnist".
        params: what the stage depends on, flat or nested (pydantic blocks too). Logged flat, with
            dots between the keys; its hash is the tag config_hash.

    Yields:
        A `Run` to log to. Where tracking is off its methods do nothing.
    """
    # As it is before the work begins: the commit may be another when its durations are written.
    provenance.sources()
    with sender():
        notes = os.environ[NOTED]
        tracked = Run(notes, _first(stage, cell, params) if notes else {})
        status = "FAILED"
        try:
            yield tracked
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            tracked._end(status)


@contextmanager
def sender() -> Iterator[None]:
    """Within, one process sends to MLflow what all stages note; at the end it is waited for.

    Where one is at work already, as under `make repro`, nothing is done.
    """
    if NOTED in os.environ:
        yield
        return
    notes, process = "", None
    try:
        root = repository_root()
        whole = os.getppid() if "DVC_ROOT" in os.environ else os.getpid()
        if not (_switched_off() or given_up(root, whole)):
            notes = tempfile.mkdtemp(prefix="tracking-")
            process = subprocess.Popen(
                [sys.executable, "-m", "heatproof.run.tracking_sender", notes, root, str(whole)],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        warn(error)
    os.environ[NOTED] = notes if process else ""
    try:
        yield
    finally:
        del os.environ[NOTED]
        if process and process.stdin:
            process.stdin.close()
            process.wait()


def repository_root() -> Path:
    """Return the folder that mlflow.db belongs to.

    DVC names it in DVC_ROOT, also where it runs an experiment in a temporary copy; without DVC it
    is the current folder.
    """
    return Path(os.environ.get("DVC_ROOT") or Path.cwd()).resolve()


def flattened(params: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten nested mappings and pydantic blocks, keys joined with dots, in order of the keys."""
    flat = {name: value for name, value in leaves(params) if value != {}}
    return {name: flat[name] for name in sorted(flat)}


def config_hash(params: Mapping[str, object]) -> str:
    """Return the SHA-256 (hexadecimal) of the canonical JSON of `params`, flat or nested.

    The order of keys and the difference between nested and dotted keys do not change it.
    """
    return hashlib.sha256(_canonical(flattened(params)).encode()).hexdigest()


def git_commit() -> str:
    """Return the commit of the current folder, "-dirty" added if code or parameters differ from it.

    "unknown" where params.yaml is in no commit, or without git.
    """
    recorded = provenance.sources()
    if recorded["commit"] is None:
        return "unknown"
    differs = recorded["changed"] or recorded["parameters"]
    return f"{recorded['commit']}-dirty" if differs else recorded["commit"]


def source_file(stage: str) -> str:
    """Return the stage's entry point: its own, or the one of all families."""
    own = Path("stages", f"{stage}.py")
    return (own if (ROOT / own).exists() else own.with_stem(stage.partition("_")[0])).as_posix()


def _first(stage: str, cell: str, params: Mapping[str, object]) -> dict[str, object]:
    """Return the note that a run begins with."""
    flat, commit = flattened(params), git_commit()
    tags = {
        "dvc_stage": f"{stage}@{cell}",
        "cell": cell,
        "git_commit": commit,
        "config_hash": config_hash(flat),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": source_file(stage),
        "mlflow.source.git.commit": commit.removesuffix("-dirty"),
    }
    if "DVC_EXP_NAME" in os.environ:
        tags["dvc_experiment"] = os.environ["DVC_EXP_NAME"]
    values = {k: v if isinstance(v, str) else _canonical(v) for k, v in flat.items()}
    return {"time": _now(), "begin": f"{stage} {cell}", "tags": tags, "params": values}


def _line(note: Mapping[str, object]) -> str:
    return json.dumps({"time": _now()} | dict(note)) + "\n"


def _now() -> int:
    """Return the time as MLflow has it, in milliseconds."""
    return int(time.time() * 1000)


def _switched_off() -> bool:
    values = (os.environ.get("STUDY_TRACKING", ""), os.environ.get("MLFLOW_TRACKING_URI", ""))
    if any(value.strip().lower() == "off" for value in values):
        return True
    if importlib.util.find_spec("mlflow"):
        return False
    # As on a machine that only trains.
    print("MLflow is not installed: the run is not tracked, and nothing else changes", flush=True)
    return True


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
