"""Which cluster `auto` is: this user's own, never whichever runs on this machine."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from heatproof.cluster import ray_cluster
from heatproof.run.errors import UserError
from tests.cluster.listening import SETTINGS, listening
from tests.cluster.requirement import RAY

pytestmark = [pytest.mark.cluster, RAY]


# Starts a cluster as `heatproof cluster run` does, and tells on which addresses it listens.
LISTENING = """
import psutil
from heatproof.cluster import ray_cluster

with ray_cluster.connected("local"):
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    sockets = [each for process in family for each in process.net_connections()]
    ips = {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN}
    print(sorted({ip.removeprefix("::ffff:") for ip in ips}))
"""


class Asked:
    """In the place of Ray: notes what `ray.init` is called with."""

    def init(self, address: str, **options: Any) -> tuple[str, dict[str, Any]]:
        return address, options


def connected_to(address: str) -> tuple[str, dict[str, Any]]:
    return ray_cluster._connect(Asked(), address, {})


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `ray start` notes the address of what it started."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # which `local` sets
    monkeypatch.setattr("ray._private.ray_constants.ENABLE_RAY_CLUSTER", False)  # and this
    (tmp_path / "ray").mkdir()
    return tmp_path / "ray" / "ray_current_cluster"


@pytest.mark.parametrize("address", ["auto", "local"])
def test_a_cluster_that_is_started_listens_on_this_machine_alone(note: Path, address: str) -> None:
    got, options = connected_to(address)
    assert got == "local"
    assert options["_node_ip_address"] == options["dashboard_host"] == "127.0.0.1"


@pytest.mark.timeout(300)
def test_it_really_does() -> None:
    words = [sys.executable, "-c", LISTENING]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['127.0.0.1']"


def test_auto_is_the_users_own_cluster(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(SETTINGS) as address:
        note.write_text(address)
        assert connected_to("auto") == (address, {})
        if os.geteuid() == 0:
            os.chown(note, 4321, -1)
        monkeypatch.setattr(os, "geteuid", lambda: 1234)  # the note is another user's
        assert connected_to("auto")[0] == "local"
        monkeypatch.setenv("RAY_ADDRESS", address)
        assert connected_to("auto") == (address, {})
    with pytest.raises(
        UserError, match=f"RAY_ADDRESS={address}: no Ray"
    ):  # named, and gone: nothing to replace in silence
        connected_to("auto")


def test_the_note_is_found_from_a_runs_own_temporary_folder(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(note.parents[1] / "heatproof-abc"))
    monkeypatch.delenv("RAY_TMPDIR")
    with listening(SETTINGS) as address:
        note.write_text(address)
        assert connected_to("auto") == (address, {})


def test_a_note_that_a_killed_cluster_left_is_passed_over(note: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        note.write_text(f"127.0.0.1:{server.getsockname()[1]}")
    assert connected_to("auto")[0] == "local"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "ray://127.0.0.1:1", "no-port", "no:port", ":1"]
)
def test_a_wrong_address_is_told_in_a_sentence(address: str) -> None:
    with pytest.raises(UserError, match=f"CLUSTER={address}: no Ray cluster answers: "):
        ray_cluster.require_reachable(address)


def test_who_leaves_what_is_printed_loses_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "_connect", lambda *words: None)
    with pytest.raises(BrokenPipeError), ray_cluster.connected("local"):
        raise BrokenPipeError  # of print, as where `| head` has read enough
    with pytest.raises(UserError, match="the cluster was lost"), ray_cluster.connected("local"):
        raise ConnectionError
