"""DVC's graph of the study's stages, as those who divide the work among machines ask it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

from heatproof.run.errors import UserError
from tools.shell import prepare


@dataclass(frozen=True)
class Graph:
    """DVC's graph of stages by name, with what each depends on, and all that stages make."""

    stages: nx.DiGraph
    deps: Mapping[str, Sequence[str]]
    outs: Collection[str]

    @classmethod
    def of(cls, folder: Path) -> "Graph":
        """Read the dvc.yaml of a folder.

        Raises:
            UserError: DVC cannot.
        """
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        prepare()
        with Repo(str(folder)) as repository:
            try:
                graph = repository.index.graph
            except DvcException as error:
                raise UserError(f"dvc.yaml: {error}") from error
            names = {stage: stage.addressing for stage in graph}
            deps = {names[stage]: [dep.def_path for dep in stage.deps] for stage in graph}
            outs = {out.def_path for stage in graph for out in stage.outs}
            return cls(nx.relabel_nodes(graph, names), deps, outs)

    def leading_to(self, targets: Collection[str]) -> nx.DiGraph:
        """Return the part of the graph that targets are, and need; all of it where there are none.

        Args:
            targets: `<stage>@<key>`, or `<stage>` for all keys.

        Raises:
            UserError: there is no such stage.
        """
        if not targets:
            return self.stages
        wanted: set[str] = set()
        for target in targets:
            named = {n for n in self.stages if target in (n, n.partition("@")[0])}
            if not named:
                raise UserError(
                    f"{target}: no stage of dvc.yaml; a cluster takes stages, such as "
                    "train@<run> or report"
                )
            wanted |= named.union(*(nx.descendants(self.stages, name) for name in named))
        return self.stages.subgraph(wanted)

    def needing_others(self, files: Collection[str]) -> set[str]:
        """Return the stages that depend on what no stage makes and no snapshot has."""
        made = {*self.outs, *(str(up) for out in self.outs for up in Path(out).parents)}
        there = {*files, *(str(up) for name in files for up in Path(name).parents)}

        def comes(path: str) -> bool:
            return path in made | there or any(str(up) in self.outs for up in Path(path).parents)

        return {stage for stage, deps in self.deps.items() if not all(map(comes, deps))}
