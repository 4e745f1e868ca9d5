"""The head of a study on a cluster: it hands tasks to Ray, and records what comes back.

Ray places the tasks and does those again that were lost. All are handed over at once, each with the
accounts of those before it as object references; what is recorded of one, the caller does.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from heatproof.cluster import events, ray_cluster
from heatproof.cluster.accounts import NOT_BEGUN, Account, NodeFault
from heatproof.cluster.plan import Task
from heatproof.cluster.task import FAULT, Assignment
from heatproof.cluster.watch import Watch
from heatproof.cluster.workspace import Study
from heatproof.run.errors import escaped

LOST = 75  # of a task that no node could do, as sysexits.h has a temporary failure
_WAIT_SECONDS = 0.5
_LOOK_SECONDS = 20.0


@dataclass
class Outcome:
    """What came of the tasks.

    done: names of those that went well. failed: accounts of those that did not, without those that
    needed them. lost: names of those that no node could do -> why.
    """

    done: set[str] = field(default_factory=set)
    failed: list[Account] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """What a task takes of a node: processors, GPUs, and bytes of memory, 0 if unknown."""

    cpus: float
    gpus: float = 0
    memory: int = 0


def run(
    tasks: Sequence[Task],
    study: Study,
    entries: Mapping[str, str],
    needs: Callable[[Task], Needs],
    record: Callable[[Task, Account], None],
    watch: Watch,
    log: TextIO,
    retries: int,
    without: Sequence[str] = (),
) -> Outcome:
    """Have a cluster do tasks, while this process is connected to it.

    Args:
        tasks: each after those it needs; those it needs that are not among them are done.
        study: with which code, where results go.
        entries: dvc.lock's so far, by stage.
        needs: what a task takes of a node.
        record: called with each account that comes, in the order in which they do.
        watch: is told what happens.
        log: gets all that tasks print.
        retries: how often a task may be lost and begun again.
        without: Ray's identities of nodes that are not to be used.
    """
    import ray

    actor = events.started()
    teller, shared = ray.put(events.Teller(actor)), ray.put(study)
    made_by = {stage: task.name for task in tasks for stage in task.stages}
    waiting: dict[Any, Task] = {}
    reference: dict[str, Any] = {}
    for task in tasks:
        takes = needs(task)
        known = (*(stage for stage in task.takes if stage not in made_by), *task.stages)
        assignment = Assignment(
            task.name, task.stages, task.takes,
            {stage: entries[stage] for stage in known if stage in entries}, takes.gpus, task.block,
        )  # fmt: skip
        perform = ray_cluster.remote_task(
            task.name, takes.cpus, takes.gpus, takes.memory, retries, without
        )
        needed = [reference[name] for name in task.needs if name in reference]
        reference[task.name] = perform.remote(assignment, shared, teller, *needed)
        waiting[reference[task.name]] = task
    outcome, heard, missed = Outcome(), 0, _Missed(watch, without)
    while waiting:
        done, _ = ray.wait(list(waiting), timeout=_WAIT_SECONDS)
        heard = _hear(ray, actor, heard, watch, log)
        missed.look()
        for each in done:
            task = waiting.pop(each)
            account = _account(ray, each, task)
            _sort(account, outcome)
            if account.went_well:
                record(task, account)
            _tell(account, watch)
    return outcome


class _Missed:
    """Says once that no node is left, for which Ray waits without a word."""

    def __init__(self, watch: Watch, without: Collection[str]) -> None:
        self._watch, self._without = watch, without
        self._next, self._said = time.monotonic() + _LOOK_SECONDS, False

    def look(self) -> None:
        """Look, every so many seconds."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOOK_SECONDS
        able = any(
            node.resources.get("CPU") and node.identity not in self._without
            for node in ray_cluster.nodes()
        )
        if not able and not self._said:
            self._watch.message("no node is left: waiting for one (Ctrl-C leaves what is done)")
        self._said = not able


def _hear(ray: Any, actor: Any, heard: int, watch: Watch, log: TextIO) -> int:
    """Tell what nodes told since; nothing while the actor is lost."""
    try:
        count, told = ray.get(actor.since.remote(heard), timeout=_WAIT_SECONDS * 4)
    except (ray.exceptions.RayError, TimeoutError):
        return 0
    for event in told:
        print(f"{event.task} on {event.node}: {event.line or 'begun'}", file=log, flush=True)
        row = watch.board.rows.get(event.task)
        if row is None or row.status == "done":
            continue
        if event.line.startswith(FAULT):
            watch.retried(event.task, event.line.removeprefix(FAULT))
        if event.line:
            continue
        if row.status == "running":
            watch.retried(event.task, f"{row.node} was lost")
        watch.started(event.task, event.node)
    watch.tick()
    return count


def _tell(account: Account, watch: Watch) -> None:
    if account.went_well:
        watch.ended(account.task, account.seconds)
    elif account.code == LOST:
        watch.retried(account.task, account.message)
    elif account.code != NOT_BEGUN:
        watch.failed(account.task, account.message)


def _account(ray: Any, reference: Any, task: Task) -> Account:
    """Return what a task came to; where it was lost each time, an account that says so."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause if isinstance(error.cause, NodeFault) else error
        return Account(task.name, code=LOST, message=_line(cause))
    except ray.exceptions.RayError as error:
        return Account(task.name, code=LOST, message=_line(error))


def _sort(account: Account, outcome: Outcome) -> None:
    if account.went_well:
        outcome.done.add(account.task)
    elif account.code == LOST:
        outcome.lost[account.task] = account.message
    elif account.code != NOT_BEGUN:
        outcome.failed.append(account)


def _line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return escaped((lines or [type(error).__name__])[-1 if len(lines) > 3 else 0])[:300]
