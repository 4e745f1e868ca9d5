"""Ray, as a study uses it: what is connected to, which nodes are there, what they may be asked.

Ray is an optional requirement (requirements-cluster.txt): nothing imports it unless asked for.
"""

import importlib
import importlib.util
import logging
import os
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heatproof.cluster import machine, network, task
from heatproof.run import temporary
from heatproof.run.errors import UserError, escaped

AUTO = "auto"
ALONE = "local"  # Ray's word for a cluster of this machine alone
NODE_ID = "ray.io/node-id"  # a label that Ray gives every node
_PROBE_SECONDS = 120.0
_LISTENS_SECONDS = 10.0
# All that Ray listens with is gRPC, thus HTTP/2: both sides begin with their settings (RFC 9113).
_SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SETTINGS


@dataclass(frozen=True)
class Node:
    """A node of the cluster.

    identity: Ray's. name: for people. resources: Ray's names, such as CPU and GPU -> how many.
    """

    identity: str
    name: str
    resources: Mapping[str, float]


def require_ray() -> None:
    """Refuse to go on without Ray.

    Raises:
        UserError: it is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise UserError(
            "Ray is not installed here: `pip install -r requirements-cluster.txt` beside "
            "requirements.txt, on every machine of the cluster"
        )


def _quieten() -> None:
    """Have Ray, before it is imported, tell nobody, and users nothing of its later versions."""
    os.environ.update(network.REPORTING_NOTHING)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")


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
    require_ray()
    _quieten()
    import ray

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
        reason = escaped(str(error).strip() or type(error).__name__)[:300]
        raise UserError(
            f"CLUSTER={address}: no Ray cluster answers: {reason}; start one as "
            f"docs/how-to/cluster.md has it, or take `{ALONE}`: one of this machine alone"
        ) from None
    try:
        yield context
    except (_errors(), ConnectionError) as error:
        reason = escaped(str(error).strip() or type(error).__name__)[:300]
        raise UserError(
            f"CLUSTER={address}: the cluster was lost: {reason}; what is done is saved, the same "
            "command resumes"
        ) from error
    finally:
        ray.shutdown()


def _errors() -> type[Exception]:
    """Return what Ray raises."""
    from ray.exceptions import RayError

    return RayError


def require_listener(address: str) -> None:
    """Refuse an address at which no Ray answers, for which Ray would wait for minutes.

    Raises:
        OSError: with the reason.
    """
    host, _, port = address.rpartition("://")[2].partition("/")[0].rpartition(":")
    if not host or not port.isdecimal():
        return
    with socket.create_connection((host.strip("[]"), int(port)), _LISTENS_SECONDS) as connection:
        if os.environ.get("RAY_USE_TLS", "0") != "0":
            return
        connection.sendall(_GREETING)
        try:
            answer = connection.recv(len(_SETTINGS))
        except TimeoutError:
            answer = b""
        if answer[3:4] != _SETTINGS[3:4]:
            raise OSError("what listens there is no Ray, or hangs")


def _connect(ray: Any, address: str, quiet: Mapping[str, Any]) -> Any:
    if address == AUTO:
        address = running_here() or ALONE
    elif address != ALONE:
        require_listener(address)
    if address != ALONE:
        return ray.init(address, **quiet)
    os.environ.update(network.ONLY_HERE)
    # Ray has read that already, when it was imported, and would listen on all addresses.
    constants: Any = importlib.import_module("ray._private.ray_constants")
    constants.ENABLE_RAY_CLUSTER = False
    alone = {
        "num_cpus": _cores(), "_node_ip_address": network.LOCAL, "dashboard_host": network.LOCAL,
    }  # fmt: skip
    return ray.init(ALONE, **alone, **quiet)


def running_here() -> str:
    """Return the address of this user's cluster on this machine; "" where there is none.

    It is what RAY_ADDRESS says, or what `ray start` noted. Ray's own `auto` takes any cluster of
    whose processes it sees the names, other users' too: they would get the study, and what they
    answer is unpickled.

    Raises:
        UserError: no Ray answers where RAY_ADDRESS says.
    """
    _quieten()
    from ray._common.utils import get_ray_address_file

    named = os.environ.get("RAY_ADDRESS", "")
    if named not in ("", AUTO):
        try:
            require_listener(named)
        except OSError as error:
            raise UserError(
                f"RAY_ADDRESS={escaped(named)}: no Ray cluster answers: {error}; start it, or "
                "unset RAY_ADDRESS"
            ) from None
        return named
    # `ray start` had the user's temporary folder, this process has a private one within it.
    now = Path(get_ray_address_file(None))
    own = now.parents[1]
    outer = own.parent / now.relative_to(own)
    for note in (now, outer) if own.name.startswith(temporary.PREFIX) else (now,):
        try:
            if note.stat().st_uid not in (os.geteuid(), 0):
                continue
            address = note.read_text(encoding="utf-8").strip()
            require_listener(address)
        except (OSError, ValueError):  # none, or one that was killed and could not remove its note
            continue
        return address
    return ""


def _cores() -> int:
    return len(os.sched_getaffinity(0))


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
