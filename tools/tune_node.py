"""What trains for a search on a cluster's node, in a clone: it brings the data, then trains.

`python -m tools.tune_node CELL DESCRIPTOR` is started by `heatproof.cluster.trainers`. The first
line of its socket says which entries of dvc.lock to bring; then it is as `heatproof.tuning.worker`.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.tune_node", uses="keras")

import json
import socket
import sys
from pathlib import Path

from heatproof.run import tracking
from heatproof.tuning import worker
from tools import exchange


def main() -> None:
    """Bring the data, and serve until the socket is closed."""
    channel = socket.socket(fileno=int(sys.argv[2]))
    first = json.loads(_line(channel))
    exchange.Store(Path.cwd(), first["remote"]).bring(first["entries"])
    with tracking.sender():
        worker.serve(sys.argv[1], channel)


def _line(channel: socket.socket) -> bytes:
    """Read a line, and nothing after it."""
    line = b""
    while not line.endswith(b"\n"):
        more = channel.recv(1)
        if not more:
            sys.exit(0)  # nobody wants it any more
        line += more
    return line
