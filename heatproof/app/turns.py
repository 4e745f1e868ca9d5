"""One thing is computed at a time; few wait for their turn, in the order in which they came."""

import asyncio
from collections.abc import AsyncIterator


class Busy(Exception):
    """As many wait already as may."""


class Turns:
    """A line; who stands first has the turn."""

    def __init__(self, most: int) -> None:
        """Prepare an empty line. most: how many may stand in it, the first among them."""
        self._most = most
        self._line: list[object] = []
        self._moved = asyncio.Event()

    def place(self) -> object:
        """Take a place at the end of the line, which is left by `leave`.

        Raises:
            Busy: the line is full.
        """
        if len(self._line) >= self._most:
            raise Busy
        place = object()
        self._line.append(place)
        return place

    def leave(self, place: object) -> None:
        """Leave a place, wherever in the line."""
        self._line.remove(place)
        self._moved.set()
        self._moved = asyncio.Event()

    async def before(self, place: object) -> AsyncIterator[int]:
        """Yield how many stand before a place, above 0, whenever the line moves; end at 0."""
        while count := self._line.index(place):
            moved = self._moved
            yield count
            await moved.wait()
