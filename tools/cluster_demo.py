"""`heatproof cluster demo`: two Ray nodes on this machine, and the demo's study on them.

The nodes end with it, whatever ends it. What was done stays: the next time, here or by `make demo`,
resumes from there.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

from heatproof.cluster import ray_cluster
from heatproof.cluster.own_cluster import AUTO
from heatproof.config import params
from heatproof.run import interrupts, orphans
from tools import cluster_nodes
from tools.demo import DEMO, prepare_alone

AGAIN = "heatproof cluster demo"
NODES = 2


def main(folder: Path) -> NoReturn:
    """Run the demo's study on two nodes, in demo/ of a folder; exit as that run does.

    Raises:
        UserError: Ray is not installed, or does not start.
    """
    ray_cluster.require_ray()
    demo = folder / DEMO
    prepare_alone(folder, AGAIN)
    threads = params.load(demo / params.PARAMS).threads
    cpus = [max(threads, len(os.sched_getaffinity(0)) // NODES)] * NODES
    print(f"The demo runs in {DEMO}/ on {NODES} Ray nodes of this machine, which start now.")
    sys.stdout.flush()
    with cluster_nodes.started(cpus) as told:
        os.environ.update(told["variables"])
        os.environ.pop("RAY_ADDRESS", None)  # of another cluster
        os.environ[orphans.OWNER] = str(os.getpid())  # the run ends with this process
        # As `auto`, which is found by a file that only these nodes know, so that the command which
        # it says would resume is one that works when they are gone.
        code = interrupts.left_to([sys.executable, "-m", "tools.cluster", "run", AUTO], demo)
    if code:
        print(f"(in {DEMO}/; from here, `{AGAIN}` does)", file=sys.stderr)
    sys.exit(code)
