"""How far methods are, and the place where they are stopped."""

import time
from collections.abc import Callable, Sequence

from heatproof.attribution import registry
from heatproof.report.text import methods
from heatproof.run.progress import Progress
from heatproof.trained_cell import TrainedCell

_SECONDS = 0.2  # between two messages on progress

Tell = Callable[..., None]  # (a message's header, its bytes)


class Stopped(Exception):
    """Nobody waits for the answer any more."""


def passes(trained: TrainedCell, name: str) -> float:
    """Return how many passes of one image a method takes, about, see `registry.passes`."""
    height, width, _ = trained.network.image_shape
    stage = registry.stage_of(registry.methods()[name])
    return registry.passes(name, getattr(trained.study.explain, stage)[name], (height, width))


class Watched(Progress):
    """How far the methods are, told to the page; and the place where they are stopped.

    Networks count here each batch of images that they pass.
    """

    def __init__(
        self,
        trained: TrainedCell,
        chosen: Sequence[str],
        tell: Tell,
        stopped: Callable[[], bool],
    ) -> None:
        """Prepare for the methods `chosen`, in their order."""
        super().__init__(trained.name, len(chosen))
        self._trained, self._chosen = trained, list(chosen)
        self._tell, self._stopped = tell, stopped
        self._begun, self._last = 0, 0.0
        self._passes, self._passed = 0.0, 0.0

    def begin(self) -> None:
        """Turn to the next method, if there is one.

        Raises:
            Stopped: it is to stop.
        """
        if self._stopped():
            raise Stopped
        self._begun += 1
        if self._begun <= len(self._chosen):
            self.expect(passes(self._trained, self._chosen[self._begun - 1]))
            self._say()

    def expect(self, total: float | None) -> None:
        """Begin to count again, up to `total` passes; None where nobody knows."""
        self._passes, self._passed = total or 0.0, 0.0

    def advance(self, work: float) -> None:
        """Count passes, and tell where the last message is long ago.

        Raises:
            Stopped: it is to stop.
        """
        if self._stopped():
            raise Stopped
        self._passed += work
        if time.monotonic() - self._last >= _SECONDS:
            self._say()

    def _say(self) -> None:
        self._last = time.monotonic()
        known = 0 < self._passed < self._passes
        self._tell({
            "event": "method",
            "label": methods.describe(self._chosen[self._begun - 1]).label,
            "number": self._begun,
            "of": len(self._chosen),
            "share": self._passed / self._passes if known else 0.0,
        })  # fmt: skip
