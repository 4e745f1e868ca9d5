"""What Ray runs on a node: a task's stages, by DVC, in a clone of the study.

DVC and the libraries that stages load are in a process of their own beside Ray's worker
(`tools.node`), which serves one task after the other and ends with the worker.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from heatproof.cluster import machine, workspace
from heatproof.cluster.accounts import NOT_BEGUN, Account, NodeFault
from heatproof.cluster.workspace import Study
from heatproof.run import orphans
from heatproof.run.errors import UserError
from heatproof.run.tracking import NOTED

PROGRAM = "tools.node"
END = "\0"  # what it prints after each task
NO_REMOTE = (
    "the study has no DVC remote, through which results reach other machines: `dvc remote add -d "
    "NAME PLACE` with a folder that all have, or S3"
)
FAULT = "node at fault: "  # begins a line that a task tells, why it is to be done elsewhere
_LAST_LINES, _SHOWN_LINES = 60, 12
_LAST_SECONDS = 5.0  # to hear what was printed before
_ERROR = "error: "  # begins what a user can put right
_DISK_FULL = "the disk is full"  # as `ending` has it of a stage
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Assignment:
    """What a task is to do.

    task: its name. stages: that it runs, in this order. takes: stages whose results it takes.
    entries: dvc.lock's, of those that no other task of this run makes, and of its own, from before.
    gpus: how many it has. block: as a `Task` has it.
    """

    task: str
    stages: tuple[str, ...]
    takes: tuple[str, ...]
    entries: dict[str, str] = field(default_factory=dict)
    gpus: float = 0
    block: tuple[str, int] | None = None


def perform(
    assignment: Assignment, study: Study, tell: Callable[[str, str, str], None], *needed: Account
) -> Account:
    """Do a task on this node.

    Args:
        assignment: what to do.
        study: with which code, where its results are.
        tell: called with the task's name, this node's and a line, when it begins and of what it
            prints.
        needed: what the tasks have done that this one takes results of.

    Returns:
        What came of it; also where a stage refused, as by a mistake of the user's.

    Raises:
        NodeFault: this node cannot do it; another one may.
    """
    node = node_name()
    if failed := [account for account in needed if not account.went_well]:
        return Account(assignment.task, node, NOT_BEGUN, f"needs {failed[0].task}")
    tell(assignment.task, node, "")
    try:
        return _performed(assignment, study, tell, node, needed)
    except NodeFault as fault:
        tell(assignment.task, node, f"{FAULT}{fault}")  # Ray itself is silent until the last try
        raise


def _performed(
    assignment: Assignment,
    study: Study,
    tell: Callable[[str, str, str], None],
    node: str,
    needed: Sequence[Account],
) -> Account:
    server = _server_of(study, node, assignment.gpus)
    entries = dict(assignment.entries)
    for account in needed:
        entries |= account.entries
    answer = server.ask(
        {
            "task": assignment.task,
            "stages": assignment.stages,
            "takes": assignment.takes,
            "block": assignment.block,
            "entries": entries,
            "study": study.name,
            "remote": bool(study.remote) and not study.is_here,
            "checkpoint_seconds": study.checkpoint_seconds,
        },
        lambda line: tell(assignment.task, node, line),
    )
    if fault := answer.get("fault"):
        raise NodeFault(f"{node}: {fault}")
    if answer["code"]:
        return Account(assignment.task, node, answer["code"], _message(server.last_lines, node))
    return Account(
        assignment.task, node, 0, "", answer["entries"],
        {name: bytes.fromhex(content) for name, content in answer["files"].items()},
        {name: bytes.fromhex(content) for name, content in answer["run_cache"].items()},
        answer["seconds"], tuple(answer["ran"]),
    )  # fmt: skip


def _message(lines: Sequence[str], node: str) -> str:
    """Return what a user has to read of a task that failed: of a mistake its one line.

    Raises:
        NodeFault: it is the node's.
    """
    if any(_DISK_FULL in line for line in lines):
        raise NodeFault(f"{node}: {_DISK_FULL}")
    told = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
    return "\n".join(told or list(lines)[-_SHOWN_LINES:])


def node_name() -> str:
    """Return this node's name: the machine's, and the beginning of what Ray calls it."""
    import ray

    identity = ray.get_runtime_context().get_node_id()
    return f"{socket.gethostname()} ({identity[:6]})"


class _Server:
    """The process with DVC, for the clone that it works in."""

    def __init__(self, study: Study, gpus: float) -> None:
        self.key = (study.name, study.snapshot.commit, study.settings, gpus)
        self._slot = workspace.take(study)
        ours, theirs = socket.socketpair()
        self._answers = ours.makefile("r", encoding="utf-8")
        self._requests = ours
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._all_heard = threading.Event()
        self._heard: Callable[[str], None] = lambda line: None
        self._process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM, str(theirs.fileno()), str(study.kept)],
            cwd=self._slot.folder, env=environment(study, gpus), pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        theirs.close()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def runs(self) -> bool:
        """Whether it is there, and its clone too."""
        return self._slot.is_there and self._process.poll() is None

    @property
    def last_lines(self) -> list[str]:
        """What the last task printed at its end."""
        return list(self._last)

    def ask(self, request: dict[str, Any], heard: Callable[[str], None]) -> dict[str, Any]:
        """Send a request, and return the answer.

        Raises:
            NodeFault: the process ended meanwhile.
        """
        self._heard = heard
        self._last.clear()
        self._all_heard.clear()
        line = ""
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                self._requests.sendall(json.dumps(request).encode() + b"\n")
                line = self._answers.readline()
            self._all_heard.wait(_LAST_SECONDS)
        finally:
            self._heard = lambda line: None
        if not line:
            code = self._process.wait()
            why = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            said = f": {self._last[-1]}" if self._last else ""
            raise NodeFault(f"{node_name()}: the process of its tasks ended by {why}{said}")
        return json.loads(line)

    def end(self) -> None:
        """End it, with the stage that is at work."""
        self._requests.close()
        self._process.kill()
        self._process.wait()
        self._slot.release()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # it is a pipe
        for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip()
            if line == END:
                self._all_heard.set()
            elif line:
                self._last.append(line)
                self._heard(line)
        self._all_heard.set()


_server: _Server | None = None  # this worker's


def _server_of(study: Study, node: str, gpus: float) -> _Server:
    """Return this worker's process, started where there is none for this study.

    Raises:
        NodeFault: this node is not as the others, or cannot have a clone.
    """
    global _server
    key = (study.name, study.snapshot.commit, study.settings, gpus)
    if _server is not None and _server.key == key and _server.runs:
        return _server
    if _server is not None:
        _server.end()
        _server = None
    if fault := refusal(machine.facts(), study):
        raise NodeFault(f"{node}: {fault}")
    try:
        _server = _Server(study, gpus)
    except (OSError, UserError) as error:
        raise NodeFault(f"{node}: {error}") from None
    return _server


def refusal(facts: dict[str, Any], study: Study) -> str:
    """Return why a machine cannot work for a study; "" if it can."""
    wanted = study.wanted
    different: Sequence[str] = machine.software_differences(facts, wanted)
    different = different or machine.kind_differences(facts, wanted)
    if different:
        return "; ".join(different)
    if not study.remote and not study.is_here:
        return NO_REMOTE
    return ""


def environment(study: Study, gpus: float) -> dict[str, str]:
    """Return the environment of stages on a node: theirs, none of Ray's, none of another DVC's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DVC_", "RAY_", "STUDY_", "GIT_"))
    }
    kept |= dict.fromkeys(_THREADS, str(study.threads)) | dict(study.environment)
    kept[orphans.OWNER] = str(os.getpid())
    if study.is_here:
        kept[NOTED] = study.notes
    elif not study.environment.get("MLFLOW_TRACKING_URI", "").startswith("http"):
        kept["STUDY_TRACKING"] = "off"  # into a file of this machine, which nobody would read
    if not gpus:
        kept["CUDA_VISIBLE_DEVICES"] = "-1"
    return kept
