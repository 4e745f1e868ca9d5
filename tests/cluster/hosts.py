"""Two hosts on one machine: network namespaces, joined by a cable; all they share is the disk."""

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from heatproof.cluster import network

_NETWORK = "10.203.77"
_PORT = 6379
_STARTED = "Ray runtime started."
_PATIENCE = 120.0


class NoNamespacesError(Exception):
    """Namespaces cannot be made here; the message says why."""


@dataclass(frozen=True)
class Host:
    """A host: its namespace and its address."""

    namespace: str
    ip: str

    @property
    def within(self) -> tuple[str, ...]:
        """The words before a command that is to run on it."""
        return ("ip", "netns", "exec", self.namespace)


@contextmanager
def hosts() -> Iterator[tuple[Host, Host]]:
    """Make two hosts that reach each other and nobody else.

    Raises:
        NoNamespacesError: this process may not, or the system has none.
    """
    mark = uuid.uuid4().hex[:6]
    pair = Host(f"heat-{mark}-1", f"{_NETWORK}.1"), Host(f"heat-{mark}-2", f"{_NETWORK}.2")
    cables = [f"hp{mark}{number}" for number in (1, 2)]
    with ExitStack() as stack:
        for host in pair:
            _ip("netns", "add", host.namespace)
            stack.callback(_ip, "netns", "delete", host.namespace)
        _ip("link", "add", cables[0], "type", "veth", "peer", "name", cables[1])
        for host, cable in zip(pair, cables, strict=True):
            _ip("link", "set", cable, "netns", host.namespace)
            for words in (
                ("addr", "add", f"{host.ip}/24", "dev", cable),
                ("link", "set", cable, "up"),
                ("link", "set", "lo", "up"),
            ):
                _ip("-n", host.namespace, *words)
        yield pair


def _ip(*words: str) -> None:
    try:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NoNamespacesError("there is no `ip` (iproute2) here") from error
    if done.returncode:
        raise NoNamespacesError(f"ip {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def ray_on(pair: Sequence[Host], environment: Mapping[str, str]) -> Iterator[str]:
    """Start Ray on hosts by `ray start`, the first as the head; yield the address, end all.

    Args:
        pair: the hosts, a CPU each.
        environment: of Ray's processes.
    """
    variables = {**environment, **network.REPORTING_NOTHING, **network.PATIENT}
    ray = Path(sys.executable).with_name("ray")
    head = pair[0]
    with (
        tempfile.TemporaryDirectory(
            prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
        ) as folder,
        ExitStack() as stack,
    ):
        for host in pair:
            words = ["--head", f"--port={_PORT}", f"--temp-dir={folder}"]
            words.append("--include-dashboard=false")
            if host != head:
                words = [f"--address={head.ip}:{_PORT}"]
            words += ["--num-cpus=1", f"--node-ip-address={host.ip}", "--block"]
            words += ["--object-store-memory=100000000"]
            log = Path(folder) / f"{host.namespace}.log"
            file = stack.enter_context(open(log, "wb"))
            process = subprocess.Popen(
                [*host.within, str(ray), "start", *words], env=variables, stdout=file,
                stderr=file, start_new_session=True,
            )  # fmt: skip
            stack.callback(_end, process)
            _until_started(process, log)
        yield f"{head.ip}:{_PORT}"


def _until_started(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while _STARTED not in (said := log.read_text(errors="replace")):
        assert process.poll() is None and time.monotonic() < deadline, said
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
