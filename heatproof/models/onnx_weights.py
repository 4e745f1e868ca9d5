"""What an ONNX file holds: its nodes, and its weights, in the file or beside it."""

# onnx comes with requirements-onnx.txt, and the types are checked without it.
# pyright: reportMissingImports=false

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.run.errors import UserError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

_LONGEST = 160  # letters of another's error


def nodes_of(nodes: Any) -> "Iterator[NodeProto]":
    """Yield nodes, and those of the graphs within them."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from nodes_of(graph.node)


def _tensors(model: "ModelProto") -> "Iterator[TensorProto]":
    """Yield every tensor that a model holds, wherever."""
    nodes = list(chain(nodes_of(model.graph.node), *(nodes_of(f.node) for f in model.functions)))
    yield from model.graph.initializer
    for sparse in model.graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for attribute in chain.from_iterable(node.attribute for node in nodes):
        yield from (attribute.t, *attribute.tensors)
        for graph in (attribute.g, *attribute.graphs):
            yield from graph.initializer


def take_external(file: Path, model: "ModelProto", in_folder: bool) -> None:
    """Read the weights that lie in other files into a model.

    Raises:
        UserError: the file was not given as the folder that holds both, or they lie elsewhere.
    """
    import onnx
    from onnx import external_data_helper

    for tensor in _tensors(model):
        if not external_data_helper.uses_external_data(tensor):
            continue
        said = {entry.key: entry.value for entry in tensor.external_data}
        place = Path(said.get("location", ""))
        if not said.get("location") or place.is_absolute() or len(place.parts) != 1 or (
            ".." in place.parts
        ):  # fmt: skip
            raise UserError(
                f"{file}: its weights are in {str(place)!r}, which leads out of its folder; "
                "expected files beside it"
            )
        if not in_folder:
            raise UserError(
                f"{file}: its weights are in {place.name}: put both into a folder of their own, "
                "and give that folder"
            )
        try:
            external_data_helper.load_external_data_for_tensor(tensor, str(file.parent))
        except (OSError, ValueError, RuntimeError, onnx.checker.ValidationError) as reason:
            raise UserError(
                f"{file.parent / place}: these weights are missing or damaged "
                f"({first_line(reason)})"
            ) from None
        tensor.ClearField("external_data")
        tensor.data_location = onnx.TensorProto.DEFAULT


def count_numbers(file: Path, model: "ModelProto") -> int:
    """Count the numbers that a model was trained to have: floats of more than one value."""
    import onnx

    count = 0
    for tensor in _tensors(model):
        if tensor.data_type in (
            onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE,
            onnx.TensorProto.BFLOAT16,
        ):  # fmt: skip
            try:
                values = onnx.numpy_helper.to_array(tensor)
            except (ValueError, TypeError) as reason:
                raise UserError(f"{file}: its weights are damaged ({first_line(reason)})") from None
            if not np.isfinite(values.astype(np.float64)).all() and values.size > 1:
                raise UserError(f"{file}: there is NaN or infinity among its weights")
            count += values.size
    return count


def first_line(reason: Exception) -> str:
    """Return what an error says, on a line: its end, before which ONNX Runtime names its source."""
    first = next(iter(str(reason).strip().splitlines()), type(reason).__name__)
    return first if len(first) <= _LONGEST else f"… {first[-_LONGEST:]}"
