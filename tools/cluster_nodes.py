"""Ray nodes on this machine until stdin is closed: `python -m tools.cluster_nodes 2 2`

For `heatproof cluster demo`, which may be killed: its end of the pipe is then closed, and the nodes
end as if it had ended them. The first line printed is JSON: `address`, `dashboard`, `variables`.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.cluster_nodes")

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from heatproof.cluster import local_nodes
from heatproof.run.errors import UserError


def main() -> None:
    """Start nodes, say where they are, and end them when nobody wants them any more."""
    parser = argparse.ArgumentParser(prog="python -m tools.cluster_nodes", description=__doc__)
    parser.add_argument("cpus", nargs="+", type=int, help="of each node")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of who started this, who says when it is over
    with local_nodes.nodes(*arguments.cpus, dashboard=True) as cluster:
        told = {
            "address": cluster.address,
            "dashboard": cluster.dashboard,
            "variables": cluster.variables,
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()


@contextmanager
def started(cpus: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Start nodes in a process of their own; yield what it tells; end them.

    Raises:
        UserError: they do not start; it has printed why.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.cluster_nodes", *map(str, cpus)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None  # they are pipes
    try:
        line = process.stdout.readline()
        if not line:
            raise UserError("no Ray cluster was started on this machine: see above")
        yield json.loads(line)
    finally:
        process.stdin.close()
        process.wait()
