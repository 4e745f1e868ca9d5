"""A request's work, and the answer that tells of it line by line.

The work is there as long as somebody listens: when the page is closed, or cancels, it is stopped.
"""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from heatproof.app.limits import Limits
from heatproof.app.messages import Message
from heatproof.app.turns import Turns
from heatproof.app.worker_process import WorkerProcess
from heatproof.statistics import numbers

_BEAT_SECONDS = 1.0  # between two lines while there is nothing to tell: who left is noticed


class Jobs:
    """All work that is there: one is computed, the others wait."""

    def __init__(self, limits: Limits) -> None:
        """Prepare for none."""
        self._limits = limits
        self.turns = Turns(limits.line)
        self.worker = WorkerProcess()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(
        self, place: object, wanted: dict[str, Any], content: bytes
    ) -> tuple["asyncio.Task[None]", "asyncio.Queue[Message | None]"]:
        """Begin some work, and return it and what it tells; None at the end.

        Args:
            place: in the line, which it leaves at its end.
            wanted: what the worker is asked for.
            content: the bytes that go with it.
        """
        told: asyncio.Queue[Message | None] = asyncio.Queue()
        task = asyncio.create_task(self._work(place, wanted, content, told))
        self._tasks.add(task)

        # Not within the task: one that is cancelled at once never begins.
        def ended(task: "asyncio.Task[None]") -> None:
            self._tasks.discard(task)
            self.turns.leave(place)
            told.put_nowait(None)

        task.add_done_callback(ended)
        return task, told

    async def end(self) -> None:
        """End all work, and the worker."""
        for task in self._tasks:
            task.cancel()
        await self.worker.end()

    async def _work(
        self,
        place: object,
        wanted: dict[str, Any],
        content: bytes,
        told: "asyncio.Queue[Message | None]",
    ) -> None:
        async for count in self.turns.before(place):
            told.put_nowait(({"event": "waiting", "before": count}, b""))
        told.put_nowait(({"event": "starting"}, b""))
        try:
            await self.worker.start()  # which is not the picture's fault
            async with asyncio.timeout(self._limits.seconds):
                async for message in self.worker.ask(wanted, content):
                    told.put_nowait(message)
        except TimeoutError:
            message = (
                f"stopped: it took longer than {numbers.duration(self._limits.seconds)}; choose "
                "fewer methods, or start the app with a larger --minutes"
            )
            told.put_nowait(({"event": "refused", "message": message}, b""))
        except Exception:
            traceback.print_exc()
            message = "this is a bug of Heatproof's; the terminal shows where"
            told.put_nowait(({"event": "failed", "message": message}, b""))
        finally:
            await self.worker.stop()


class Answer(StreamingResponse):
    """What some work tells, a line of JSON for each event; `content` is its bytes as text."""

    def __init__(self, jobs: Jobs, place: object, wanted: dict[str, Any], content: bytes) -> None:
        """Prepare to begin it; the arguments are those of `Jobs.begin`."""
        self._begin = lambda: jobs.begin(place, wanted, content)
        super().__init__((), media_type="application/x-ndjson")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI has it; however this ends, so does the work."""
        task, told = self._begin()
        self.body_iterator = _lines(told)
        try:
            await super().__call__(scope, receive, send)
        finally:
            task.cancel()


async def _lines(told: "asyncio.Queue[Message | None]") -> AsyncIterator[str]:
    waiting = asyncio.create_task(told.get())
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=_BEAT_SECONDS)
            if not done:
                yield '{"event": "beat"}\n'
                continue
            if (message := waiting.result()) is None:
                return
            header, content = message
            yield json.dumps(header | ({"content": content.decode()} if content else {})) + "\n"
            waiting = asyncio.create_task(told.get())
    finally:
        waiting.cancel()
