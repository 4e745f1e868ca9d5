"""What the server and the worker tell each other: a header, which is JSON, and bytes."""

import asyncio
import json
import struct
from typing import Any, BinaryIO

_LENGTHS = struct.Struct(">II")  # of the header and of the bytes

Message = tuple[dict[str, Any], bytes]


def packed(header: dict[str, Any], content: bytes = b"") -> bytes:
    """Return a message as it is sent."""
    text = json.dumps(header).encode()
    return _LENGTHS.pack(len(text), len(content)) + text + content


def read(stream: BinaryIO) -> Message | None:
    """Wait for the next message; None where the other end is closed."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    header, content = _LENGTHS.unpack(lengths)
    text = stream.read(header)
    received = stream.read(content)
    return (json.loads(text), received) if len(received) == content else None


async def receive(stream: asyncio.StreamReader) -> Message:
    """Wait for the next message.

    Raises:
        IncompleteReadError: the other end is closed.
    """
    header, content = _LENGTHS.unpack(await stream.readexactly(_LENGTHS.size))
    return json.loads(await stream.readexactly(header)), await stream.readexactly(content)
