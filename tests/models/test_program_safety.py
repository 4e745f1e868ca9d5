"""What a SavedModel or an ONNX file would do beside computing is refused, and never done.

What is planted writes the file `ran`, or reads one.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from heatproof.models import black_box, existing, saved_model
from heatproof.run.errors import UserError
from tests.models import programs
from tests.models.programs import SIZE, onnx_file


def planted(folder: Path, do: Callable[[Any], Any]) -> Path:
    """Save a network that does something with its images first."""

    class Network(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = tf.Variable(tf.ones((SIZE[2], 2)))

        @tf.function(input_signature=[tf.TensorSpec((None, *SIZE), tf.float32, "images")])
        def serve(self, images: Any) -> Any:
            return tf.reduce_mean(do(images), axis=(1, 2)) @ self.weight

    network = Network()
    with tf.device("/CPU:0"):
        tf.saved_model.save(network, str(folder), {"serving_default": network.serve})
    return folder


def writing(images: Any) -> Any:
    with tf.control_dependencies([tf.io.write_file("ran", "x")]):
        return tf.identity(images)


def reading(images: Any) -> Any:
    return images + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)


def calling(images: Any) -> Any:
    called = tf.py_function(lambda x: (Path("ran").touch(), x)[1], [images], tf.float32)
    return tf.ensure_shape(called, images.shape)


def looping(images: Any) -> Any:
    return tf.while_loop(lambda x: tf.reduce_sum(x) >= 0, lambda x: [x + 1], [images])[0]


def drawing(images: Any) -> Any:
    return images + tf.random.uniform(tf.shape(images))


@pytest.mark.parametrize(
    ("do", "operation"),
    [(reading, "ReadFile"), (calling, "EagerPyFunc"), (looping, "While"), (drawing, "RandomUnif")],
)
def test_an_operation_that_does_more_is_refused_by_name(
    tmp_path: Path, monkeypatch, do: Callable[[Any], Any], operation: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = planted(tmp_path / "net", do)
    with pytest.raises(UserError, match=rf"it has the operation \w*{operation}\w*, which is not"):
        existing.read(folder, SIZE)
    assert not Path("ran").exists()


def test_what_leads_to_no_score_is_not_there(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    flat = existing.read(planted(tmp_path / "net", writing), SIZE)
    box = black_box.within(flat.model)
    assert box is not None
    graph = tf.compat.v1.GraphDef.FromString(np.asarray(box.program).tobytes())
    assert {node.op for node in graph.node} <= {*saved_model.PURE, "Placeholder"}
    images = np.random.default_rng(0).random((3, *SIZE), np.float32)
    expected = np.repeat(images.mean(axis=(1, 2)).sum(axis=-1, keepdims=True), 2, axis=1)
    np.testing.assert_allclose(np.asarray(flat.model(images)), expected, rtol=1e-5)
    assert not Path("ran").exists()


def test_a_weights_file_with_another_program_in_it_is_refused_too(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    graph = tf.compat.v1.GraphDef()
    node = graph.node.add(name="images", op="Placeholder")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    name = graph.node.add(name="name", op="Const")
    name.attr["dtype"].type = tf.string.as_datatype_enum
    name.attr["value"].tensor.CopyFrom(tf.make_tensor_proto("ran"))
    graph.node.add(name="scores", op="WriteFile", input=["name", "name"])
    with pytest.raises(UserError, match="WriteFile, which is refused"):
        saved_model.runner(graph.SerializeToString())
    assert not Path("ran").exists()


def test_a_function_that_calls_itself_is_refused(tmp_path: Path) -> None:
    folder = planted(tmp_path / "net", tf.function(lambda x: x * 2))
    path = folder / "saved_model.pb"
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString(path.read_bytes())
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op in ("PartitionedCall", "StatefulPartitionedCall"):
                node.attr["f"].func.name = function.signature.name
    path.write_bytes(saved.SerializeToString())
    with pytest.raises(UserError, match=r"calls itself|damaged"):
        existing.read(folder, SIZE)


def test_damage_anywhere_is_refused_or_harmless(tmp_path: Path) -> None:
    model, draw = programs.network(), np.random.default_rng(0)
    folder = programs.saved_model(model, tmp_path / "net")
    onnx_path = onnx_file(model, tmp_path / "net.onnx")
    refused = 0
    for path in (folder / "saved_model.pb", *(folder / "variables").iterdir(), onnx_path):
        whole = path.read_bytes()
        for place in draw.integers(len(whole), size=20):
            altered = bytearray(whole)
            altered[place] ^= 1 << int(draw.integers(8))
            path.write_bytes(altered)
            try:
                existing.read(onnx_path if path == onnx_path else folder, SIZE)
            except UserError as mistake:
                assert "\n" not in str(mistake)
                refused += 1
        path.write_bytes(whole)
    assert 30 < refused < 80, "nothing else was raised"


def calls(folder: Path, change: Callable[[Any], Any]) -> Path:
    """Save a network that is told otherwise: `change` gets its message."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    place = planted(folder, lambda images: images)
    saved = SavedModel.FromString((place / "saved_model.pb").read_bytes())
    change(saved.meta_graphs[0])
    (place / "saved_model.pb").write_bytes(saved.SerializeToString())
    return place


def functions(meta: Any, count: int, times: int) -> None:
    """Have the signature give what functions call, each the next one so many times."""
    signature = meta.signature_def["serving_default"]
    float32 = tf.float32.as_datatype_enum
    for number in range(count):
        function = meta.graph_def.library.function.add()
        function.signature.name = f"f{number}"
        function.signature.input_arg.add(name="a", type=float32)
        function.signature.output_arg.add(name="o", type=float32)
        last = "a"
        for time in range(times if number < count - 1 else 0):
            node = function.node_def.add(name=f"c{time}", op="PartitionedCall", input=[last])
            node.attr["f"].func.name = f"f{number + 1}"
            node.attr["Tout"].list.type.append(float32)
            last = f"c{time}:output:0"
        function.ret["o"] = last
    [given] = signature.outputs.values()
    call = meta.graph_def.node.add(name="bomb", op="PartitionedCall", input=[given.name])
    call.attr["f"].func.name = "f0"
    call.attr["Tout"].list.type.append(float32)
    given.name = "bomb:0"


def parts(meta: Any) -> None:
    """Have it give one of 2^60 parts."""
    [given] = meta.signature_def["serving_default"].outputs.values()
    node = meta.graph_def.node.add(name="parts", op="Unpack", input=[given.name])
    node.attr["num"].i = 2**60
    given.name = "parts:0"


def of_batches(meta: Any, images: int) -> None:
    [taken] = meta.signature_def["serving_default"].inputs.values()
    taken.tensor_shape.dim[0].size = images


def without_input(meta: Any) -> None:
    [given] = meta.signature_def["serving_default"].outputs.values()
    meta.graph_def.node.add(name="end", op="Softmax")
    given.name = "end:0"


def of_unknown_type(meta: Any) -> None:
    [taken] = meta.signature_def["serving_default"].inputs.values()
    taken.dtype = 9999


@pytest.mark.parametrize(
    ("change", "expected"),
    [(lambda meta: functions(meta, 60, 2), "more than 200,000 operations"),
     (lambda meta: functions(meta, 2000, 1), "more than 100 deep"),
     (parts, "more than 200,000 operations"),
     (lambda meta: of_batches(meta, 10**12), "1,000,000,000,000 images of 8×10 pixels at a time"),
     (without_input, "is damaged"), (of_unknown_type, "is damaged")],
)  # fmt: skip
def test_a_small_file_that_says_much_is_refused(
    tmp_path: Path, monkeypatch, change: Callable[[Any], Any], expected: str
) -> None:
    from heatproof.models import graph_copy

    monkeypatch.setattr(graph_copy, "_MOST_STEPS", 2000)
    with pytest.raises(UserError, match=expected):
        existing.read(calls(tmp_path / "net", change), SIZE)


def test_scores_that_depend_on_the_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="depend on the images beside it"):
        existing.read(planted(tmp_path / "net", lambda x: x - tf.reduce_mean(x, 0)), SIZE)


def test_a_pipe_and_folders_without_end_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(UserError, match="no file and no folder"):
        existing.read(tmp_path / "pipe.onnx", SIZE)
    deep = tmp_path / "net"
    (deep / Path(*"a" * 30)).mkdir(parents=True)
    (deep / "saved_model.pb").touch()
    with pytest.raises(UserError, match="more than 20 deep"):
        existing.read(deep, SIZE)
