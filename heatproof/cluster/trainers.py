"""Processes on a cluster's nodes that train for a search: each an actor of Ray's, with a clone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from heatproof.cluster import machine, task, workspace
from heatproof.cluster.workspace import Study
from heatproof.tuning.workers import Ending, Process

PROGRAM = "tools.tune_node"


@dataclass(frozen=True)
class Needs:
    """What a trainer takes of a node, and which nodes it is not to be on, by Ray's identity."""

    cpus: float
    gpus: float = 0.0
    without: Sequence[str] = ()


class Trainer:
    """The process on a node; what Ray runs as an actor."""

    def __init__(self, study: Study, cell: str, request: str, gpus: float) -> None:
        """Start it.

        Args:
            study: with which code, where its data is.
            cell: whose run it trains.
            request: the first line that it gets: which data to bring.
            gpus: that it has.

        Raises:
            RuntimeError: this node cannot work for the study.
        """
        if fault := task.refusal(machine.facts(), study):
            raise RuntimeError(fault)
        self._slot = workspace.take(study)
        environment = task.environment(study, gpus)
        self._process = Process(cell, PROGRAM, self._slot.folder, environment)
        self._process.send(request)

    def send(self, line: str) -> None:
        """Write a line to it."""
        self._process.send(line)

    def receive(self) -> str:
        """Read a line of it; "" when it has ended."""
        return self._process.receive()

    def ending(self) -> Ending:
        """Wait for its end, and say how it was."""
        return self._process.ending()


class RemoteTrainer:
    """A `Trainer` as the search sees it, whose node may be lost."""

    def __init__(self, study: Study, cell: str, request: str, needs: Needs) -> None:
        """Have one started on a node with room; see `Trainer`."""
        import ray

        options: dict[str, Any] = {"num_cpus": needs.cpus, "num_gpus": needs.gpus}
        if needs.without:
            from heatproof.cluster.ray_cluster import NODE_ID

            options["label_selector"] = {NODE_ID: f"!in({','.join(needs.without)})"}
        remote: Any = ray.remote(Trainer).options(**options)
        self._actor: Any = remote.remote(study, cell, request, needs.gpus)
        self._lost = ""

    def send(self, line: str) -> None:
        """Write a line, whether anybody reads it or not."""
        self._asked(self._actor.send, line)

    def receive(self) -> str:
        """Read a line; "" when the process has ended, or its node is gone."""
        return self._asked(self._actor.receive) or ""

    def ending(self) -> Ending:
        """Say how it ended, and give its place to another."""
        ending = self._asked(self._actor.ending)
        self.kill()
        return ending or Ending(1, [self._lost], lost=True)

    def kill(self) -> None:
        """End it, with the process on its node."""
        import ray

        ray.kill(self._actor)

    def _asked(self, method: Any, *arguments: Any) -> Any:
        import ray
        from ray.exceptions import RayActorError

        if self._lost:
            return None
        try:
            return ray.get(method.remote(*arguments))
        except RayActorError as error:
            self._lost = " ".join(str(error).split())[:300] or type(error).__name__
            return None
