"""Sums in TensorFlow's graphs whose order matters, and which has two that chance chooses from."""

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


def overlapping_pooling_in_loops(graphs: Iterable[Any]) -> list[str]:
    """Name the gradients of maximum pooling with overlapping windows within loops.

    Their sums are oneDNN's or TensorFlow's, as it happens (heatproof/attribution/core/graph.py).
    """
    found, loops = [], 0
    for graph in graphs:
        functions = {each.signature.name: each.node_def for each in graph.library.function}
        nodes = [node for part in (graph.node, *functions.values()) for node in part]
        bodies = {n.attr["body"].func.name for n in nodes if n.op in ("While", "StatelessWhile")}
        loops += len(bodies)
        for node in (node for body in bodies for node in functions[body]):
            windows, steps = (list(node.attr[name].list.i) for name in ("ksize", "strides"))
            if node.op == "MaxPoolGrad" and windows > steps:
                found.append(node.name)
    assert loops > 0
    return found
