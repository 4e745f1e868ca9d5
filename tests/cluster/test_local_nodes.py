"""Nodes on this machine: where they listen, what they ask for, and that none is left."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.cluster.requirement import RAY
from tests.scratch import ROOT
from tools import cluster_nodes

pytestmark = [pytest.mark.cluster, RAY, pytest.mark.timeout(300)]

# Looks at the cluster that the environment's token opens; without it, cannot.
LOOK = """
import json, ray, sys

ray.init(sys.argv[1], log_to_driver=False, logging_level="ERROR")
print(json.dumps(sorted(node["NodeName"] for node in ray.nodes())))
"""
# Starts nodes twice, where Ray was imported before; each time they have another token.
TWICE = """
import ray
from heatproof.cluster import local_nodes

for number in (1, 2):
    with local_nodes.nodes(number) as cluster:  # where a node does not know the token, it fails
        print(len(cluster.nodes), ray.__version__ != "", flush=True)
"""
# Starts nodes, as the demo does, tells which they are and waits to be killed.
KILLED = """
import json, sys, time
from tools import cluster_nodes

with cluster_nodes.started([1]) as told:
    print(json.dumps(told), flush=True)
    time.sleep(600)
"""


def looked(address: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LOOK, address],
        env=os.environ | variables,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def descendants() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def left(processes: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=30)[1]


def test_they_listen_here_alone_want_a_token_and_end() -> None:
    with cluster_nodes.started([1, 1]) as told:
        processes = descendants()
        sockets = [each for process in processes for each in process.net_connections("tcp")]
        listening = {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN}
        assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}
        assert told["address"].startswith("127.0.0.1:")
        assert told["variables"]["RAY_USAGE_STATS_ENABLED"] == "0"
        friend = looked("auto", told["variables"])
        assert json.loads(friend.stdout) == ["node 1", "node 2"], friend.stderr
        stranger = looked(told["address"], told["variables"] | {"RAY_AUTH_TOKEN": "0" * 64})
        assert stranger.returncode and "uthenticat" in stranger.stderr, stranger.stderr
    assert left(processes) == []


def test_none_is_left_of_who_was_killed() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    processes = [each for each in descendants() if each.pid != process.pid]
    assert any("raylet" in each.name() for each in processes)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert left(processes) == []


def test_they_can_be_started_again_in_one_process_and_after_ray() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWICE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["1 True", "1 True"], done.stderr
