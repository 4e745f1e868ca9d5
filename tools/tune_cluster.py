"""A search's trainings on a Ray cluster: `heatproof tune CELL --cluster auto`.

Each node with room has a process that trains, in a clone of the study, with the data brought by DVC
as for the study's own tasks. The search itself, and its file of trials, stay here.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heatproof.cluster import ray_cluster, snapshot, trainers
from heatproof.config.params import Params
from heatproof.run.errors import UserError
from heatproof.tuning.workers import Pool
from tools import cluster_run


@contextmanager
def pool(address: str, study: Params, cell: str, jobs: int | None) -> Iterator[tuple[Pool, int]]:
    """Connect to a cluster, and yield what trains there, and how many do at once.

    Args:
        address: of the cluster (`ray_cluster.connected`).
        study: the parameters.
        cell: whose run is trained.
        jobs: how many at once; None for as many as there is room for.

    Raises:
        UserError: there is no Ray, no cluster, or no data in DVC's cache.
    """
    ray_cluster.require_ray()
    folder = Path.cwd()
    recorder = cluster_run.Recorder(folder)
    dataset = study.cell(cell).dataset
    stages = [f"fetch@{dataset}", f"preprocess@{dataset}"]
    if missing := [stage for stage in stages if stage not in recorder.entries]:
        raise UserError(
            f"dvc.lock has no {missing[0]}, from which nodes would have the data: `dvc repro "
            f"preprocess@{dataset}` first"
        )
    told = cluster_run.described(folder, study, snapshot.take(folder), recorder, shares=True)
    with ray_cluster.connected(address):
        found = ray_cluster.nodes()
        census = ray_cluster.census(found, bool(told.remote))
        told = told.wanting(census.wanted)
        used = [node for node in found if node.identity not in census.refused]
        gpus = 1.0 if study.budget != "cpu" and any(n.resources.get("GPU") for n in used) else 0.0
        ray_cluster.require_room(used, study.threads, gpus)
        if told.remote and census.elsewhere:
            recorder.send(stages)
        room = sum(int(node.resources.get("CPU", 0) // study.threads) for node in used)
        at_once = min(jobs or room, room)
        needs = trainers.Needs(study.threads, gpus, tuple(census.refused))
        entries = [recorder.entries[stage] for stage in stages]
        remote = bool(told.remote) and census.elsewhere
        first = json.dumps({"entries": entries, "remote": remote})
        print(f"{at_once} trainings at a time on {len(used)} nodes", flush=True)
        made = Pool(lambda: trainers.RemoteTrainer(told, cell, first, needs), at_once)
        try:
            yield made, at_once
        finally:
            made.end()
