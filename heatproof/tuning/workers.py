"""Processes of this machine that train for a search (`heatproof.tuning.worker`)."""

import json
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from heatproof.run.errors import UserError
from heatproof.tuning.history import Result

PROGRAM = "heatproof.tuning.worker"
_LAST_LINES = 60
_KILLED = "its process was killed, as by the system where memory runs out"


class Worker:
    """A process that trains; started when it is first needed, and again after it was killed."""

    def __init__(self, cell: str) -> None:
        """`cell` is whose run it trains."""
        self._cell = cell
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._changing = threading.Lock()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    def train(
        self,
        values: Mapping[str, Any],
        seed: int,
        name: str,
        goes_on: Callable[[int, float], bool] = lambda epoch, accuracy: True,
    ) -> Result:
        """Train the cell with other values of some parameters.

        Args:
            values: of the parameters, by key of `tune`.
            seed: of the run.
            name: of the training, for MLflow.
            goes_on: asked after each epoch, by its number from 1 and its validation accuracy.

        Raises:
            UserError: the process ended by itself: data is missing, or it is a mistake of the
                program's, whose traceback was printed.
        """
        self._start()
        request = {"values": dict(values), "seed": seed, "name": name}
        try:
            self._send(request)
            while line := self._answers.readline():
                answer = json.loads(line)
                if "result" in answer:
                    return Result(**answer["result"])
                self._send(goes_on(answer["epoch"], answer["accuracy"]))
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self._lost()

    def end(self) -> None:
        """End the process, with the training that is at work; none starts any more."""
        with self._changing:
            self._ended = True
            if self._process:
                self._process.kill()

    def _start(self) -> None:
        with self._changing:
            if self._ended or (self._process and self._process.poll() is None):
                return
            ours, theirs = socket.socketpair()
            self._requests, self._answers = ours, ours.makefile("r", encoding="utf-8")
            self._process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM, self._cell, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the search, which ends this
            )  # fmt: skip
            theirs.close()
            self._listener = threading.Thread(target=self._listen, daemon=True)
            self._listener.start()

    def _send(self, content: Any) -> None:
        self._requests.sendall(json.dumps(content).encode() + b"\n")

    def _listen(self) -> None:
        process = self._process
        assert process is not None and process.stdout is not None  # it is a pipe
        for raw in process.stdout:
            self._last.append(raw.decode(errors="replace").rstrip())

    def _lost(self) -> Result:
        """Say what came of a training whose process ended.

        Raises:
            UserError: the process ended by itself.
        """
        assert self._process is not None
        code = self._process.wait()
        self._listener.join(1)
        if code == -signal.SIGKILL or self._ended:
            return Result(None, reason=_KILLED)
        told = [line for line in self._last if line]
        if told and told[-1].startswith("error: "):
            raise UserError(told[-1].removeprefix("error: "))
        print("\n".join(told), file=sys.stderr)
        ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        raise UserError(f"a training ended by {ended}; what it printed stands above")


class Pool:
    """Workers that threads take turns with."""

    def __init__(self, cell: str, jobs: int) -> None:
        """Have `jobs` workers for a cell; a process starts when it is first needed."""
        self._workers = [Worker(cell) for _ in range(jobs)]
        self._free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)

    def train(
        self,
        values: Mapping[str, Any],
        seed: int,
        name: str,
        goes_on: Callable[[int, float], bool] = lambda epoch, accuracy: True,
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
