"""Processes that train for a search (`heatproof.tuning.worker`), here or on other machines."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from heatproof.run.errors import UserError
from heatproof.tuning.trials import GoesOn, Result

PROGRAM = "heatproof.tuning.worker"
_LAST_LINES = 60
_LOSSES = 3  # in a row, of one training; then it is no accident
_KILLED = "its process was killed, as by the system where memory runs out"


@dataclass(frozen=True)
class Ending:
    """How a process ended: its exit code, negative of a signal, and what it printed last.

    lost: the machine is gone, and the training may be begun again elsewhere.
    """

    code: int
    lines: Sequence[str] = ()
    lost: bool = False


class Channel(Protocol):
    """A process that trains, to write lines to and to read them from."""

    def send(self, line: str) -> None:
        """Write a line, whether anybody reads it or not."""
        ...

    def receive(self) -> str:
        """Read a line; "" when the process has ended."""
        ...

    def ending(self) -> Ending:
        """Wait for its end, and say how it was."""
        ...

    def kill(self) -> None:
        """End it."""
        ...


class Process:
    """A process of this machine, with a socket."""

    def __init__(
        self,
        cell: str,
        program: str = PROGRAM,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it.

        Args:
            cell: whose run it trains.
            program: its module.
            folder: of the study; the current one if left out.
            environment: its variables; this process' if left out.
        """
        ours, theirs = socket.socketpair()
        self._requests, self._answers = ours, ours.makefile("r", encoding="utf-8")
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._process = subprocess.Popen(
            [sys.executable, "-m", program, cell, str(theirs.fileno())],
            cwd=folder, env=dict(os.environ if environment is None else environment),
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the search, which ends this
        )  # fmt: skip
        theirs.close()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, line: str) -> None:
        """Write a line, whether anybody reads it or not."""
        with suppress(BrokenPipeError, ConnectionResetError):  # which `receive` tells
            self._requests.sendall(line.encode() + b"\n")

    def receive(self) -> str:
        """Read a line; "" when the process has ended."""
        try:
            return self._answers.readline()
        except ConnectionResetError:
            return ""

    def ending(self) -> Ending:
        """Wait for its end, and say how it was."""
        code = self._process.wait()
        self._listener.join(1)
        return Ending(code, list(self._last))

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # it is a pipe
        for raw in self._process.stdout:
            self._last.append(raw.decode(errors="replace").rstrip())


class Worker:
    """A process that trains; started when it is first needed, and again after it ended."""

    def __init__(self, start: Callable[[], Channel]) -> None:
        """`start` starts it."""
        self._start = start
        self._channel: Channel | None = None
        self._ended = False
        self._changing = threading.Lock()

    def train(
        self,
        values: Mapping[str, Any],
        seed: int,
        name: str,
        goes_on: GoesOn = lambda epoch, accuracy: True,
    ) -> Result:
        """Train the cell with other values of some parameters.

        Args:
            values: of the parameters, by key of `tune`.
            seed: of the run.
            name: of the training, for MLflow.
            goes_on: asked after each epoch, by its number from 1 and its validation accuracy.

        Raises:
            UserError: the process ended by itself: data is missing, or it is a mistake of the
                program's, whose traceback was printed. Or several machines were lost.
        """
        request = json.dumps({"values": dict(values), "seed": seed, "name": name})
        ending = Ending(-signal.SIGKILL)
        for _ in range(_LOSSES):
            channel = self._running()
            if channel is None:
                break
            channel.send(request)
            while line := channel.receive():
                answer = json.loads(line)
                if "result" in answer:
                    return Result(**answer["result"])
                channel.send(json.dumps(goes_on(answer["epoch"], answer["accuracy"])))
            ending, self._channel = channel.ending(), None
            if not ending.lost:
                break
        return self._without_result(ending)

    def end(self) -> None:
        """End the process, with the training that is at work; none starts any more."""
        with self._changing:
            self._ended = True
            if self._channel:
                self._channel.kill()

    def _running(self) -> Channel | None:
        """Return the process, started where there is none; None where none is to start."""
        with self._changing:
            if self._channel is None and not self._ended:
                self._channel = self._start()
            return self._channel

    def _without_result(self, ending: Ending) -> Result:
        """Say what came of a training whose process ended.

        Raises:
            UserError: it ended by itself, or the machines are gone.
        """
        if self._ended or (ending.code == -signal.SIGKILL and not ending.lost):
            return Result(None, reason=_KILLED)
        told = [line for line in ending.lines if line]
        if ending.lost:
            raise UserError(f"a training was lost {_LOSSES} times: {' '.join(told)}")
        if told and told[-1].startswith("error: "):
            raise UserError(told[-1].removeprefix("error: "))
        print("\n".join(told), file=sys.stderr)
        code = ending.code
        ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        raise UserError(f"a training ended by {ended}; what it printed stands above")


class Pool:
    """Workers that threads take turns with."""

    def __init__(self, start: Callable[[], Channel], jobs: int) -> None:
        """Have `jobs` workers; `start` starts a process, which is done when it is first needed."""
        self._workers = [Worker(start) for _ in range(jobs)]
        self._free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)

    def train(
        self,
        values: Mapping[str, Any],
        seed: int,
        name: str,
        goes_on: GoesOn = lambda epoch, accuracy: True,
    ) -> Result:
        """Train by the next worker that is free; see `Worker.train`."""
        worker = self._free.get()
        try:
            return worker.train(values, seed, name, goes_on)
        finally:
            self._free.put(worker)

    def end(self) -> None:
        """End all of them."""
        for worker in self._workers:
            worker.end()
