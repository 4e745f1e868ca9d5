"""`heatproof cluster`: the study on a Ray cluster, and how it stands there."""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.cluster")

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from heatproof.cluster import drawing, state
from heatproof.cluster.own_cluster import ALONE, AUTO
from heatproof.run.errors import UserError
from tools import cluster_demo, repro


def main() -> None:
    """Do what the command line names."""
    parser = argparse.ArgumentParser(
        prog="heatproof cluster", description="Run the study on a Ray cluster."
    )
    commands = parser.add_subparsers(dest="what", required=True)
    run = commands.add_parser("run", help="run the study on a cluster")
    run.add_argument(
        "words",
        nargs="*",
        metavar="ADDRESS | TARGET",
        help="where, first: auto (the cluster that you started on this machine, or else as local; "
        "also where no address is named), local (a new one of this machine alone), "
        "ray://HOST:PORT, or HOST:PORT from a node of the cluster; then stages such as "
        "train@simple_cnn-mnist, all of the study if none is named",
    )
    run.add_argument("--again", help=argparse.SUPPRESS)
    run.add_argument(
        "--through-remote",
        action="store_true",
        help="have tasks on this machine, too, fetch and push by the DVC remote, as others do; by "
        "itself they use the study's own cache",
    )
    commands.add_parser(
        "status", help="say what runs where, is done and waits: of the run in progress, or the last"
    )
    commands.add_parser(
        "demo", help="start two Ray nodes on this machine, run the demo's study on them, end them"
    )
    arguments = parser.parse_args()
    if arguments.what == "status":
        print(status(Path()))
        return
    if arguments.what == "demo":
        cluster_demo.main(Path.cwd())
    more = ["--through-remote"] * arguments.through_remote
    more += ["--again", arguments.again] if arguments.again else []
    address, targets = place_and_targets(arguments.words)
    sys.argv = [sys.argv[0], "--cluster", address, *more, *targets]
    repro.main()


def place_and_targets(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the address, which is Ray's word or has a port, and the stages that words name.

    Raises:
        UserError: one is empty, as of a variable that is not set.
    """
    if not all(word.strip() for word in words):
        raise UserError(
            "heatproof cluster run: an address or a stage is empty, as of a variable that is not "
            f"set: leave it out, or write `{AUTO}`"
        )
    if words and (words[0] in (AUTO, ALONE) or ":" in words[0]):
        return words[0], words[1:]
    return AUTO, words


def status(study: Path) -> str:
    """Return how the run in progress in a study's folder stands, or the last one."""
    run = state.read(study)
    if run is None:
        return "nothing has run on a cluster from here yet: `heatproof cluster run` begins"
    now = time.time() if run.how == "running" else run.written
    width = shutil.get_terminal_size().columns
    text = drawing.overview(run.board, run.how, now, width, run.again)
    if run.how == "running" and run.dashboard:
        text += f"\nRay's dashboard: {run.dashboard}"
    return text
