"""A sweep's experiments on a Ray cluster, several at once: `make sweep CLUSTER=auto`.

Each has a folder of its own with the study as it is here and the experiment's parameters, and a
`heatproof cluster run` of its own: Ray, which knows what its nodes have room for, sorts out whose
task is next. They share this study's DVC cache, so that `dvc exp run`, which then records each
experiment here, restores what they made and runs nothing.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from pathlib import Path

from heatproof.cluster import own_cluster, ray_cluster, snapshot, workspace
from heatproof.config import params
from heatproof.config.params import Params
from heatproof.run import tracking
from heatproof.run.errors import UserError
from heatproof.run.git import git
from tools import cluster_nodes, cluster_run, exchange

FOLDERS = Path(".dvc/tmp/sweep")  # of the experiments; those that failed are kept


def run(address: str, changes: Mapping[str, Sequence[str]], target: str, again: str) -> list[str]:
    """Have a cluster do what experiments need of their stages; return which failed.

    Args:
        address: of the cluster (`ray_cluster.connected`).
        changes: the experiments' names -> the parameters each sets, as `-S` has them.
        target: the stage that is wanted of each.
        again: the command that resumes.

    Raises:
        UserError: there is no Ray or no cluster, or what all experiments need, such as their data,
            cannot be made.
    """
    ray_cluster.require_ray()
    taken = snapshot.take(Path.cwd())
    store = exchange.Store(Path.cwd(), remote=False)
    folders: dict[str, Path] = {}
    studies: list[Params] = []
    for name, set_to in changes.items():
        try:
            folder = _prepared(name, taken, set_to, store)
            studies.append(params.load(folder / params.PARAMS))
            folders[name] = folder
        except UserError as error:
            print(f"{name}: error: {error}", file=sys.stderr, flush=True)
    if not folders:
        return list(changes)
    study = studies[0]
    with _cluster(address, study.threads) as (where, variables, slots), tracking.sender():
        _prepare_common(next(iter(folders.values())), study, taken, target)
        at_once = min(len(folders), slots)
        print(f"{len(folders)} experiments on {where}, {at_once} at a time", flush=True)

        def work(name: str) -> int:
            words = ["run", where, target, "--again", again]
            return _run(name, folders[name], os.environ | variables, words)

        with ThreadPoolExecutor(at_once) as workers:
            codes = dict(zip(folders, workers.map(work, folders), strict=True))
    for name in folders:
        if not codes[name]:
            workspace.remove(folders[name])
    return [name for name in changes if codes.get(name, 1)]


def _prepared(
    name: str, taken: snapshot.Snapshot, set_to: Sequence[str], store: exchange.Store
) -> Path:
    """Return the folder of an experiment: the study with its parameters, and its DVC cache.

    Raises:
        UserError: a parameter cannot be set so.
    """
    folder = (FOLDERS / name).resolve()
    workspace.bring(folder, taken)
    # Its files may have the parameters of the last time.
    git("checkout", "-q", "-f", "--detach", taken.commit, folder=folder)
    workspace.configure(folder, Path(store.cache), *store.remote)
    set_parameters(folder, set_to)
    return folder


def set_parameters(folder: Path, set_to: Sequence[str]) -> None:
    """Set parameters in a folder's files by the function of `dvc exp run -S`.

    Raises:
        UserError: there is no such parameter, or it is no such thing.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.cli_parse import to_path_overrides
    from dvc.utils.hydra import apply_overrides

    for name, overrides in to_path_overrides(set_to).items():
        try:
            apply_overrides(folder / name, overrides)
        except DvcException as error:
            reason = str(error.__cause__ or error).splitlines()[0]
            raise UserError(f"-S {' -S '.join(overrides)}: {reason}") from error


def _prepare_common(folder: Path, study: Params, taken: snapshot.Snapshot, target: str) -> None:
    """Make what all cells need, such as their data, for one experiment: others take it from DVC.

    Raises:
        UserError: it cannot be made.
    """
    with chdir(folder):  # DVC calls stages as they are called from here
        before, _ = cluster_run.planned(folder, study, taken, [target])
    words = [sys.executable, "-m", "tools.pipeline", "--wait-for-lock", "repro", *before]
    if before and (code := subprocess.run(words, cwd=folder, check=False).returncode):
        raise UserError(
            f"what all experiments need could not be made (exit code {code}): see above"
        )


@contextmanager
def _cluster(address: str, threads: int) -> Iterator[tuple[str, dict[str, str], int]]:
    """Yield a cluster's address, what the environment has that uses it, and its room.

    Where `auto` finds none, it is one of this machine alone, for all experiments together: it ends
    with them, or with this process.
    """
    found = own_cluster.running_here() if address == own_cluster.AUTO else address
    if found not in ("", own_cluster.ALONE):
        yield found, {}, _slots(found, threads)
        return
    cores = len(os.sched_getaffinity(0))
    with cluster_nodes.started([cores]) as told:
        yield told["address"], told["variables"], max(1, cores // threads)


def _slots(address: str, threads: int) -> int:
    """Return how many tasks a cluster has room for at once, at least 1."""
    with ray_cluster.connected(address):
        found = ray_cluster.nodes()
    return max(1, sum(int(node.resources.get("CPU", 0) // threads) for node in found))


_printing = threading.Lock()


def _run(name: str, folder: Path, environment: Mapping[str, str], words: Sequence[str]) -> int:
    """Run an experiment's stages on the cluster, each line of what is printed after its name."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.cluster", *words], cwd=folder, env=dict(environment),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    assert process.stdout is not None  # it is a pipe
    for line in process.stdout:
        if line.strip():
            with _printing:
                print(f"{name}: {line.rstrip()}", flush=True)
    return process.wait()
