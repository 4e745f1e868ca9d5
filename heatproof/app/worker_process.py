"""The server's end of the worker: started when it is needed, stopped without losing its warmth."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from signal import Signals
from typing import Any

from heatproof.app import messages
from heatproof.app.open_cells import Stamp, stamp
from heatproof.config import params

COMMAND = (sys.executable, "-m", "heatproof.app.worker")
ENDS = ("done", "refused", "failed", "stopped")  # events after which nothing more comes
STOP_SECONDS = 3.0  # for a method to come to the end of a batch; then the process is killed


class WorkerProcess:
    """A process that does one request at a time.

    It is started anew when it has ended, however it did, and when params.yaml has changed, since
    the number of threads in it holds for all of a process.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._running: _Running | None = None
        self._params: Stamp = ()
        self._number = 0
        self._at_work = False

    async def start(self) -> "_Running":
        """Have it ready, with TensorFlow loaded."""
        current = stamp(Path(params.PARAMS))
        if self._running and (self._running.has_ended or self._params != current):
            await self.end()
        if not self._running:
            self._params = current
            self._running = _Running(
                # In a session of its own: Ctrl-C is for the server, which ends it.
                await asyncio.create_subprocess_exec(
                    *COMMAND, stdin=PIPE, stdout=PIPE, start_new_session=True
                )
            )
        await self._running.until_ready()
        return self._running

    async def ask(
        self, request: dict[str, Any], content: bytes = b""
    ) -> AsyncIterator[messages.Message]:
        """Have it do something, and yield what it tells; the last is one of `ENDS`.

        Not before what was asked last has ended, or was stopped (`stop`).
        """
        worker = await self.start()
        self._number += 1
        self._at_work = True
        await worker.send(request | {"number": self._number}, content)
        while self._at_work:
            message = await worker.received()
            self._at_work = message[0]["event"] not in ENDS
            yield message

    async def stop(self) -> None:
        """End what is being done, if anything is: as soon as it can, or else with the process."""
        worker = self._running
        if worker is None or not self._at_work:
            return
        self._at_work = False
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await worker.send({"do": "stop", "number": self._number})
                while (await worker.received())[0]["event"] not in ENDS:
                    pass
        except TimeoutError:
            await self.end()

    async def end(self) -> None:
        """End the process at once."""
        if self._running:
            await self._running.end()
            self._running = None


class _Running:
    """A process that was started, and what it has told so far."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._told: asyncio.Queue[messages.Message] = asyncio.Queue()
        self._ready = asyncio.Event()
        # A task of its own: one that waits for a message may be cancelled in the middle of it.
        self._listening = asyncio.create_task(self._listen())

    @property
    def has_ended(self) -> bool:
        return self._listening.done()

    async def until_ready(self) -> None:
        """Wait until it can be asked for something, or has ended."""
        await self._ready.wait()

    async def send(self, header: dict[str, Any], content: bytes = b"") -> None:
        assert self._process.stdin is not None
        with suppress(ConnectionError):  # it has ended, which `received` tells
            self._process.stdin.write(messages.packed(header, content))
            await self._process.stdin.drain()

    async def received(self) -> messages.Message:
        """Return the next message; that the process has ended is one too."""
        return await self._told.get()

    async def end(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._listening

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(asyncio.IncompleteReadError):
            while True:
                message = await messages.receive(self._process.stdout)
                if message[0]["event"] == "ready":
                    self._ready.set()
                else:
                    self._told.put_nowait(message)
        message = _ended(await self._process.wait())
        self._told.put_nowait(({"event": "failed", "message": message}, b""))
        self._ready.set()


def _ended(code: int) -> str:
    """Say how the process ended that was to compute."""
    if code < 0:
        return (
            f"the process that computes was ended by {Signals(-code).name}, by hand or by the "
            "system, which ends what takes too much memory; the next request starts another"
        )
    return "the process that computes has ended; the terminal shows why"
