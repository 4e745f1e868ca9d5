"""The benches of training: peers, backends, and what a layer's operations cost."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import (
    kernels,
    peers,
    train,
)
from bench.kernels import REST, Layer, Row
from bench.models import CLASSES, SHAPES, measurable
from bench.results import PROJECT, compare
from bench.train import TENSORFLOW, TORCH, Rates
from bench.training import sides
from heatproof.config import params
from heatproof.models import cost
from heatproof.models.build import build_model
from tests.bench.made import a_measurable_cell
from tests.models import networks


def rates(**of_peers: list[float]) -> Rates:
    named = {train.KERAS[backend]: each for backend, each in of_peers.items()}
    walls = {PROJECT: [120.0, 180.0], **named}
    cpu = {name: [rate / 2 for rate in each] for name, each in walls.items()}
    return Rates(walls, cpu, [900.0, 1000.0], 0.5, {TORCH: "too slow"})


def test_trainings_goal_is_of_the_best_peer_and_tensorflow_stays_beside_it() -> None:
    measured = rates(tensorflow=[90.0, 100.0], jax=[150.0, 140.0])
    best, alone = train.measurements("resnet18", measured, 0.27, "a note")
    assert (best.part, best.case, best.goal) == ("training", "resnet18", 1.25)
    compared = compare(best)
    assert (compared.peer, compared.met) == (train.KERAS["jax"], False)
    assert compared.ratio == pytest.approx(1.2)
    assert best.absent == {TORCH: "too slow"} and list(best.shares.values()) == [0.27]
    assert list(alone.sides) == [PROJECT, TENSORFLOW]
    assert compare(alone).ratio == pytest.approx(1.8) and compare(alone).met is True
    assert compare(alone).cpu_ratio == pytest.approx(1.8)
    assert len(train.measurements("simple_cnn", rates(tensorflow=[1.0]), 0.1, "")) == 1


def test_each_backend_has_an_interpreter_or_a_reason(tmp_path: Path, monkeypatch) -> None:
    elsewhere = peers.Environment(Path("elsewhere/bin/python"))
    pythons, absent = train.interpreters(["tensorflow", "torch"], elsewhere)
    assert pythons == {"tensorflow": Path(sys.executable), "torch": elsewhere.python}
    assert absent == {}
    missing = peers.find(tmp_path, ["torch"])
    assert missing.absent == "the peers' environment is not there"
    monkeypatch.setattr(train.importlib.util, "find_spec", lambda name: None)
    pythons, absent = train.interpreters(["jax", "torch"], missing)
    assert pythons == {} and absent[TORCH] == missing.absent
    assert "jax" in absent[train.KERAS["jax"]]


def test_an_environment_reports_what_it_lacks_and_its_versions(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    lacking = peers.find(tmp_path, ["keras", "no_such_module"])
    assert lacking.absent == "the peers' environment has no no_such_module"
    assert peers.find(tmp_path, ["keras"]).absent == ""
    assert f"keras {lacking.versions['keras']}" in str(lacking)
    python.write_text("#!/bin/sh\necho 'no such library' >&2; exit 3\n")
    assert peers.find(tmp_path, ["keras"]).absent.endswith("does not start: no such library")


def test_what_the_peers_share_with_the_project_is_pinned_alike() -> None:
    ours, theirs = (
        {line.partition("==")[0].lower().replace("_", "-").replace(".", "-"): line
         for line in (peers.ROOT / path).read_text().splitlines() if "==" in line}
        for path in ("requirements.txt", "bench/requirements-peers.txt")
    )  # fmt: skip
    for name in ("keras", "h5py", "numpy", "pydantic", "ruamel-yaml"):
        assert ours[name].removesuffix(" \\").partition("==")[2] == theirs[name].partition("==")[2]


def handed_over(folder: Path, *cells: str) -> Path:
    """Hand networks over as the project's side does, no weight where it starts."""
    study, generator = params.load(), np.random.default_rng(0)
    for cell in cells:
        networks.runtime.configure(study.threads, study.seed)
        model = build_model(study.run(cell), SHAPES[study.cell(cell).dataset], CLASSES)
        for variable in model.weights:
            if variable.name in ("beta", "bias", "moving_mean"):
                variable.assign(generator.normal(0, 0.1, variable.shape))
            elif variable.name in ("gamma", "moving_variance"):
                variable.assign(generator.uniform(0.5, 1.5, variable.shape))
        (folder / cell).mkdir()
        sides.write(folder / cell, model)
    return folder


def test_keras_trains_the_network_that_is_handed_over(tmp_path: Path) -> None:
    study = params.load()
    cell = a_measurable_cell()
    folder = handed_over(tmp_path, cell) / cell
    model = sides.of_builtin_layers(study, cell, folder)
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    expected = sides.read(folder)
    assert expected.gflop == pytest.approx(cost.flops(model) / 1e9)
    logits = expected.logits + 1e-3 * np.abs(expected.logits).max()
    np.savez(folder / sides.EXPECTED, logits=logits, gflop=expected.gflop)
    with pytest.raises(RuntimeError, match="Keras on tensorflow: its logits are off"):
        sides.of_builtin_layers(study, cell, folder)


SAME = """
import sys
from pathlib import Path
from bench.training import sides
from heatproof.config import params
for cell in sys.argv[2:]:
    sides.of_builtin_layers(params.load(), cell, Path(sys.argv[1]) / cell)
    print("same", cell)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_network_is_the_same_on_every_backend(backend: str, tmp_path: Path) -> None:
    python = Path(sys.executable)
    if backend == "torch":
        elsewhere = peers.find(peers.ROOT / ".venv-peers", train.NEEDED)
        if elsewhere.absent:
            pytest.skip(elsewhere.absent)
        python = elsewhere.python
    cells = measurable(params.load()).values()
    done = subprocess.run(
        [python, "-c", SAME, str(handed_over(tmp_path, *cells)), *cells], cwd=peers.ROOT,
        env=os.environ | {"KERAS_BACKEND": backend}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == [f"same {cell}" for cell in cells]


LAYERS = {
    "block1": Layer("3×3 convolution", 0.5),
    "block1_bn": Layer("batch normalisation", 0.0),
    "block2": Layer("3×3 convolution", 0.25),
}


def test_operations_belong_to_their_layers_forward_and_backward() -> None:
    operations = [
        ("ExecutorState::Process", 100.0),
        ("Called/net_1/block1_1/convolution:Conv2D", 1.0),
        ("Called/gradient_tape/net_1/block1_1/convolution/BackpropFilter:Conv2DFilter", 2.0),
        ("Called/net/block2/convolution:Conv2D", 3.0),
        ("Called/net_1/block1_bn_1/FusedBatchNormV3:FusedBatchNormV3", 4.0),
        ("Called/adam/mul_3:Mul", 5.0),
    ]
    rows = kernels.rows(operations, LAYERS, steps=2, batch_size=10)
    assert rows == [
        Row("3×3 convolution", 3.0, 22.5),
        Row(REST, 2.5, 0.0),
        Row("batch normalisation", 2.0, 0.0),
    ]
    table = kernels.lines([Row("dense", 0.003, 0.3), Row(REST, 0.001, 0.0)], product=200.0)
    assert table[1].split() == ["75%", "3.0", "100", "50%", "dense"]
    assert table[2].split() == ["25%", "1.0", "–", "–", *REST.split()]


def test_the_layers_costs_are_the_networks() -> None:
    model = networks.shared("mobilenet_v2", networks.COLOUR)
    layers = kernels.layers_of(model)
    assert list(layers) == [layer.name for layer in model.layers]
    assert sum(layer.gflop for layer in layers.values()) == pytest.approx(cost.flops(model) / 1e9)
    assert {"depthwise convolution", "1×1 convolution"} < {each.kind for each in layers.values()}


@pytest.mark.slow
def test_a_network_is_trained_and_recorded(tmp_path: Path) -> None:
    study, cell = params.load(), a_measurable_cell()
    kernels.record(cell, 2, tmp_path)
    built = build_model(study.run(cell), SHAPES[study.cell(cell).dataset], CLASSES)
    layers = kernels.layers_of(built)
    rows = kernels.rows(kernels.operations_in(tmp_path), layers, 2, 1)
    seconds = {row.kind: row.seconds for row in rows}
    convolutions = {layer.kind for layer in layers.values() if "convolution" in layer.kind}
    assert REST in seconds and convolutions <= set(seconds)
    assert sum(seconds[kind] for kind in convolutions) > 0.05 * sum(seconds.values())
