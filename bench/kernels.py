"""Where a training step's time goes, by kinds of layer: `python -m bench.kernels`

Trains a network as the project does and has TensorFlow's profiler record one epoch. What each
operation took is counted for the layer that it belongs to, forward and backward; operations that
belong to none are the optimiser's, the loss's and the data's. An operation's time is that between
its start and its end: while two run at once, each is slowed by the other, and the sum of them is
more than the step took. Beside the time stand the products and sums that a kind needs (three
passes, as `bench.train` counts them), a second, and what share that is of what a product of two
matrices of 2,048² reaches: what makes a network slow is what takes long at a small share. Layers
without weights have none; their share is not shown.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.kernels")

import argparse
import io
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import limits, machine
from bench.models import CLASSES, SHAPES, measurable, require_known
from bench.train import PASSES
from bench.training import sides
from heatproof.config import params

if TYPE_CHECKING:
    import keras

REST = "optimiser, loss and data"
KINDS = {
    "DepthwiseConv2D": "depthwise convolution",
    "BatchNormalization": "batch normalisation",
    "MaxPooling2D": "max pooling",
    "GlobalAveragePooling2D": "global average",
    "Activation": "activation",
    "Concatenate": "concatenation",
    "Dense": "dense",
}
# `…/gradient_tape/mobilenet_v2_1/block2_expand_bn_1/FusedBatchNormGradV3:_Mkl…`: name, then kind.
_OPERATION = re.compile(r"^([^:]+):\w+$")
_NUMBERED = re.compile(r"_\d+$")


@dataclass(frozen=True)
class Layer:
    """A layer's kind, as the table calls it, and its GFLOP an image, forward."""

    kind: str
    gflop: float


@dataclass(frozen=True)
class Row:
    """A kind of layer: seconds of its operations per step, and GFLOP of three passes per step."""

    kind: str
    seconds: float
    gflop: float


def layers_of(model: "keras.Model") -> dict[str, Layer]:
    """Return each layer's name -> what it is and needs."""
    import keras

    from heatproof.models import cost

    layers = {}
    for layer in model.layers:
        name = KINDS.get(type(layer).__name__, "other layers")
        if type(layer).__name__ == "Conv2D":
            name = "×".join(map(str, layer.kernel_size)) + " convolution"
        alone = keras.Model(layer.input, layer.output) if layer.weights else None
        layers[layer.name] = Layer(name, cost.flops(alone) / 1e9 if alone else 0.0)
    return layers


def rows(
    operations: Iterable[tuple[str, float]],
    layers: Mapping[str, Layer],
    steps: int,
    batch_size: int,
) -> list[Row]:
    """Add operations up by the kind of layer that they belong to, the longest first.

    Args:
        operations: what the profiler calls each, and its seconds; what is none is left out.
        layers: of the network.
        steps: that were recorded.
        batch_size: images per step.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    for name, took in operations:
        operation = _OPERATION.match(name)
        if operation:
            layer = _layer_in(operation[1], layers)
            seconds[layers[layer].kind if layer else REST] += took
    gflop: defaultdict[str, float] = defaultdict(float)
    for layer in layers.values():
        gflop[layer.kind] += PASSES * batch_size * layer.gflop
    longest = sorted(seconds.items(), key=lambda item: -item[1])
    return [Row(kind, took / steps, gflop[kind]) for kind, took in longest]


def _layer_in(path: str, layers: Mapping[str, Layer]) -> str | None:
    for part in reversed(path.split("/")):
        for name in (part, _NUMBERED.sub("", part)):
            if name in layers:
                return name
    return None


class Enough(Exception):
    """The epoch was recorded."""


def record(cell: str, batches: int, folder: Path) -> None:
    """Train in this process for two epochs, of which the second is recorded into the folder."""
    epochs = 0

    def ended(images: float) -> None:
        nonlocal epochs
        import tensorflow as tf

        epochs += 1
        if epochs == 1:  # tracing and warming up
            tf.profiler.experimental.start(str(folder))
        else:
            tf.profiler.experimental.stop()
            raise Enough

    try:
        with redirect_stdout(io.StringIO()):
            sides.train_as_the_project_does(cell, batches, folder, ended)
    except Enough:
        return
    raise RuntimeError("the training ended by itself")


def operations_in(folder: Path) -> list[tuple[str, float]]:
    """Return what was recorded of TensorFlow's executor: each event's name and its seconds."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    [path] = folder.rglob("*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(path.read_bytes())
    return [
        (plane.event_metadata[event.metadata_id].name, event.duration_ps / 1e12)
        for plane in space.planes
        for line in plane.lines
        if line.name.startswith("tf_Compute")
        for event in line.events
    ]


def lines(measured: list[Row], product: float) -> list[str]:
    """Return the table of a network. `product`: GFLOP/s of a large product."""
    total = sum(row.seconds for row in measured)
    table = [f"{'of the time':>11} {'ms per step':>11} {'GFLOP/s':>8} {'of the product':>15}"]
    for row in measured:
        rate = row.gflop / row.seconds
        rates = f"{rate:8.0f} {rate / product:15.0%}" if row.gflop else f"{'–':>8} {'–':>15}"
        table.append(f"{row.seconds / total:11.0%} {row.seconds * 1e3:11.1f} {rates}  {row.kind}")
    return table


def main() -> None:
    """Print the table of one network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="efficient_cnn", help="of params.yaml")
    parser.add_argument("--batches", type=int, default=10, help="of the epoch that is recorded")
    options = parser.parse_args()
    study = params.load()
    cells = measurable(study)
    require_known([options.model], cells)
    cell = cells[options.model]
    machine.warn_if_busy()
    product = max(limits.in_a_process(limits.PRODUCT, 3.0) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        record(cell, options.batches, Path(folder))
        operations = operations_in(Path(folder))
    from heatproof.models.build import build_model

    shape = SHAPES[study.cell(cell).dataset]
    run = study.run(cell)
    assert run.schedule is not None, "`measurable` names none that is saved"
    layers, batch_size = layers_of(build_model(run, shape, CLASSES)), run.schedule.batch_size
    print(
        f"{options.model}, {batch_size} images per step; the product reaches {product:.0f} GFLOP/s"
    )
    print(*lines(rows(operations, layers, options.batches, batch_size), product), sep="\n")
