"""Sums of tensors in TensorFlow's graphs, whose order matters where there are three or more."""

from collections.abc import Iterable
from typing import Any


def long_sums(graphs: Iterable[Any], known: str) -> list[str]:
    """Name the sums of three tensors or more in graphs and their functions.

    `known` is an operation that must be there, or the graphs would not be those that are meant.
    """
    nodes = [
        node
        for graph in graphs
        for part in (graph.node, *(function.node_def for function in graph.library.function))
        for node in part
    ]
    assert any(node.op == known for node in nodes)
    return [n.name for n in nodes if n.op in ("AddN", "AccumulateNV2") and len(n.input) > 2]
