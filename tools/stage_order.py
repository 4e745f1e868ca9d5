"""The order in which DVC's stages run: each cell is explained and assessed before its other runs.

DVC takes them as they stand in dvc.yaml: all folds of a cross-validation would be trained before
the first picture is explained. What a stage needs comes before it in any order.
"""

from collections.abc import Sequence
from typing import Any

import networkx as nx

_OF_A_RUN = ("train", "evaluate")  # what a run has that is of another seed, a fold or the like


def ordered(stages: Sequence[Any], graph: nx.DiGraph | None) -> list[Any]:
    """Return DVC's stages in the order in which they are to run.

    Args:
        stages: those of a run, in DVC's order.
        graph: an edge from each to what it needs; None where the order is the user's.
    """
    if graph is None:
        return list(stages)
    names = {stage: stage.addressing.partition("@") for stage in stages}
    cells = {key for name, _, key in names.values() if name not in _OF_A_RUN}
    place = {
        stage: (names[stage][0] in _OF_A_RUN and names[stage][2] not in cells, number)
        for number, stage in enumerate(stages)
    }
    needed_first = graph.subgraph(stages).reverse()
    return list(nx.lexicographical_topological_sort(needed_first, key=place.__getitem__))
