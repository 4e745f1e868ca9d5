"""A network from a SavedModel of TensorFlow: its graph checked, then taken as one of known ops.

A SavedModel holds graphs of any of TensorFlow's operations, some of which read and write files or
call Python. It is not loaded as TensorFlow would: its message is read as data, and what leads to
the output of its signature is copied (`graph_copy`), with the values of its checkpoint.
"""

import math
from collections.abc import Mapping
from graphlib import CycleError
from pathlib import Path
from typing import Any

from heatproof.models.checkpoint_values import Variables
from heatproof.models.graph_copy import INPUT, PURE, Copy, functions, node_of, tensor_of
from heatproof.models.program import MOST_CONTENT, SAVED_MODEL, Program, Run
from heatproof.run.errors import UserError, shown_value

OUTPUT = "scores"


def read(folder: Path) -> Program:
    """Read the signature by which a SavedModel is served.

    Raises:
        UserError: it is damaged, has other than one input and one output, or operations that are
            not `PURE`.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    if not (folder / SAVED_MODEL).is_file():
        raise UserError(f"{folder}: there is no {SAVED_MODEL} in it; of text, save it again")
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((folder / SAVED_MODEL).read_bytes())
    except DecodeError:
        raise UserError(f"{folder / SAVED_MODEL}: no SavedModel, or damaged") from None
    tagged = [each for each in saved.meta_graphs if "serve" in each.meta_info_def.tags]
    if len(tagged) != 1:
        raise UserError(
            f"{folder / SAVED_MODEL}: it has {len(tagged)} graphs tagged 'serve'; expected one"
        )
    meta = tagged[0]
    name, signature = _signature(folder, meta.signature_def)
    if len(signature.inputs) != 1 or len(signature.outputs) != 1:
        raise UserError(
            f"{folder}: it takes {_listed(signature.inputs)} and gives "
            f"{_listed(signature.outputs)}; expected one batch of images, and one score per class"
        )
    [taken], [given] = signature.inputs.values(), signature.outputs.values()
    where = f"{folder}, signature '{name}'"
    copy = Copy(where, meta, Variables(folder, meta))
    try:
        output = copy.main(taken.name, given.name)
        output, ends_in = _without_end(copy.content, output)
        dtype = _dtype_name(taken.dtype)
    except (KeyError, IndexError, ValueError, TypeError, CycleError, DecodeError) as reason:
        raise UserError(f"{where}: its graph is damaged ({shown_value(reason)})") from None
    shape = None if taken.tensor_shape.unknown_rank else tuple(
        None if dim.size < 0 else dim.size for dim in taken.tensor_shape.dim
    )  # fmt: skip
    return Program(
        kind="saved_model",
        content=_packed(where, copy.content, output),
        shape=shape,
        dtype=dtype,
        ends_in=ends_in,
        parameters=copy.variables.numbers,
    )


def runner(content: bytes) -> Run:
    """Return what runs a program of `read`, after checking it again.

    Raises:
        UserError: it has operations that are not `PURE`.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        graph = tf.compat.v1.GraphDef.FromString(content)
        graph.ClearField("library")
        [dtype] = [tf.as_dtype(n.attr["dtype"].type) for n in graph.node if n.name == INPUT]
    except (DecodeError, ValueError, TypeError):
        raise UserError("a black box: its program is damaged") from None
    for node in graph.node:
        if node.op not in (*PURE, "Placeholder") or any(functions(node)):
            raise UserError(f"a black box: its graph has {node.op}, which is refused")

    def scores(images: Any) -> Any:
        given = {f"{INPUT}:0": images}
        [result] = tf.graph_util.import_graph_def(graph, given, [f"{OUTPUT}:0"], name="")
        return tf.cast(result, tf.float32)

    try:
        return tf.compat.v1.wrap_function(scores, [tf.TensorSpec((None,) * 4, dtype)])
    except (ValueError, TypeError, tf.errors.OpError) as reason:
        first = next(iter(str(reason).splitlines()), "")[:200]
        raise UserError(f"its graph is damaged ({first})") from None


def activation_bytes(content: bytes, shape: tuple[int, ...]) -> int:
    """Return the bytes of what all operations give for images, as far as sizes are known."""
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef.FromString(content)
    dtype = next(node.attr["dtype"].type for node in graph.node if node.name == INPUT)
    with tf.Graph().as_default() as drawn:
        images = tf.compat.v1.placeholder(tf.as_dtype(dtype), shape)
        try:
            tf.graph_util.import_graph_def(graph, {f"{INPUT}:0": images}, name="")
        except ValueError:  # it takes others, which will be told when it is tried
            return 4 * math.prod(shape)
        return sum(
            4 * math.prod(size or 0 for size in output.shape.as_list())
            for operation in drawn.get_operations()
            if operation.type not in ("Const", "Identity")
            for output in operation.outputs
            if output.shape.is_fully_defined()
        )


def _packed(where: str, graph: Any, output: str) -> bytes:
    """Return a graph as bytes, always the same: what leads to the scores, which are `OUTPUT`."""
    from tensorflow.core.framework.graph_pb2 import GraphDef

    by_name = {node.name: node for node in graph.node}
    needed, waiting = {INPUT}, [node_of(output)]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += map(node_of, by_name[name].input)
    content = GraphDef(versions=graph.versions)
    content.node.extend(node for node in graph.node if node.name in needed)
    last = content.node.add(name=OUTPUT, op="Identity", input=[output])
    last.attr["T"].type = _type_of(where, graph, output)
    if content.ByteSize() > MOST_CONTENT:
        raise UserError(f"{where}: its graph with its weights is larger than 2 GiB")
    return content.SerializeToString(deterministic=True)


def _type_of(where: str, graph: Any, output: str) -> Any:
    """Return the type of a tensor, as TensorFlow infers it; the graph is drawn, not run."""
    import tensorflow as tf

    with tf.Graph().as_default() as drawn:
        try:
            tf.graph_util.import_graph_def(graph, name="")
            return drawn.get_tensor_by_name(tensor_of(output)).dtype.as_datatype_enum
        except (ValueError, TypeError, KeyError, tf.errors.OpError) as reason:
            first = next(iter(str(reason).splitlines()), "")[:200]
            raise UserError(f"{where}: its graph is damaged ({first})") from None


def _dtype_name(number: int) -> str:
    import tensorflow as tf

    return tf.as_dtype(number).name


def _signature(folder: Path, signatures: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the signature that is served, and its name."""
    usable = {
        name: each for name, each in signatures.items() if not name.startswith("__saved_model")
    }
    if "serving_default" in usable:
        return "serving_default", usable["serving_default"]
    if len(usable) != 1:
        has = ", ".join(sorted(usable)) or "none"
        raise UserError(
            f"{folder}: expected the signature 'serving_default', or a single one; it has {has}: "
            "save it with `model.export(folder)`, or with signatures={'serving_default': …}"
        )
    return next(iter(usable.items()))


def _listed(tensors: Mapping[str, Any]) -> str:
    return " and ".join(f"'{name}'" for name in sorted(tensors)) or "nothing"


def _without_end(graph: Any, output: str) -> tuple[str, str]:
    """Return the tensor before a softmax or a sigmoid at the end, and which operation ends it."""
    nodes = {node.name: node for node in graph.node}
    tensor = output
    while (node := nodes[node_of(tensor)]).op in ("Identity", "StopGradient", "Snapshot"):
        tensor = node.input[0]
    if node.op in ("Softmax", "LogSoftmax", "Sigmoid"):
        return node.input[0], node.op
    return output, node.op
