"""A graph of TensorFlow copied as data: what leads to its output, of known operations alone.

Nothing is run. Functions are replaced by what they do, variables by their values; each operation is
copied only if it is one that computes numbers from numbers (`PURE`). So what saves, restores and
initialises is never there, and whoever runs the copy runs what was looked at.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

import numpy as np

from heatproof.models.checkpoint_values import Variables
from heatproof.models.program import MOST_CONTENT, MOST_NODES
from heatproof.run.errors import UserError

INPUT = "images"
# Neither control flow, which may repeat without end, nor random numbers.
PURE = frozenset((
    "Abs", "Add", "AddN", "AddV2", "All", "Any", "ArgMax", "ArgMin", "AvgPool", "BatchMatMul",
    "BatchMatMulV2", "BatchMatMulV3", "BatchNormWithGlobalNormalization", "BatchToSpaceND",
    "BiasAdd", "BroadcastArgs", "BroadcastTo", "Cast", "Ceil", "ClipByValue", "Concat",
    "ConcatV2", "Const", "Conv2D", "Conv2DBackpropInput", "Cos", "Cumsum", "DepthToSpace",
    "DepthwiseConv2dNative", "Div", "DivNoNan", "Einsum", "Elu", "Equal", "Erf", "Erfc", "Exp",
    "ExpandDims", "Expm1", "ExtractImagePatches", "Fill", "Floor", "FloorDiv", "FloorMod",
    "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "Gather", "GatherNd", "GatherV2",
    "Greater", "GreaterEqual", "Identity", "IdentityN", "InvertPermutation", "LRN", "LeakyRelu",
    "Less", "LessEqual", "Log", "Log1p", "LogSoftmax", "LogicalAnd", "LogicalNot", "LogicalOr",
    "MatMul", "Max", "MaxPool", "MaxPoolV2", "Maximum", "Mean", "Min", "Minimum", "MirrorPad",
    "Mul", "MulNoNan", "Neg", "NotEqual", "OneHot", "OnesLike", "Pack", "Pad", "PadV2",
    "PlaceholderWithDefault", "Pow", "PreventGradient", "Prod", "Range", "Rank", "RealDiv",
    "Reciprocal", "Relu", "Relu6", "Reshape", "ResizeBilinear", "ResizeNearestNeighbor",
    "Reverse", "ReverseV2", "Round", "Rsqrt", "Select", "SelectV2", "Selu", "Shape", "ShapeN",
    "Sigmoid", "Sign", "Sin", "Size", "Slice", "Snapshot", "Softmax", "Softplus", "Softsign",
    "SpaceToBatchND", "SpaceToDepth", "Split", "SplitV", "Sqrt", "Square", "SquaredDifference",
    "Squeeze", "StopGradient", "StridedSlice", "Sub", "Sum", "Tan", "Tanh", "Tile", "TopKV2",
    "Transpose", "TruncateDiv", "Unpack", "Where", "Xdivy", "Xlogy", "ZerosLike",
))  # fmt: skip
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_VARIABLES = ("VarHandleOp", "VariableV2", "Variable")
_DEEPEST = 100  # functions that call others
_MOST_STEPS = 2 * MOST_NODES  # for each operation some: its function's, its outputs'


@dataclass
class Copy:
    """A graph being copied: what leads to its output, without functions, under new names."""

    where: str
    meta: Any
    variables: Variables
    content: Any = field(init=False)
    _calling: list[str] = field(default_factory=list)
    _steps: int = 0
    _bytes: int = 0

    def __post_init__(self) -> None:
        from tensorflow.core.framework.graph_pb2 import GraphDef

        self.content = GraphDef(versions=self.meta.graph_def.versions)
        library = self.meta.graph_def.library.function
        self._library = {each.signature.name: each for each in library}
        self._constants: dict[str, str] = {}

    def main(self, taken: str, given: str) -> str:
        """Copy what leads from the tensor `taken` to `given`; return its new name."""
        nodes = {node.name: node for node in self.meta.graph_def.node}
        known: dict[str, str] = {tensor_of(taken): INPUT}
        placeholder = nodes[node_of(taken)]
        self._emit(placeholder, [], name=INPUT)
        for node in _in_order(nodes, [given], stop=node_of(taken)):
            if node.op in _VARIABLES:
                # Read where it is used: an own name here, its value once it is known which it is.
                known[f"{node.name}:0"] = f"variable {node.name}"
                continue
            known |= self._copied(node, [known[tensor_of(each)] for each in _data(node)], node.name)
        return self._read(known[tensor_of(given)])

    def _copied(self, node: Any, inputs: list[str], place: str) -> dict[str, str]:
        """Copy a node; return its outputs by number, `place:0` and so on -> their new names."""
        self._step()
        if node.op in _CALLS or node.op in self._library:
            name = node.attr["f"].func.name if node.op in _CALLS else node.op
            results = self._called(name, inputs)
            return {f"{place}:{number}": each for number, each in enumerate(results)}
        if node.op in ("ReadVariableOp", "Identity") and inputs[0].startswith("variable "):
            return {f"{place}:0": self._read(inputs[0])}
        inputs = [self._read(each) for each in inputs]
        name = self._emit(node, inputs)
        count = sum(size for _, size in _outputs(node))
        self._step(count)
        return {f"{place}:{k}": name if k == 0 else f"{name}:{k}" for k in range(count)}

    def _called(self, name: str, inputs: list[str]) -> list[str]:
        """Copy a function's body in the place of a call; return what its results are called."""
        if name in self._calling:
            raise UserError(f"{self.where}: its function {name} calls itself, which is refused")
        if len(self._calling) >= _DEEPEST:
            raise UserError(f"{self.where}: its functions call others more than {_DEEPEST} deep")
        function = self._library[name]
        self._step(len(function.node_def))
        self._calling.append(name)
        bound = self.meta.object_graph_def.concrete_functions
        captured = list(bound[name].bound_inputs) if name in bound else []
        arguments = [argument.name for argument in function.signature.input_arg]
        if captured:
            for place, number in enumerate(captured, start=len(inputs) - len(captured)):
                if inputs[place].startswith("variable "):
                    self._keep(inputs[place], self.variables.of_object, number)
        known = dict(zip(arguments, inputs, strict=True))
        nodes = {node.name: node for node in function.node_def}
        ends = [function.ret[argument.name] for argument in function.signature.output_arg]
        for node in _in_order(nodes, ends):
            copied = self._copied(node, [known[each] for each in _data(node)], node.name)
            number = 0
            for output, size in _outputs(node, self._library):
                for k in range(size):
                    known[f"{node.name}:{output}:{k}"] = copied[f"{node.name}:{number}"]
                    number += 1
        self._calling.pop()
        return [known[each] for each in ends]

    def _step(self, count: int = 1) -> None:
        """Count what is done: functions that call others twice are many soon, of few bytes."""
        self._steps += max(count, 1)
        if self._steps > _MOST_STEPS:
            raise UserError(f"{self.where}: it has more than {MOST_NODES:,} operations")

    def _weigh(self, node: Any) -> None:
        """Count bytes: a constant may be in a function that is called often."""
        self._bytes += node.ByteSize()
        if self._bytes > MOST_CONTENT:
            raise UserError(f"{self.where}: its graph with its weights is larger than 2 GiB")

    def _keep(self, variable: str, value: Any, key: Any) -> None:
        if variable not in self._constants:
            self._constants[variable] = self._constant(value(key))

    def _read(self, name: str) -> str:
        """Return a tensor's new name; of a variable that of its value."""
        if not name.startswith("variable "):
            return name
        self._keep(name, self.variables.value, name.removeprefix("variable "))
        return self._constants[name]

    def _constant(self, value: np.ndarray) -> str:
        import tensorflow as tf

        node = self.content.node.add(name=f"n{len(self.content.node)}", op="Const")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
        node.attr["dtype"].type = node.attr["value"].tensor.dtype
        self._weigh(node)
        return node.name

    def _emit(self, node: Any, inputs: list[str], name: str = "") -> str:
        """Add a node to the copy, if it is one of `PURE`."""
        if node.op not in PURE and not (name and node.op == "Placeholder"):
            raise UserError(
                f"{self.where}: it has the operation {node.op}, which is not among those that are "
                "taken from a file: it may read files, run code, draw random numbers or repeat "
                "without end. Give the network as a .keras file, or as ONNX"
            )
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            if math.prod(max(dim.size, 0) for dim in tensor.tensor_shape.dim) > MOST_CONTENT // 4:
                raise UserError(f"{self.where}: its constant {node.name} is larger than 2 GiB")
        copy = self.content.node.add(
            name=name or f"n{len(self.content.node)}", op=node.op, input=inputs
        )
        for key, value in node.attr.items():
            if not key.startswith("_"):  # what else TensorFlow was told of it: to compile it, say
                copy.attr[key].CopyFrom(value)
        if any(functions(copy)):
            raise UserError(f"{self.where}: its operation {node.op} calls a function")
        self._weigh(copy)
        return copy.name


def functions(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        if value.HasField("func") or value.list.func:
            yield node.op


def _in_order(nodes: Mapping[str, Any], ends: list[str], stop: str = "") -> Iterator[Any]:
    """Yield the nodes that lead to some tensors, each after those that it needs."""
    needs: dict[str, list[str]] = {}
    waiting = [node_of(end) for end in ends]
    while waiting:
        name = waiting.pop()
        if name in needs or name == stop or name not in nodes:  # not there: a function's argument
            continue
        needs[name] = [node_of(each) for each in _data(nodes[name])]
        waiting += reversed(needs[name])
    order = TopologicalSorter(
        {name: [each for each in needed if each in needs] for name, needed in needs.items()}
    )
    yield from (nodes[name] for name in order.static_order())


def _data(node: Any) -> list[str]:
    """Return a node's inputs, without those that only say what is to come before."""
    return [each for each in node.input if not each.startswith("^")]


def node_of(tensor: str) -> str:
    return tensor.partition(":")[0]


def tensor_of(name: str) -> str:
    return name if ":" in name else f"{name}:0"


def _outputs(node: Any, library: Mapping[str, Any] | None = None) -> list[tuple[str, int]]:
    """Return the names of a node's outputs, each with how many tensors it is."""
    from tensorflow.python.framework import op_def_registry

    if library and node.op in library:
        return [(each.name, 1) for each in library[node.op].signature.output_arg]
    described = op_def_registry.get(node.op)
    if described is None:
        return [("output", 1)]
    found = []
    for output in described.output_arg:
        size = 1
        if output.number_attr:
            size = node.attr[output.number_attr].i
        elif output.type_list_attr:
            size = len(node.attr[output.type_list_attr].list.type)
        found.append((output.name, size))
    return found
