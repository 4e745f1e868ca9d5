"""A network from an ONNX file: checked as data, then run by ONNX Runtime.

The standard's operations compute numbers from numbers; those of other domains are code that
somebody registers, and are refused, as is what draws at random. Weights may lie in files beside it,
which are read only from the same folder.
"""

# onnx and onnxruntime come with requirements-onnx.txt, and the types are checked without it.
# pyright: reportMissingImports=false

import importlib.util
import math
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.models.onnx_weights import (
    count_numbers,
    first_line,
    nodes_of,
    require_finite,
    take_external,
    tensors_of,
)
from heatproof.models.program import MOST_CONTENT, ONNX, Program, Run
from heatproof.run.errors import UserError

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_STANDARD = ("", "ai.onnx")
# Of ONNX Runtime's own operations, which a function of the file would have to be called like.
_RUNTIME = ("com.microsoft", "com.ms.", "ai.onnx.")
_RANDOM = ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
           "RandomUniformLike")  # fmt: skip
_PASSING = ("Identity", "Cast", "Dropout")
_PACKAGES = ("onnx", "onnxruntime")


def read(path: Path) -> Program:
    """Read an ONNX file, or the one in a folder with its weights beside it.

    Raises:
        UserError: ONNX is not installed; the file is damaged, has operations of another domain or
            random ones, weights elsewhere, or other than one input and one output.
    """
    _require_packages(path)
    import onnx
    from google.protobuf.message import DecodeError

    file = _file(path)
    try:
        model = onnx.ModelProto.FromString(file.read_bytes())
    except (DecodeError, ValueError, OSError) as reason:
        raise UserError(f"{file}: no ONNX file, or damaged ({first_line(reason)})") from None
    graph = model.graph
    if not graph.output:
        raise UserError(f"{file}: no ONNX file, or damaged (there is no graph in it)")
    model.ClearField("training_info")
    take_external(file, model, path.is_dir())
    _require_known(file, model)
    stored = {each.name for each in graph.initializer}
    taken = [each for each in graph.input if each.name not in stored]
    if len(taken) != 1 or len(graph.output) != 1:
        raise UserError(
            f"{file}: it takes {_listed(taken)} and gives {_listed(graph.output)}; expected one "
            "batch of images, and one score per class"
        )
    kind = taken[0].type.tensor_type
    parameters = count_numbers(file, model)
    ends_in = _without_end(graph)
    if model.ByteSize() > MOST_CONTENT:
        raise UserError(f"{file}: with its weights it is larger than 2 GiB")
    return Program(
        kind="onnx",
        content=model.SerializeToString(deterministic=True),
        shape=tuple(d.dim_value if d.dim_value > 0 else None for d in kind.shape.dim)
        if kind.HasField("shape")
        else None,
        dtype=_dtype_name(kind.elem_type),
        ends_in=ends_in,
        parameters=parameters,
    )


def runner(content: bytes) -> Run:
    """Return what runs a program of `read`, in as many threads as TensorFlow has, after a check.

    Raises:
        UserError: ONNX Runtime cannot load it, or it has operations that `read` refuses.
    """
    where = Path("a black box")
    _require_packages(where)
    import onnx
    import onnxruntime
    import tensorflow as tf
    from google.protobuf.message import DecodeError
    from onnx.external_data_helper import uses_external_data

    try:
        model = onnx.ModelProto.FromString(content)
    except DecodeError:
        raise UserError(f"{where}: its program is damaged") from None
    if any(map(uses_external_data, tensors_of(model))):
        raise UserError(f"{where}: its weights are in other files, which is refused")
    _require_known(where, model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = tf.config.threading.get_intra_op_parallelism_threads()
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as reason:  # its exceptions have no class of their own
        raise UserError(
            f"ONNX Runtime {onnxruntime.__version__} cannot load it: {first_line(reason)}"
        ) from None
    [name] = [each.name for each in session.get_inputs()]

    def scores(images: Any) -> np.ndarray:
        [result] = session.run(None, {name: np.asarray(images)})
        return np.asarray(result, np.float32)

    def run(images: Any) -> Any:
        return scores(images) if isinstance(images, np.ndarray) else tf.numpy_function(
            scores, [images], tf.float32, stateful=False
        )  # fmt: skip

    return run


def activation_bytes(content: bytes, shape: tuple[int, ...]) -> int:
    """Return the bytes of what all operations give for images, as far as sizes are known."""
    import onnx

    model = onnx.ModelProto.FromString(content)
    stored = {each.name for each in model.graph.initializer}
    for each in model.graph.input:
        if each.name not in stored:
            for size, dim in zip(shape, each.type.tensor_type.shape.dim, strict=True):
                dim.dim_value = size
    for each in model.graph.output:
        each.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    try:
        inferred = onnx.shape_inference.infer_shapes(model)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError, TypeError):
        return 4 * math.prod(shape)
    sizes = [
        math.prod(max(dim.dim_value, 0) for dim in each.type.tensor_type.shape.dim)
        for each in inferred.graph.value_info
    ]
    return 4 * (sum(sizes) + math.prod(shape))


def _require_packages(path: Path) -> None:
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"{path}: an ONNX file needs {' and '.join(missing)}, not installed here: "
            "`pip install -r requirements-onnx.txt`"
        )


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    files = sorted(path.glob(f"*{ONNX}"))
    if len(files) != 1:
        raise UserError(f"{path}: it has {len(files)} {ONNX} files; expected one, with its weights")
    return files[0]


def _require_known(path: Path, model: "ModelProto") -> None:
    """Refuse operations of other domains, which are code, what is random, and what has no end.

    Raises:
        UserError: it has such.
    """
    require_finite(path, model)
    own = {(each.domain, each.name) for each in model.functions
           if not each.domain.startswith(_RUNTIME)}  # fmt: skip
    for node in nodes_of(model):
        if node.domain not in _STANDARD and (node.domain, node.op_type) not in own:
            raise UserError(
                f"{path}: it has the operation {node.op_type} of '{node.domain}', which is not of "
                "the ONNX standard: it could run any code. Export the network without it"
            )
        if node.op_type == "Loop":
            raise UserError(
                f"{path}: it has the operation Loop, which may repeat without end; export the "
                "network without it"
            )
        training = node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]
        if node.op_type in _RANDOM or (training and not _is_false(model, node.input[2])):
            raise UserError(
                f"{path}: it has the operation {node.op_type}, which draws at random, so that no "
                "two answers are the same; export the network for inference"
            )


def _is_false(model: "ModelProto", name: str) -> bool:
    import onnx

    constants = chain(
        (each for each in model.graph.initializer if each.name == name),
        (a.t for node in model.graph.node if node.op_type == "Constant" and name in node.output
         for a in node.attribute if a.name == "value"),
    )  # fmt: skip
    try:
        return any(not onnx.numpy_helper.to_array(each).any() for each in constants)
    except (ValueError, TypeError):
        return False


def _without_end(graph: "GraphProto") -> str:
    """Take a softmax or a sigmoid off the end; return which operation ended it."""
    made_by = {name: node for node in graph.node for name in node.output}
    output = graph.output[0]
    node = made_by.get(output.name)
    for _ in graph.node:  # of a damaged file they may lead in a circle
        if node is None or not node.input:
            return ""
        if node.op_type not in _PASSING or node.domain not in _STANDARD:
            break
        node = made_by.get(node.input[0])
    if node is None or not node.input:
        return ""
    ends = ("Softmax", "LogSoftmax", "Sigmoid")
    if node.op_type in ends and node.domain in _STANDARD and _over_classes(graph, node):
        output.name = node.input[0]
        output.type.tensor_type.ClearField("shape")
    elif node.op_type in ends:
        return ""
    return node.op_type


def _over_classes(graph: "GraphProto", node: "NodeProto") -> bool:
    """Say whether a softmax is over the second of two axes."""
    shape = graph.output[0].type.tensor_type
    rank = len(shape.shape.dim) if shape.HasField("shape") else 2
    axis = next((each.i for each in node.attribute if each.name == "axis"), -1)
    return rank == 2 and (node.op_type == "Sigmoid" or axis in (-1, 1))


def _dtype_name(number: int) -> str:
    import onnx

    try:
        return str(onnx.helper.tensor_dtype_to_np_dtype(number))
    except (KeyError, ValueError):
        return "values of an unknown type"


def _listed(values: Any) -> str:
    return " and ".join(f"'{each.name}'" for each in values) or "nothing"
