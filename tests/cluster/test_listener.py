"""An address at which no Ray answers is refused in seconds; Ray itself would try for minutes."""

import socket

import pytest

from heatproof.cluster import own_cluster
from tests.cluster.listening import SETTINGS, listening


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_what_speaks_as_ray_does_is_taken(scheme: str) -> None:
    with listening(SETTINGS) as address:
        own_cluster.require_listener(scheme + address)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.6\r\n", b""])
def test_what_is_no_ray_or_hangs_is_refused(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_cluster, "_LISTENS_SECONDS", 0.2)
    with listening(answer) as address, pytest.raises(OSError, match="no Ray, or hangs"):
        own_cluster.require_listener(address)


def test_where_nobody_listens_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        own_cluster.require_listener(f"ray://127.0.0.1:{port}")
