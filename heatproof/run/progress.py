"""How far something long has come, in lines that do in a log too: time spent, and time left."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Seconds until the first line, so that what is quick says nothing; and between two lines, of which
# there are the fewer the longer it takes.
FIRST, LONGEST = 10.0, 60.0


def time_text(spent: float, share: float | None) -> str:
    """Return the time spent, and what is left if the rest goes as fast.

    Args:
        spent: in seconds.
        share: of the work that is done, above 0; None where nobody knows.
    """
    if share is None:
        return f"{spent:.0f} s"
    return f"{spent:.0f} s, about {max(0.0, spent / share - spent):.0f} s left"


class Progress:
    """Prints what is being done, as long as that takes long.

    Work is counted in any unit, such as images passed: whoever does some calls `advance`.
    """

    def __init__(self, title: str, parts: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare for so many parts. `title` stands before each line."""
        self._title, self._parts, self._clock = title, parts, clock
        self._number = 0
        self._name = ""
        self._total: float | None = None
        self._done = 0.0
        self._started = self._next = clock()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Do the next part within. How long it took is printed at its end, if that was long."""
        self._number, self._name = self._number + 1, name
        self.expect(None)
        started = self._clock()
        yield
        spent = self._clock() - started
        if spent >= FIRST:
            self._print(f"done in {spent:.0f} s")

    def expect(self, total: float | None) -> None:
        """Begin to count again, up to `total`; None where nobody knows how much there is."""
        self._total, self._done = total, 0.0
        self._started = self._clock()
        self._next = self._started + FIRST

    @property
    def done(self) -> float:
        """How much was done of what is expected."""
        return self._done

    def advance(self, work: float) -> None:
        """Count work as done, and print a line where the last one is long ago."""
        self._done += work
        now = self._clock()
        if now < self._next:
            return
        spent = now - self._started
        self._next = now + min(max(spent / 2, FIRST), LONGEST)
        # More may be done than was expected; then all that is known is that it goes on.
        share = self._done / self._total if self._total and self._done < self._total else None
        self._print(time_text(spent, share))

    def _print(self, text: str) -> None:
        print(f"{self._title}: {self._name} ({self._number} of {self._parts}): {text}", flush=True)
