"""How much the app takes on."""

from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What one request may take, and how many there may be.

    upload: bytes of a picture's file; how many pixels it may have is the same as everywhere
    (`decoding.quietly`). upload_seconds: to receive it. uploads: how many are received at once.
    seconds: to compute, from its turn on. line: requests that may be there at once, all of them
    received: one is computed, the others wait.
    """

    upload: int = 32 * MEGABYTE
    upload_seconds: float = 60.0
    uploads: int = 8
    seconds: float = 20 * 60.0
    line: int = 4
