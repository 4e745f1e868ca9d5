"""What each side of `bench.train` does: the project's loop, `model.fit`, a product of matrices.

The project's starts first. It hands its fresh weights over, and the logits that they give, so that
Keras on whatever library trains the very same network, or is refused.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.explaining.exchange import require_same
from bench.models import CLASSES, SHAPES
from bench.turns import Rounds
from heatproof.config import params
from heatproof.run import runtime
from heatproof.training.options import Schedule

if TYPE_CHECKING:
    import keras

PRODUCT = 2048  # rows and columns of the matrices that show what the machine can do
ENDLESS = 1_000_000  # epochs: the parent process says when it is enough
COMPARED = 16  # images whose logits every side must get
WEIGHTS, EXPECTED = "network.weights.h5", "expected.npz"

Report = Callable[[float], None]


@dataclass(frozen=True)
class Network:
    """What is known of the network that the project's side hands over, beside its weights.

    logits: float32 (COMPARED, CLASSES), of some images. gflop: of one image's forward pass,
    products and sums counted as two.
    """

    logits: np.ndarray
    gflop: float


def write(folder: Path, model: "keras.Model") -> None:
    """Hand a network over in a folder."""
    from heatproof.models import cost

    model.save_weights(folder / WEIGHTS)
    np.savez(folder / EXPECTED, logits=logits_of(model), gflop=cost.flops(model) / 1e9)


def read(folder: Path) -> Network:
    """Read what `write` wrote, but for the weights."""
    with np.load(folder / EXPECTED, allow_pickle=False) as arrays:
        return Network(arrays["logits"], float(arrays["gflop"]))


def logits_of(model: "keras.Model") -> np.ndarray:
    """Return float32 (COMPARED, CLASSES) of some images."""
    import keras

    images, _ = random_data(COMPARED, model.input_shape[1:])
    logits = model(images.astype(np.float32) / 255, training=False)
    return np.asarray(keras.ops.convert_to_numpy(logits), np.float32)


def of_builtin_layers(study: params.Params, cell: str, folder: Path) -> "keras.Model":
    """Build a cell's network of Keras' own layers, with the weights that were handed over.

    Raises:
        RuntimeError: its logits are not those that were handed over.
    """
    import keras

    from heatproof.models import builtin_layers
    from heatproof.models.build import build_model

    shape = SHAPES[study.cell(cell).dataset]
    model = keras.models.clone_model(
        build_model(study.run(cell), shape, CLASSES), clone_function=builtin_layers.to_builtin_layer
    )
    model.load_weights(folder / WEIGHTS)
    name = f"Keras on {keras.backend.backend()}"
    require_same(name, logits_of(model), read(folder).logits)
    return model


def multiply(report: Report) -> None:
    """Multiply two large matrices again and again; report the GFLOP of each product."""
    runtime.configure(len(os.sched_getaffinity(0)), seed=0)
    import tensorflow as tf

    factor = tf.random.normal((PRODUCT, PRODUCT))
    while True:
        tf.matmul(factor, factor).numpy()
        report(2 * PRODUCT**3 / 1e9)


def random_data(count: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 images (count, *shape) and int64 labels, as many of each class."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, *shape), dtype=np.uint8)
    return images, np.arange(count, dtype=np.int64) % CLASSES


def _schedule(study: params.Params, cell: str) -> Schedule:
    schedule = study.run(cell).schedule
    assert schedule is not None, "`models.measurable` names none that is saved"
    return schedule


def train_as_the_project_does(cell: str, batches: int, folder: Path, report: Report) -> None:
    """Train in `heatproof.training`; an epoch has `batches` batches and ten images to validate."""
    study = params.load()
    training, schedule = study.run(cell).training, _schedule(study, cell)
    runtime.configure(
        len(os.sched_getaffinity(0)), study.seed, training.mixed_precision, training=True
    )
    from heatproof.models.build import build_model
    from heatproof.training.loop import train

    shape = SHAPES[study.cell(cell).dataset]
    model = build_model(study.run(cell), shape, CLASSES)
    write(folder, model)
    used = batches * schedule.batch_size
    images, labels = random_data(used + 2 * CLASSES, shape)
    train(
        model,
        images,
        labels,
        training.model_copy(update={"validation_fraction": 1e-6, "early_stopping_patience": 0}),
        schedule.model_copy(
            update={"epochs": ENDLESS, "train_images": used, "augment": False, "decay": "constant"}
        ),
        study.run(cell).augmentation,
        study.seed,
        listener=lambda numbers, epoch: report(used),
    )


def train_as_keras_does(cell: str, batches: int, folder: Path, report: Report) -> None:
    """Train with `model.fit`, and what Keras and the library under it choose by themselves.

    Raises:
        RuntimeError: its network is not the one that was handed over.
    """
    study = params.load()
    import keras

    shape, batch_size = SHAPES[study.cell(cell).dataset], _schedule(study, cell).batch_size
    model = of_builtin_layers(study, cell, folder)
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    # After each batch, so that a round ends in time however slow a batch is. Keras brings the loss
    # to the callback as a number, so that nothing is still being computed then.
    counted = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: report(batch_size)
    )
    images, labels = random_data(batches * batch_size, shape)
    model.fit(
        images.astype(np.float32) / 255,
        labels,
        batch_size=batch_size,
        epochs=ENDLESS,
        callbacks=[counted],
        verbose=0,
    )


def main() -> None:
    """Be the side that the command line names, until the parent goes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=["project", "keras", "product"])
    parser.add_argument("--cell", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the network lies")
    parser.add_argument("--batches", type=int, required=True, help="an epoch's")
    parser.add_argument("--seconds", type=float, required=True, help="a round's least length")
    options = parser.parse_args()
    report = Rounds(options.seconds).trained
    if options.side == "product":
        multiply(report)
    else:
        trained = train_as_keras_does if options.side == "keras" else train_as_the_project_does
        trained(options.cell, options.batches, options.folder, report)


if __name__ == "__main__":
    main()
