"""What a user sees of a study on a cluster: which task is at work where, and what is done."""

import time
from collections.abc import Callable, Mapping, Sequence

from heatproof.cluster.accounts import NOT_BEGUN, Account
from heatproof.cluster.events import Event
from heatproof.cluster.plan import Task


class Board:
    """Tells each task that begins and ends, a line each."""

    def __init__(
        self,
        tasks: Sequence[Task],
        seconds: Mapping[str, float],
        show: Callable[[str], None] = lambda line: print(line, flush=True),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with tasks to come.

        Args:
            tasks: all of them.
            seconds: stage -> how long it took the last time.
            show: is handed each line.
            clock: in seconds.
        """
        self.tasks = {task.name: task for task in tasks}
        self.seconds = dict(seconds)
        self.at_work: dict[str, str] = {}  # task -> node
        self.done = 0
        self._show, self._clock = show, clock
        self._began: dict[str, float] = {}

    def hears(self, event: Event) -> None:
        """Take note of what a node told."""
        if event.line or event.task not in self.tasks:
            return
        again = event.task in self._began
        self._began[event.task] = self._clock()
        self.at_work[event.task] = event.node
        self._show(f"{event.task}: {'begun again' if again else 'begun'} on {event.node}")

    def ended(self, task: Task, account: Account) -> None:
        """Take note of a task's end."""
        self.at_work.pop(task.name, None)
        self.done += 1
        count = f"{self.done} of {len(self.tasks)}"
        if account.code == NOT_BEGUN:
            self._show(f"{task.name}: not begun, {account.message} ({count})")
        elif not account.went_well:
            self._show(f"{task.name}: failed ({count}): {account.message}")
        else:
            seconds = sum(account.seconds.values())
            how = f"done in {seconds:.0f} s" if account.ran else "unchanged, or restored"
            self._show(f"{task.name}: {how} ({count})")

    def moment(self) -> None:
        """Called about twice a second."""
