"""What an ONNX file would do beside computing is refused, and never done.

`test_program_safety` has what it shares with a SavedModel.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heatproof.models import black_box, existing
from heatproof.run.errors import UserError
from tests.models import programs
from tests.models.programs import SIZE, onnx_file


def test_onnx_of_another_domain_at_random_or_with_weights_elsewhere(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = programs.network()
    node = onnx.helper.make_node
    custom = (node("Run", ["logits"], ["scores"], domain="acme"),)
    drawn = (
        node("RandomNormalLike", ["logits"], ["noise"]),
        node("Add", ["logits", "noise"], ["scores"]),
    )  # fmt: skip
    cases = [
        (onnx_file(model, tmp_path / "a.onnx", end=custom, domains=["acme"]),
         "operation Run of 'acme', which is not of the ONNX standard"),
        (onnx_file(model, tmp_path / "b.onnx", end=drawn),
         "RandomNormalLike, which draws at random"),
    ]  # fmt: skip
    for place in ("../secret", "/etc/hostname", "a/b"):
        file = onnx_file(model, tmp_path / f"{len(cases)}.onnx")
        changed = onnx.load(str(file))
        tensor = changed.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=place)
        file.write_bytes(changed.SerializeToString())
        cases.append((file, "which leads out of its folder"))
    for name, content in {"pickle": pickle.dumps({"a": 1}), "empty": b"", "text": b"hello"}.items():
        (tmp_path / f"{name}.onnx").write_bytes(content)
        cases.append((tmp_path / f"{name}.onnx", "no ONNX file, or damaged"))
    whole = (tmp_path / "a.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[: len(whole) // 2])
    cases.append((tmp_path / "cut.onnx", "no ONNX file, or damaged"))
    for file, message in cases:
        with pytest.raises(UserError, match=message) as refused:
            existing.read(file, SIZE)
        assert "\n" not in str(refused.value)


def sparse(location: str) -> Any:
    """Return a sparse tensor whose values lie in another file."""
    onnx = pytest.importorskip("onnx")
    tensor = onnx.SparseTensorProto(dims=[3])
    tensor.values.CopyFrom(onnx.TensorProto(name="v", data_type=1, dims=[3], data_location=1))
    tensor.values.external_data.add(key="location", value=location)
    tensor.indices.CopyFrom(onnx.numpy_helper.from_array(np.arange(3), "i"))
    return tensor


def test_onnx_weights_elsewhere_are_found_wherever_the_file_hides_them(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    node, hidden = onnx.helper.make_node, sparse("/etc/hostname")
    constant = node("Constant", [], ["more"], sparse_value=hidden)
    inner = onnx.helper.make_graph([constant], "inner", [], [])
    function = onnx.helper.make_function("own", "F", [], [], [], [], attributes=["a"])
    function.attribute_proto.add(name="b", type=onnx.AttributeProto.GRAPH).g.CopyFrom(inner)
    for name, changes, functions in (
        ("sparse", (constant, node("Add", ["logits", "more"], ["scores"])), ()),
        ("inner", (node("If", ["logits"], ["scores"], then_branch=inner),), ()),
        ("function", (), (function,)),
    ):
        file = onnx_file(programs.network(), tmp_path / f"{name}.onnx", end=changes)
        model = onnx.load(str(file), load_external_data=False)
        model.functions.extend(functions)
        file.write_bytes(model.SerializeToString())
        with pytest.raises(UserError, match="which leads out of its folder"):
            existing.read(file, SIZE)
        black_box_content = model.SerializeToString()
        with pytest.raises(UserError, match="its weights are in other files"):
            black_box.module_of("onnx").runner(black_box_content)


def test_onnx_functions_and_graphs_without_end_are_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node

    def function(name: str, *called: str) -> Any:
        names = ["x", *[f"t{i}" for i in range(len(called) - 1)], "y"]
        calls = [
            node(each, [names[i]], [names[i + 1]], domain="own") for i, each in enumerate(called)
        ]
        return onnx.helper.make_function("own", name, ["x"], ["y"], calls, [])

    twice = [function(f"F{i}", f"F{i + 1}", f"F{i + 1}") for i in range(40)]
    chain = [function(f"F{i}", f"F{i + 1}") for i in range(2000)]
    start = (node("F0", ["logits"], ["scores"], domain="own"),)
    circle = (node("Identity", ["b"], ["scores"]), node("Identity", ["scores"], ["b"]))
    loop = (node("Loop", ["", "", "logits"], ["scores"]),)
    for end, functions, expected in (
        (start, [function("F0", "F1"), function("F1", "F0")], "calls itself"),
        (start, twice, "more than 200,000 operations"),
        (start, chain, "more than 100 deep"),
        (loop, [], "Loop, which may repeat without end"),
        (circle, [], "cannot load it"),
    ):
        file = onnx_file(programs.network(), tmp_path / "net.onnx", end=end, domains=["own"])
        model = onnx.load(str(file))
        model.functions.extend(functions)
        file.write_bytes(model.SerializeToString())
        with pytest.raises(UserError, match=expected):
            existing.read(file, SIZE)


def test_without_onnx_the_way_to_get_it_is_told(tmp_path: Path, monkeypatch) -> None:
    from heatproof.models import onnx_file as module

    monkeypatch.setattr(module, "_PACKAGES", ("onnx", "no_such_package"))
    (tmp_path / "net.onnx").write_bytes(b"")
    with pytest.raises(UserError, match=r"no_such_package, .*requirements-onnx\.txt"):
        existing.read(tmp_path / "net.onnx", SIZE)
