"""The study on a Ray cluster: `make repro CLUSTER=auto`.

What belongs to no cell is run here, by a plain `dvc repro`: first what cells need, such as their
data, then, when nodes have done the rest, what needs all cells. What nodes have done is recorded as
it comes, in dvc.lock and in DVC's cache, so that an interrupted run is resumed by any other.
"""

import hashlib
import os
import socket
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from heatproof.attribution.core.blocks import at_most
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.cluster import head, machine, plan, ray_cluster, snapshot, workspace
from heatproof.cluster.accounts import Account
from heatproof.cluster.plan import Task
from heatproof.cluster.watch import watching
from heatproof.config import params
from heatproof.config.params import Params
from heatproof.run import tracking
from heatproof.run.errors import UserError
from heatproof.storage import atomic, lock_entries, stage_memory, stage_seconds
from tools import exchange, pipeline
from tools.lock_file import with_entry
from tools.stage_graph import Graph

LOCK = Path("dvc.lock")
LOG = Path(".dvc/tmp/cluster.log")  # all that the tasks of the last run printed
_ROUNDS = 3  # each without the nodes that were at fault in those before
# What decides, beside params.yaml, how a stage computes and where it is tracked.
_PASSED_ON = ("KERAS_BACKEND", "STUDY_TRACKING", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME")


def run(
    address: str, folder: Path, again: str, shares: bool = True, targets: Sequence[str] = ()
) -> int:
    """Run the study in `folder` on a cluster; return the exit code.

    Args:
        address: of the cluster (`ray_cluster.connected`).
        folder: the repository, which is the current folder.
        again: the command that resumes after an interruption.
        shares: whether nodes on this machine use the study's own cache.
        targets: the stages that are wanted, with what they need; none for all.

    Raises:
        UserError: there is no Ray, no cluster, no git, no remote where one is needed, or a target
            is no stage.
    """
    ray_cluster.require_ray()
    study = params.load(folder / params.PARAMS)
    taken = snapshot.take(folder)
    for name in taken.left_out:
        print(f"{name}: not in git and large, so that nodes do not get it", flush=True)
    before, tasks = planned(folder, study, taken, targets)
    _require_cluster(address, folder, before, [s for task in tasks for s in task.stages])
    if before and (code := _repro(folder, again, *before)):
        return code
    recorder = Recorder(folder)
    stale = recorder.stale([stage for task in tasks for stage in task.stages])
    tasks = [task for task in tasks if stale & {*task.serves}]
    if tasks:
        if taken.changed:
            print(f"nodes get the folder as it is: git snapshot {taken.commit[:10]}", flush=True)
        told = described(folder, study, taken, recorder, shares)
        try:
            code = _on_cluster(address, tasks, study, told, recorder, again)
        except KeyboardInterrupt:
            return pipeline.INTERRUPTED
        finally:
            recorder.write()
        if code:
            return code
    return _repro(folder, again, *targets)


def planned(
    folder: Path, study: Params, taken: snapshot.Snapshot, targets: Sequence[str] = ()
) -> tuple[list[str], list[Task]]:
    """Return the stages that the head runs first, and the tasks of nodes, as `plan.tasks`.

    Raises:
        UserError: a target is no stage.
    """
    graph = Graph.of(folder)
    others = graph.needing_others(taken.files)
    return plan.tasks(graph.leading_to(targets), cells_of(study), others, blocks_of(study))


def _require_cluster(
    address: str, folder: Path, before: Sequence[str], stages: Sequence[str]
) -> None:
    """Refuse an address without a cluster before stages that may take hours, if nodes have work.

    Args:
        address: as `run` takes it.
        folder: the repository.
        before: the stages that the head runs first, each after those that it needs.
        stages: those of nodes, likewise.

    Raises:
        UserError: no Ray answers there.
    """
    try:
        ray_cluster.require_reachable(address)
    except UserError:
        if Recorder(folder).stale([*before, *stages]) & {*stages}:
            raise


def cells_of(study: Params) -> dict[str, str]:
    """Return the keys of stages that belong to a cell -> the cell."""
    cells = {run: study.run(run).cell for run in study.run_names}
    others = {name: f"{each.model}-{each.dataset}" for name, each in study.evaluate_on.items()}
    return others | cells


def blocks_of(study: Params) -> dict[str, int]:
    """Return the stages of so many images that they come in several blocks -> in how many at most.

    How many there are is known when a network is evaluated; a block too many is none to compute.
    """
    images = {"explain": study.explained_images[1], "measure": study.assess.images}
    return {
        f"{verb}_{family}@{cell}": count
        for cell in study.cells
        for family in STAGE_FAMILIES
        for verb, number in images.items()
        if (count := at_most(number)) > 1
    }


def _on_cluster(
    address: str, tasks: Sequence[Task], study: Params, told: workspace.Study,
    recorder: "Recorder", again: str,
) -> int:  # fmt: skip
    """Have the tasks done, and tell what was not; return the exit code."""
    with ray_cluster.connected(address) as connection:
        found = ray_cluster.nodes()
        census = ray_cluster.census(found, bool(told.remote))
        told, refused = told.wanting(census.wanted), dict(census.refused)
        names = {node.identity: node.name for node in found}
        for identity, why in refused.items():
            print(f"{names[identity]} is not used: {why}", flush=True)
        used = [node for node in found if node.identity not in refused]
        needs = _needs(study, used)
        if told.remote and (census.elsewhere or not told.shares):
            recorder.send({stage for task in tasks for stage in task.takes})
        dashboard = getattr(connection, "dashboard_url", "") or ""
        with (
            open(LOG, "w", encoding="utf-8") as log,
            watching(Path.cwd(), again, f"http://{dashboard}" if dashboard else "") as watch,
        ):
            watch.plan(tasks)
            stages = [stage for task in tasks for stage in task.stages]
            expected = stage_seconds.expected(stages, stage_seconds.recorded())
            left = plan.longest_first(tasks, expected)
            for _ in range(_ROUNDS):
                outcome = head.run(
                    left, told, recorder.entries, needs, recorder.record, watch, log,
                    study.cluster.max_retries, list(refused),
                )  # fmt: skip
                left = [task for task in left if task.name in outcome.lost]
                at_fault = {i for i, n in names.items() if n in " ".join(outcome.lost.values())}
                alive = {node.identity for node in ray_cluster.nodes()}
                if not left or not at_fault - refused.keys() or alive <= refused.keys() | at_fault:
                    break
                refused |= dict.fromkeys(at_fault, "")
                watch.message(f"again without {', '.join(names[i] for i in at_fault)}")
            for name, why in outcome.lost.items():
                watch.failed(name, f"no node could do it: {why}")
    return 1 if outcome.failed or outcome.lost else 0


def _needs(study: Params, used: Sequence[ray_cluster.Node]) -> Callable[[Task], head.Needs]:
    """Return what says how much of a node a task takes.

    Raises:
        UserError: no node has so much.
    """
    gpus = 1.0 if study.budget != "cpu" and any(n.resources.get("GPU") for n in used) else 0.0
    ray_cluster.require_room(used, study.threads, gpus)
    most = max(node.resources.get("memory", 0) for node in used)
    peaks = stage_memory.read()

    def needs(task: Task) -> head.Needs:
        peak = max(peaks.get(stage, 0) for stage in task.serves)
        return head.Needs(study.threads, gpus, int(min(peak, most)))

    return needs


def described(
    folder: Path, study: Params, taken: snapshot.Snapshot, recorder: "Recorder", shares: bool
) -> workspace.Study:
    """Return what nodes have to know of the study.

    Args:
        folder: of the study.
        study: its parameters.
        taken: its code.
        recorder: of its results.
        shares: whether nodes on this machine use its own cache.
    """
    name, settings = recorder.remote
    digest = hashlib.sha256(f"{socket.gethostname()}:{folder.resolve()}".encode()).hexdigest()
    environment = {n: os.environ[n] for n in _PASSED_ON if n in os.environ}
    return workspace.Study(
        name=f"{folder.resolve().name}-{digest[:10]}",
        snapshot=taken,
        threads=study.threads,
        environment=environment,
        notes=os.environ.get(tracking.NOTED, ""),
        remote=name,
        settings=settings,
        folder=str(folder.resolve()),
        cache=recorder.cache,
        boot=machine.boot(),
        shares=shares,
        checkpoint_seconds=study.cluster.checkpoint_seconds,
    )


def _repro(folder: Path, again: str, *targets: str) -> int:
    sys.stdout.flush()
    ended = pipeline.run("--wait-for-lock", "repro", *targets)
    if ended.interrupted:
        print(pipeline.where_it_stands(ended, again, folder), file=sys.stderr)
    return ended.code


class Recorder:
    """The study's dvc.lock and results, to which those of tasks are added as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        text = (folder / LOCK).read_text(encoding="utf-8") if (folder / LOCK).exists() else ""
        self.entries = lock_entries.entries(_plain(text))
        self._store = exchange.Store(folder, remote=True)
        self._next_write = 0.0

    @property
    def remote(self) -> tuple[str, dict[str, Any]]:
        """The name and DVC's settings of the default remote; "" where there is none."""
        return self._store.remote

    @property
    def cache(self) -> str:
        """DVC's cache of the study."""
        return self._store.cache

    def stale(self, stages: Sequence[str]) -> set[str]:
        """Return which stages, or what they need, are not as dvc.lock has them.

        Results that are recorded, and not here, are brought if they can be.

        Args:
            stages: each after those that it needs.
        """
        return self._store.stale(stages, self.entries)

    def send(self, stages: Collection[str]) -> None:
        """Push what is recorded of stages, so that other machines have it.

        Raises:
            UserError: the remote does not take it.
        """
        try:
            self._store.send([self.entries[stage] for stage in stages if stage in self.entries])
        except exchange.RemoteLost as error:
            raise UserError(str(error)) from error

    def record(self, task: Task, account: Account) -> None:
        """Bring a task's results into the folder, then note them.

        Raises:
            UserError: the remote does not give them.
        """
        self._store.record_runs(account.run_cache)
        try:
            self._store.bring(account.entries.values(), leaving=account.files)
        except exchange.RemoteLost as error:
            raise UserError(str(error)) from error
        for name, content in account.files.items():
            atomic.write_bytes(self._folder / name, content)
        self.entries |= account.entries
        if time.monotonic() >= self._next_write:
            self.write()

    def write(self) -> None:
        """Write dvc.lock; of very many stages that takes a while, and a twentieth of it at most."""
        started = time.monotonic()
        if self.entries:
            atomic.write_text(self._folder / LOCK, lock_entries.joined(self.entries))
        self._next_write = time.monotonic() + 20 * (time.monotonic() - started)


def _plain(text: str) -> str:
    """Return a dvc.lock as DVC writes it, whoever wrote it."""
    from dvc.utils.serialize import parse_yaml

    if not text or lock_entries.is_plain(text):
        return text
    made: str | None = lock_entries.HEAD
    with suppress(Exception):  # `repair` has told of what is not DVC's at all
        for name, entry in parse_yaml(text, str(LOCK))["stages"].items():
            made = with_entry(made, name, entry) if made else None
        if made:
            return made
    raise UserError(f"{LOCK}: not as DVC writes it: `git checkout {LOCK}`, then run again")
