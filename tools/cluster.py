"""`heatproof cluster`: the study on a Ray cluster, and how it stands there."""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.cluster")

import argparse
import sys

from heatproof.cluster.ray_cluster import AUTO
from tools import calling, repro


def main() -> None:
    """Do what the command line names."""
    parser = argparse.ArgumentParser(
        prog=calling.command("cluster"), description="Run the study on a Ray cluster."
    )
    commands = parser.add_subparsers(dest="what", required=True)
    run = commands.add_parser("run", help="run the study on a cluster")
    run.add_argument(
        "address",
        nargs="?",
        default=AUTO,
        help="auto: the cluster that runs on this machine, or one of this machine alone; "
        "ray://HOST:PORT; or HOST:PORT, from a node of the cluster",
    )
    run.add_argument(
        "--through-remote",
        action="store_true",
        help="have tasks on this machine, too, fetch and push by the DVC remote, as others do; by "
        "itself they use the study's own cache",
    )
    arguments = parser.parse_args()
    more = ["--through-remote"] * arguments.through_remote
    sys.argv = [sys.argv[0], "--cluster", arguments.address, *more]
    repro.main()
