"""Ray, as a study uses it: what is connected to, which nodes are there, what they may be asked.

Ray is an optional requirement (requirements-cluster.txt): nothing imports it unless asked for.
"""

import importlib
import importlib.util
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from heatproof.cluster import machine, own_cluster, task
from heatproof.cluster.own_cluster import ALONE, AUTO
from heatproof.run.errors import UserError, escaped

NODE_ID = "ray.io/node-id"  # a label that Ray gives every node
_PROBE_SECONDS = 120.0
_PLACE = re.compile(r"(ray://)?[^/]*[^/:]:\d+(/.*)?")


@dataclass(frozen=True)
class Node:
    """A node of the cluster.

    identity: Ray's. name: for people. resources: Ray's names, such as CPU and GPU -> how many.
    """

    identity: str
    name: str
    resources: Mapping[str, float]


def require_ray() -> Any:
    """Return Ray, or refuse to go on without it.

    Raises:
        UserError: it is not installed, or does not load.
    """
    missing = UserError(
        "Ray is not installed here: `pip install -r requirements-cluster.txt` beside "
        "requirements.txt, on every machine of the cluster"
    )
    if importlib.util.find_spec("ray") is None:
        raise missing
    own_cluster.quieten()
    try:
        import ray
    except Exception as error:  # a library that it needs may be missing, or of a wrong version
        raise UserError(
            f"Ray is installed here, and does not load: {_reason(error)}; `pip install "
            "--force-reinstall -r requirements-cluster.txt` puts it right"
        ) from error
    if not hasattr(ray, "init"):  # an empty folder that was left, or that is called so
        raise missing
    return ray


def require_reachable(address: str) -> None:
    """Refuse an address of which it can be told at once that no cluster is there.

    Raises:
        UserError: it is no address, or no Ray answers there.
    """
    try:
        if address == AUTO:
            own_cluster.running_here()
        elif address != ALONE:
            if not _PLACE.fullmatch(address):
                raise ValueError(f"expected {AUTO}, {ALONE}, ray://HOST:PORT or HOST:PORT")
            own_cluster.require_listener(address)
    except (OSError, ValueError, OverflowError) as error:
        raise _unanswered(address, error) from None


def _unanswered(address: str, error: Exception) -> UserError:
    return UserError(
        f"CLUSTER={address}: no Ray cluster answers: {_reason(error)}; start one as "
        f"docs/how-to/cluster.md has it, or take `{ALONE}`: one of this machine alone"
    )


def _reason(error: Exception) -> str:
    return escaped(str(error).strip() or type(error).__name__)[:300]


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to a cluster, and yield what Ray tells of the connection.

    Args:
        address: `auto`: this user's that runs on this machine, or else as `local`; `local`: a new
            one of this machine alone, which ends with the connection and listens on 127.0.0.1
            only; `ray://HOST:PORT`, or `HOST:PORT` from a node of the cluster.

    Raises:
        UserError: Ray is not installed, there is no such cluster, or it is lost meanwhile.
    """
    ray = require_ray()
    # What Ray prints of tasks that it begins again, and of nodes, is told here in fewer words.
    worker: Any = importlib.import_module("ray._private.worker")
    worker.print_to_stdstream = lambda *told, **options: None
    quiet: dict[str, Any] = {
        "log_to_driver": False, "logging_level": logging.ERROR, "namespace": "heatproof",
    }  # fmt: skip
    try:
        context = _connect(ray, address, quiet)
    except UserError:
        raise
    except Exception as error:  # of Ray's, gRPC's and the system's
        raise _unanswered(address, error) from None
    try:
        yield context
    except BrokenPipeError:  # of what is printed: its reader left, as `| head` does
        raise
    except (_errors(), ConnectionError) as error:
        raise UserError(
            f"CLUSTER={address}: the cluster was lost: {_reason(error)}; what is done is saved, "
            "the same command resumes"
        ) from error
    finally:
        ray.shutdown()


def _errors() -> type[Exception]:
    """Return what Ray raises."""
    from ray.exceptions import RayError

    return RayError


def _connect(ray: Any, address: str, quiet: Mapping[str, Any]) -> Any:
    if address == AUTO:
        address = own_cluster.running_here() or ALONE
    elif address != ALONE:
        own_cluster.require_listener(address)
    if address == ALONE:
        return own_cluster.alone(ray, **quiet)
    return ray.init(address, **quiet)


def nodes() -> list[Node]:
    """Return the nodes that are alive."""
    import ray

    return [
        Node(each["NodeID"], f"{each['NodeName']} ({each['NodeID'][:6]})", each["Resources"])
        for each in ray.nodes()
        if each["Alive"]
    ]


@dataclass(frozen=True)
class Census:
    """What the nodes are.

    wanted: what all have to be (`machine.facts`). refused: Ray's identity of a node that is not ->
    why. elsewhere: whether one that is used is on another machine than this process.
    """

    wanted: dict[str, Any]
    refused: dict[str, str]
    elsewhere: bool


def census(found: Sequence[Node], has_remote: bool) -> Census:
    """Ask every node what it is. Their software has to be this process', their processors alike.

    Args:
        found: the nodes.
        has_remote: whether the study has a DVC remote, without which results reach no machine but
            this one.
    """
    own = machine.facts()
    told, refused = _told(found)
    for identity, facts in told.items():
        if different := machine.software_differences(facts, own):
            refused[identity] = "; ".join(different)
        elif not has_remote and facts["boot"] != own["boot"]:
            refused[identity] = task.NO_REMOTE
    fitting = {identity: facts for identity, facts in told.items() if identity not in refused}
    wanted = {**_most_of(list(fitting.values()) or [own]), "libraries": own["libraries"]}
    for identity, facts in fitting.items():
        if different := machine.kind_differences(facts, wanted):
            refused[identity] = "; ".join(different)
    boots = {facts["boot"] for identity, facts in fitting.items() if identity not in refused}
    return Census(wanted, refused, bool(boots - {own["boot"]}))


def _told(found: Sequence[Node]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return the facts of each node by Ray's identity, and why others told none."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask = ray.remote(num_cpus=0, max_retries=0)(machine.facts)
    asked = {
        node.identity: ask.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node.identity, soft=False)
        ).remote()
        for node in found
    }
    told: dict[str, dict[str, Any]] = {}
    silent: dict[str, str] = {}
    for identity, answer in asked.items():
        try:
            told[identity] = ray.get(answer, timeout=_PROBE_SECONDS)
        except Exception as error:  # it has no heatproof, or is gone, or Ray's worker cannot start
            line = str(error).strip().splitlines()[-1:] or [type(error).__name__]
            silent[identity] = f"heatproof does not answer there: {escaped(line[0])[:200]}"
    return told, silent


def _most_of(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the facts of a machine with the most frequent processor; of several, the first."""
    kind = lambda each: (each["architecture"], *sorted(each["instructions"]))  # noqa: E731
    frequent = Counter(map(kind, facts)).most_common(1)[0][0]
    return next(each for each in facts if kind(each) == frequent)


def require_room(found: Sequence[Node], cpus: float, gpus: float) -> None:
    """Refuse to wait for ever for a node that can do a task.

    Raises:
        UserError: none has as many processors as threads, or no GPU where one is needed.
    """
    if not found:
        raise UserError("no node of the cluster can work for this study")
    most = max(node.resources.get("CPU", 0) for node in found)
    if most < cpus:
        raise UserError(
            f"params.yaml: threads = {cpus:g}, and no node has more than {most:g} CPUs: start Ray "
            f"with --num-cpus={cpus:g} there, or lower `threads` (which changes the last bits of "
            "all results)"
        )
    if gpus and not any(node.resources.get("GPU", 0) >= gpus for node in found):
        raise UserError("no node of the cluster has a GPU")


def remote_task(
    name: str, cpus: float, gpus: float, memory: int, retries: int, without: Sequence[str]
) -> Any:
    """Return `task.perform` as Ray runs it: on a node with room, again elsewhere where it is lost.

    Args:
        name: of the task, for Ray's dashboard.
        cpus: that a task takes.
        gpus: that it takes.
        memory: in bytes; 0 where it is unknown.
        retries: how often Ray may do it again, where a worker, its node or what is on it was lost.
            A mistake of the user's is no loss: the task returns.
        without: Ray's identities of nodes that are not to be used.
    """
    import ray

    from heatproof.cluster.accounts import NodeFault

    options: dict[str, Any] = {
        "name": name,
        "num_cpus": cpus, "num_gpus": gpus, "max_retries": retries, "retry_exceptions": [NodeFault],
    }  # fmt: skip
    if memory:
        options["memory"] = memory
    if without:
        options["label_selector"] = {NODE_ID: f"!in({','.join(without)})"}
    return ray.remote(task.perform).options(**options)
