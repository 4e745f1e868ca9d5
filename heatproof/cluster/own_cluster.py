"""A user's own Ray cluster on this machine: the one that runs, or a new one of it alone."""

import importlib
import os
import socket
from pathlib import Path
from typing import Any

from heatproof.cluster import network
from heatproof.run import temporary
from heatproof.run.errors import UserError, escaped

AUTO = "auto"
ALONE = "local"  # Ray's word for a cluster of this machine alone
_LISTENS_SECONDS = 10.0
# All that Ray listens with is gRPC, thus HTTP/2: both sides begin with their settings (RFC 9113).
_SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SETTINGS


def quieten() -> None:
    """Have Ray, before it is imported, tell nobody, and users nothing of its later versions."""
    os.environ.update(network.REPORTING_NOTHING)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")


def running_here() -> str:
    """Return the address of this user's cluster on this machine; "" where there is none.

    It is what RAY_ADDRESS says, or what `ray start` noted. Ray's own `auto` takes any cluster of
    whose processes it sees the names, other users' too: they would get the study, and what they
    answer is unpickled.

    Raises:
        UserError: no Ray answers where RAY_ADDRESS says.
    """
    quieten()
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


def alone(ray: Any, **options: Any) -> Any:
    """Start a cluster of this machine alone, and connect to it; it listens on 127.0.0.1 only.

    Args:
        ray: the module.
        options: of `ray.init`, beside its own.
    """
    os.environ.update(network.ONLY_HERE)
    # Ray has read that already, when it was imported, and would listen on all addresses.
    constants: Any = importlib.import_module("ray._private.ray_constants")
    constants.ENABLE_RAY_CLUSTER = False
    here = {"_node_ip_address": network.LOCAL, "dashboard_host": network.LOCAL}
    return ray.init(ALONE, num_cpus=len(os.sched_getaffinity(0)), **here, **options)
