"""Processes that Ctrl-C reaches, wherever the tests themselves run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """What is started within takes Ctrl-C and hang-ups for what they are, as from a terminal.

    A shell's background jobs, such as these tests may be, ignore the one, and by nohup the other,
    and so would what they start.
    """
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
