"""What a request sends is received before it takes a place in the line, which is for computing."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from heatproof.app.limits import MEGABYTE, Limits


class Unacceptable(Exception):
    """A request that is answered by a status and a sentence."""


class Uploads:
    """Bodies of requests that are being received: few at once, since each takes its memory.

    One more than may be ends the one that began first. So who sends slowly, or half, or leaves a
    connection open, keeps nobody from sending.
    """

    def __init__(self, limits: Limits) -> None:
        """Prepare for none."""
        self._limits = limits
        self._running: list[asyncio.Timeout] = []

    async def receive(self, request: Request, most: int) -> bytes:
        """Return a request's body.

        Raises:
            Unacceptable: it is longer than `most` bytes, takes too long, or breaks off.
        """
        told = f"the file is larger than {most // MEGABYTE} MiB; save the picture smaller"
        if int(request.headers.get("content-length", 0)) > most:
            raise Unacceptable(413, told)
        content = bytearray()
        running = asyncio.timeout(self._limits.upload_seconds)
        try:
            async with running:
                self._begin(running)
                async for chunk in request.stream():
                    content += chunk
                    if len(content) > most:
                        raise Unacceptable(413, told)
        except TimeoutError:
            raise Unacceptable(408, "the picture did not come in time; try again") from None
        except ClientDisconnect:
            raise Unacceptable(400, "the picture broke off") from None
        finally:
            if running in self._running:
                self._running.remove(running)
        return bytes(content)

    def _begin(self, running: asyncio.Timeout) -> None:
        if len(self._running) >= self._limits.uploads:
            self._running.pop(0).reschedule(asyncio.get_running_loop().time())
        self._running.append(running)
