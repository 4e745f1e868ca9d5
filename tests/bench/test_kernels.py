"""Whose time a training step's operations are, and what they reach."""

import subprocess
import sys

import pytest

from bench import kernels
from bench.kernels import REST, Layer, Row, lines, rows
from tests.models import networks
from tests.scratch import ROOT, environment

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
    found = rows(operations, LAYERS, steps=2, batch_size=10)
    assert found == [
        Row("3×3 convolution", 3.0, 22.5),
        Row(REST, 2.5, 0.0),
        Row("batch normalisation", 2.0, 0.0),
    ]


def test_shares_are_of_all_operations_and_of_the_product() -> None:
    table = lines([Row("dense", 0.003, 0.3), Row(REST, 0.001, 0.0)], product=200.0)
    assert table[1].split() == ["75%", "3.0", "100", "50%", "dense"]
    assert table[2].split() == ["25%", "1.0", "–", "–", *REST.split()]


@pytest.mark.parametrize("name", ["efficient_cnn", "mobilenet_v2"])
def test_the_layers_costs_are_the_networks(name: str) -> None:
    from heatproof.models import cost

    model = networks.shared(name, networks.COLOUR)
    layers = kernels.layers_of(model)
    assert list(layers) == [layer.name for layer in model.layers]
    assert sum(layer.gflop for layer in layers.values()) == pytest.approx(cost.flops(model) / 1e9)
    assert {"depthwise convolution", "1×1 convolution"} < {each.kind for each in layers.values()}


def test_a_network_is_trained_and_recorded() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.kernels", "--model", "simple_cnn", "--batches", "2"],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=True, timeout=300,
    )  # fmt: skip
    shares = {line.split(maxsplit=4)[-1]: line.split()[0] for line in done.stdout.splitlines()}
    assert {"3×3 convolution", "max pooling", REST} <= set(shares)
    assert int(shares["3×3 convolution"].rstrip("%")) >= 5
