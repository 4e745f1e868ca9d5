"""What an ONNX file holds: its nodes, and its weights, in the file or beside it."""

# onnx comes with requirements-onnx.txt, and the types are checked without it.
# pyright: reportMissingImports=false

from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.models.program import MOST_CONTENT, MOST_NODES
from heatproof.run.errors import UserError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

_LONGEST = 160  # letters of another's error
_DEEPEST = 100  # functions that call others


def _parts(message: Any, kind: str) -> Iterator[Any]:
    """Yield a message's parts of a kind, wherever the format has them, also in one another.

    Graphs lie in attributes, attributes' defaults in functions, tensors in sparse tensors: what
    looked in the places that are known would miss the next one.
    """
    from google.protobuf.message import Message

    waiting = [message]
    while waiting:
        each = waiting.pop()
        if each.DESCRIPTOR.name == kind:
            yield each
        if each.DESCRIPTOR.name == "TensorProto":  # numbers, which to list is to copy
            continue
        for field, value in each.ListFields():
            if field.message_type is not None:
                waiting += [value] if isinstance(value, Message) else value


def nodes_of(message: Any) -> "Iterator[NodeProto]":
    """Yield the nodes of a model, a graph or a function, and those of the graphs within them."""
    return _parts(message, "NodeProto")


def tensors_of(message: Any) -> "Iterator[TensorProto]":
    """Yield every tensor that a model holds, wherever."""
    return _parts(message, "TensorProto")


def require_finite(path: Path, model: "ModelProto") -> None:
    """Refuse functions that call themselves, or that become too much where they are called.

    ONNX Runtime puts functions in the place of their calls, to any depth.

    Raises:
        UserError: it has such.
    """
    calls: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for each in model.functions:  # several may have one name, for inputs of different types
        called = calls.setdefault((_domain(each.domain), each.name), Counter())
        called.update((_domain(node.domain), node.op_type) for node in nodes_of(each))
    try:
        order = [*TopologicalSorter(calls).static_order()]
    except CycleError:
        raise UserError(f"{path}: one of its functions calls itself, which is refused") from None
    sizes: dict[tuple[str, str], int] = {}
    depths: dict[tuple[str, str], int] = {}
    for name in order:
        called = calls.get(name, Counter[tuple[str, str]]())
        sizes[name] = 1 + sum(count * sizes[each] for each, count in called.items())
        depths[name] = max((1 + depths[each] for each in called), default=0)
    nodes = [(_domain(node.domain), node.op_type) for node in nodes_of(model.graph)]
    if sum(sizes.get(each, 1) for each in nodes) > MOST_NODES:
        raise UserError(f"{path}: it has more than {MOST_NODES:,} operations")
    if max(depths.values(), default=0) > _DEEPEST:
        raise UserError(f"{path}: its functions call others more than {_DEEPEST} deep")


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def take_external(file: Path, model: "ModelProto", in_folder: bool) -> None:
    """Read the weights that lie in other files into a model.

    Raises:
        UserError: the file was not given as the folder that holds both, or they lie elsewhere.
    """
    import onnx
    from onnx import external_data_helper

    size = 0
    for tensor in tensors_of(model):
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
        except (OSError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError,
                MemoryError, onnx.checker.ValidationError) as reason:  # fmt: skip
            raise UserError(
                f"{file.parent / place}: these weights are missing or damaged "
                f"({first_line(reason)})"
            ) from None
        tensor.ClearField("external_data")
        tensor.data_location = onnx.TensorProto.DEFAULT
        size += len(tensor.raw_data)  # several may be the same part of a file
        if size > MOST_CONTENT:
            raise UserError(f"{file}: with its weights it is larger than 2 GiB")


def count_numbers(file: Path, model: "ModelProto") -> int:
    """Count the numbers that a model was trained to have: floats of more than one value."""
    import onnx

    count = 0
    for tensor in tensors_of(model):
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
