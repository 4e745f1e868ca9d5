"""Processes that Ctrl-C reaches, wherever the tests themselves run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """What is started within takes Ctrl-C for what it is, as when a terminal starts it.

    A shell's background jobs, such as these tests may be, ignore it, and so would what they start.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
