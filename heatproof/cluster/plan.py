"""A study's graph of stages, divided: by cell (`make repro JOBS=n`), and into a cluster's tasks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import networkx as nx

from heatproof.cluster import schedule

# Stages of a cell that are one task: a network is evaluated where it was trained, maps are measured
# where they were made. Every other stage is one by itself.
_TRAINED = ("train", "evaluate", "open", "evaluate_saved", "derive", "evaluate_derived")
_OF_A_FAMILY = ("explain_", "measure_")


@dataclass(frozen=True)
class Task:
    """What a node does at one go.

    name: as its first stage's, without the family's verb: `train@<run>`, `gradients@<cell>`. cell:
    whose. stages: in the order in which they run. needs: names of the tasks whose results it takes.
    takes: stages of other tasks, or of none, whose results it takes. block: a stage, and which of
    its blocks of images the task computes for it (`storage.blocks`); it has no stages then.
    """

    name: str
    cell: str
    stages: tuple[str, ...]
    needs: tuple[str, ...]
    takes: tuple[str, ...]
    block: tuple[str, int] | None = None

    @property
    def serves(self) -> tuple[str, ...]:
        """The stages that it runs, or computes a part of."""
        return (self.block[0],) if self.block else self.stages


def divide(graph: nx.DiGraph, cells: Mapping[str, str]) -> tuple[list[str], dict[str, list[str]]]:
    """Divide a graph of stages among the cells.

    Args:
        graph: names of stages, `<stage>@<key>` or `<stage>`; an edge from each to what it needs.
        cells: the keys of runs, a cell's own among them -> their cells.

    Returns:
        What comes before all cells, such as their data, and what one cell takes from another; and
        each cell's own stages. Each comes after those it needs.
    """
    ordered = in_order(graph)
    owner = owners(ordered, cells)
    needed = {
        other
        for name, cell in owner.items()
        for other in nx.descendants(graph, name)
        if owner.get(other) != cell
    }
    # A cell that another one takes something from is common too, with all that it needs itself.
    needed = needed.union(*(nx.descendants(graph, name) for name in needed))
    rest = {
        cell: [name for name in ordered if owner.get(name) == cell and name not in needed]
        for cell in dict.fromkeys(cells.values())
    }
    return [name for name in ordered if name in needed], {c: n for c, n in rest.items() if n}


def tasks(
    graph: nx.DiGraph,
    cells: Mapping[str, str],
    here: Collection[str] = (),
    blocks: Mapping[str, int] = {},
) -> tuple[list[str], list[Task]]:
    """Divide a graph of stages into what the head runs first, and tasks for nodes.

    Unlike `divide` it has cells wait for what they take of each other only, not for each other.

    Args:
        graph: names of stages, `<stage>@<key>` or `<stage>`; an edge from each to what it needs.
        cells: the keys of a cell's stages -> the cell.
        here: stages of cells that only the head can run.
        blocks: stages of many images -> in how many blocks at most; each block is a task, and the
            stage, one by itself, joins them.

    Returns:
        What comes before all tasks, and the tasks; each comes after those it needs. What needs
        tasks, and belongs to no cell, is in neither.
    """
    ordered = in_order(graph)
    owner = owners(ordered, cells)
    needed = {other for name in owner for other in nx.descendants(graph, name)}
    first = {name for name in needed if name not in owner} | ({*here} & {*ordered})
    first = first.union(*(nx.descendants(graph, name) for name in first))
    placed = [name for name in ordered if name in owner and name not in first]
    groups = _groups(graph, placed, blocks)
    made: list[Task] = []
    for name, stages in groups.items():
        takes = {other for stage in stages for other in graph.successors(stage)} - {*stages}
        needs = {groups_of for groups_of, others in groups.items() if takes & {*others}}
        task = Task(
            name, owner[stages[0]], tuple(stages), tuple(sorted(needs)), tuple(sorted(takes))
        )
        parts = [
            replace(task, name=f"{name}#{number + 1}", stages=(), block=(name, number))
            for number in range(blocks.get(name, 0))
        ]
        made += [*parts, replace(task, needs=(*task.needs, *(part.name for part in parts)))]
    return [name for name in ordered if name in first], made


def longest_first(tasks: Sequence[Task], seconds: Mapping[str, float]) -> list[Task]:
    """Return the tasks, those first from which the longest chain follows, each after its needs.

    Args:
        tasks: each after those it needs.
        seconds: stage -> how long it takes; of one that is not known, as the shortest.
    """
    least = min(seconds.values(), default=1.0) or 1.0
    takes = {
        task.name: sum(seconds.get(stage, least) or least for stage in task.stages) or least
        for task in tasks
    }
    chains = schedule.chains(takes, {task.name: task.needs for task in tasks})
    return sorted(tasks, key=lambda task: -chains[task.name])


def in_order(graph: nx.DiGraph) -> list[str]:
    """Return the stages, each after those that it needs."""
    return list(nx.lexicographical_topological_sort(graph.reverse()))


def owners(stages: Collection[str], cells: Mapping[str, str]) -> dict[str, str]:
    """Return the cell of each stage that belongs to one."""
    return {name: cells[key] for name in stages if (key := name.partition("@")[2]) in cells}


def _groups(graph: nx.DiGraph, placed: list[str], alone: Collection[str]) -> dict[str, list[str]]:
    """Return the stages of each task, the tasks in an order in which each can be done."""
    groups: dict[str, list[str]] = {}
    for stage in placed:
        groups.setdefault(stage if stage in alone else _task_of(stage), []).append(stage)
    of = {stage: name for name, stages in groups.items() for stage in stages}
    between = nx.DiGraph()
    between.add_nodes_from(groups)
    for stage in placed:
        others = {of[other] for other in graph.successors(stage) if other in of}
        between.add_edges_from((of[stage], other) for other in others - {of[stage]})
    if not nx.is_directed_acyclic_graph(between):  # tasks would wait for each other
        return {stage: [stage] for stage in placed}
    return {name: groups[name] for name in in_order(between)}


def _task_of(stage: str) -> str:
    kind, _, key = stage.partition("@")
    if kind in _TRAINED:
        return f"train@{key}"
    for verb in _OF_A_FAMILY:
        kind = kind.removeprefix(verb)
    return f"{kind}@{key}"
