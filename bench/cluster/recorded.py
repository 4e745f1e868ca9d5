"""How long the stages of a study took, as its tasks on a cluster and what the head does alone."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import networkx as nx

from bench.cluster.simulation import Pattern
from bench.studies import ROOT
from heatproof.cluster import plan
from heatproof.config import params
from heatproof.new import examples
from heatproof.run.errors import UserError
from heatproof.storage import stage_seconds
from tests.scratch import environment

# DVC's, in a study's folder, or the names of stages would begin with its path.
GRAPH = """
import json
from pathlib import Path
from tools import jobs
graph = jobs.graph_of(Path())
print(json.dumps([list(graph.nodes), list(graph.edges)]))
"""
EXAMPLE = ROOT / "examples" / "digits"


def of_example() -> Pattern:
    """Return the pattern of the digits example, whose durations are in the repository."""
    seconds = json.loads((EXAMPLE / stage_seconds.EXPECTED).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "study"
        examples.write("digits", target)
        return of(target, seconds)


def of_study(study: Path) -> Pattern:
    """Return the pattern of a study that was run here.

    Raises:
        UserError: it has no durations.
    """
    seconds = stage_seconds.recorded(study)
    if not seconds:
        raise UserError(f"{study}: no durations are recorded: run it first")
    return of(study, seconds)


def of(study: Path, seconds: Mapping[str, float]) -> Pattern:
    """Return the pattern of a study, of which durations are known.

    Args:
        study: its folder.
        seconds: stage -> how long it took; others of its kind stand in for one that is missing.
    """
    content = params.load(study / params.PARAMS)
    cells = {run: content.run(run).cell for run in (*content.runs, *content.saved)}
    graph = _graph(study)
    first, tasks = plan.tasks(graph, cells)
    known = stage_seconds.expected(graph.nodes, seconds)
    by_cell: dict[str, dict[str, float]] = {}
    needs: dict[str, tuple[str, ...]] = {}
    for task in tasks:
        seconds_of_task = sum(known.get(stage, 0.0) for stage in task.stages)
        by_cell.setdefault(task.cell, {})[task.name] = seconds_of_task
        needs[task.name] = task.needs
    placed = {stage for task in tasks for stage in task.stages}
    last = [name for name in graph.nodes if name not in placed and name not in first]
    return Pattern(
        by_cell, needs, sum(known.get(s, 0.0) for s in first), sum(known.get(s, 0.0) for s in last)
    )


def _graph(study: Path) -> nx.DiGraph:
    done = subprocess.run(
        [sys.executable, "-c", GRAPH], cwd=study, env=environment() | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    nodes, edges = json.loads(done.stdout)
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(nodes)
    return graph
