"""A small network as a Keras model, and the same as a SavedModel and as ONNX files."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

SIZE, CLASSES = (8, 10, 3), 3


def network(*, end: str = "softmax", size: tuple[Any, ...] = SIZE) -> keras.Model:
    """A convolution, its mean, and a dense layer, of random weights that are always the same."""
    keras.utils.set_random_seed(2)
    return keras.Sequential([
        layers.Input(size), layers.Conv2D(4, 3, activation="relu"),
        layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, activation=end, use_bias=True),
    ])  # fmt: skip


def logits(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return what `network` gives before its end."""
    bare = network(end="linear")
    bare.set_weights(model.get_weights())
    return np.asarray(bare(images))


def saved_model(model: keras.Model, folder: Path) -> Path:
    """Export a model as Keras does."""
    model.export(str(folder), verbose=False)
    return folder


def onnx_file(
    model: keras.Model,
    path: Path,
    shape: tuple[Any, ...] = ("n", 3, *SIZE[:2]),
    end: tuple[Any, ...] = (),
    **changes: Any,
) -> Path:
    """Write `network` as ONNX; it is skipped where ONNX is not installed.

    Args:
        model: whose weights.
        path: of the file.
        shape: of its input; channels last where the last is 3.
        end: nodes after the dense layer, whose output is `logits`; the last gives `scores`. A
            softmax if left out.
        changes: `dtype` of the input, `domain`s beside the standard one.
    """
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    node, tensors = onnx.helper.make_node, onnx.TensorProto
    kernel, bias, dense, more = model.get_weights()
    weights = {"k": kernel.transpose(3, 2, 0, 1), "b": bias, "w": dense, "c": more}
    dtype = changes.get("dtype", tensors.FLOAT)
    first = [node("Cast", ["images"], ["floats"], to=tensors.FLOAT)]
    if shape[-1] == 3:
        first.append(node("Transpose", ["floats"], ["x"], perm=[0, 3, 1, 2]))
    else:
        first.append(node("Identity", ["floats"], ["x"]))
    nodes = [
        *first, node("Conv", ["x", "k", "b"], ["conv"]), node("Relu", ["conv"], ["relu"]),
        node("GlobalAveragePool", ["relu"], ["mean"]), node("Flatten", ["mean"], ["flat"]),
        node("Gemm", ["flat", "w", "c"], ["logits"]),
        *(end or (node("Softmax", ["logits"], ["scores"]),)),
    ]  # fmt: skip
    graph = onnx.helper.make_graph(
        nodes,
        "network",
        [onnx.helper.make_tensor_value_info("images", dtype, shape)],
        [onnx.helper.make_tensor_value_info("scores", tensors.FLOAT, None)],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in weights.items()],
    )
    versions = [onnx.helper.make_opsetid("", 17)]
    versions += [onnx.helper.make_opsetid(name, 1) for name in changes.get("domains", ())]
    made = onnx.helper.make_model(graph, ir_version=10, opset_imports=versions)
    onnx.save(made, str(path), **changes.get("saving", {}))
    return path
