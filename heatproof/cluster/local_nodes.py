"""Ray nodes on this machine, for trying and for tests; they end when this process does.

They listen on 127.0.0.1, want a token of each other, and send nobody figures of their usage. `ray
start` would do for none of it: it takes 127.0.0.1 for the address of the network, on which whoever
reaches a port may run anything.
"""

import os
import secrets
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from heatproof.cluster import network
from heatproof.run.errors import UserError

_OBJECTS = (
    100 * 2**20
)  # bytes for Ray's objects, the least: hashes and metrics are all that is sent


class LocalCluster:
    """Nodes of a cluster on this machine. address: for `heatproof cluster run --address`."""

    def __init__(self, folder: Path, memory: int, dashboard: bool = False) -> None:
        """Prepare a cluster without nodes.

        Args:
            folder: for what Ray writes; a short path, since Ray has sockets in it.
            memory: bytes that each node takes for its own, of those that the machine has.
            dashboard: whether Ray's runs, where it is installed.
        """
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(shutdown_at_exit=True)
        self._folder, self._memory, self._dashboard = folder, memory, dashboard
        self.nodes: list[Any] = []

    @property
    def address(self) -> str:
        """Where the head listens."""
        return str(self._cluster.address)

    @property
    def variables(self) -> dict[str, str]:
        """What the environment of a process has that uses the cluster."""
        return {name: os.environ[name] for name in variables(self._folder)}

    @property
    def dashboard(self) -> str:
        """The address of Ray's dashboard; "" where there is none."""
        return f"http://{self._cluster.webui_url}" if self._cluster.webui_url else ""

    def add(self, cpus: int, cores: Sequence[int] = ()) -> None:
        """Start a node; the first is the head.

        Args:
            cpus: for how many threads at once it takes tasks.
            cores: of the processor, to which it is confined; all, where there are none.

        Raises:
            UserError: it does not start, as where the machine has too much else to do.
        """
        words: dict[str, Any] = {
            "num_cpus": cpus, "node_ip_address": network.LOCAL, "object_store_memory": _OBJECTS,
            "node_name": f"node {len(self.nodes) + 1}", "memory": self._memory,
        }  # fmt: skip
        if not self.nodes:
            words |= {
                "temp_dir": str(self._folder), "gcs_server_port": free_port(),
                "include_dashboard": None if self._dashboard else False,
                "dashboard_host": network.LOCAL, "dashboard_port": free_port(),
            }  # fmt: skip
        before = os.sched_getaffinity(0)
        try:
            if cores:  # which the node's processes take over
                os.sched_setaffinity(0, cores)
            self.nodes.append(self._cluster.add_node(**words))
        except Exception as error:  # Ray's own are of no narrower kind
            raise UserError(f"a Ray node did not start on this machine: {error}") from error
        finally:
            os.sched_setaffinity(0, before)

    def kill(self, number: int) -> None:
        """End a node and all that runs on it without a warning, as a power cut would.

        Args:
            number: of the node, from 1: not the head, which is number 0.
        """
        node = self.nodes[number]
        raylets = [each.process.pid for each in node.all_processes["raylet"]]
        for process in [each for pid in raylets for each in _with_descendants(pid)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self._cluster.remove_node(node, allow_graceful=False)

    def end(self) -> None:
        """End all nodes."""
        import ray

        everything = _with_descendants(os.getpid())[1:]
        ray.shutdown()
        if self.nodes:
            self._cluster.shutdown()
        _, left = psutil.wait_procs(everything, timeout=1)
        for process in left:
            if any("ray" in word for word in _words(process)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()


@contextmanager
def nodes(
    *cpus: int, cores: Sequence[Sequence[int]] = (), dashboard: bool = False
) -> Iterator[LocalCluster]:
    """Start nodes, the first of them the head, and end them.

    Args:
        cpus: for how many threads at once each takes tasks.
        cores: of the processor, to which each is confined; all, where there are none.
        dashboard: whether Ray's runs, where it is installed.

    Within, this process and those that it starts have the token in their environment. Where this
    process is killed meanwhile, its nodes and what runs on them are gone at once, and two agents of
    Ray's for each node a minute or two later; `python -m tools.cluster_nodes` waits for them.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as path,
        _within(variables(Path(path))),
    ):
        Path(path, "ray").mkdir()
        _read_token_again()
        free = psutil.virtual_memory().available
        cluster = LocalCluster(Path(path), free // len(cpus), dashboard)
        try:
            for number, confined in zip(cpus, cores or [()] * len(cpus), strict=True):
                cluster.add(number, confined)
            yield cluster
        finally:
            cluster.end()


def variables(folder: Path) -> dict[str, str]:
    """Return what the environment of nodes, and of whoever uses them, has: a token of its own.

    Args:
        folder: where Ray notes which cluster `auto` is.
    """
    return {
        **network.ONLY_HERE,
        **network.REPORTING_NOTHING,
        **network.PATIENT,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TMPDIR": str(folder),
    }


def _read_token_again() -> None:
    """Have Ray, which reads mode and token when it is imported, read them as they are now."""
    from ray._private.authentication_test_utils import reset_auth_token_state

    reset_auth_token_state()


@contextmanager
def _within(more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as free:
        free.bind((network.LOCAL, 0))
        return free.getsockname()[1]


def _with_descendants(process: int) -> list[psutil.Process]:
    try:
        first = psutil.Process(process)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
