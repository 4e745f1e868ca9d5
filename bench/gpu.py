"""Measure training on a GPU with JAX: `python -m bench.gpu`

Needs this repository, its data/processed and requirements-jax.txt, for the GPU beside it
requirements-jax-gpu.txt. Trains every cell of params.yaml (but those on `planted`, which nobody
published) with `paper` or the `--budget` named, whatever params.yaml says, and prints for each how
long it took in all; images/s, from the second epoch on, since the first one compiles; the accuracy
on the validation part and on the test images; and the fraction of the device's peak: three forward
passes per image, as `heatproof.models.cost` counts them, against a product of two large matrices in
the same precision, at JAX's default (on recent NVIDIA GPUs TF32 where weights are float32).

It writes nothing: `dvc repro train@<run>` with KERAS_BACKEND=jax trains for the study
(docs/how-to/gpu.md).
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.gpu")

import argparse
import os
import time
from dataclasses import dataclass
from typing import get_args

# Before anything asks which backend it is.
os.environ.setdefault("KERAS_BACKEND", "jax")

from heatproof.config import params
from heatproof.run import runtime
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from heatproof.storage.records import Dataset

PASSES = 3  # forward, and two gradients
PRODUCT = 8192  # rows and columns of the matrices that show what the device can do
PRODUCTS = 20
LEFT_OUT = "planted"
SMALL = {"epochs": 2, "train_images": 512, "batch_size": 64}
SMALL_PARTS = 1024  # as many images to train on and validate with, and to test with, at most
CPU_PRODUCT = 512  # as large as it need be there


@dataclass(frozen=True)
class Measured:
    """A cell's training: seconds in all, images/s, accuracies, and the share of the peak."""

    epochs: int
    seconds: float
    images_per_second: float
    validation_accuracy: float
    test_accuracy: float
    share_of_peak: float
    precision: str


def chosen_cells(study: params.Params, names: list[str]) -> list[str]:
    """Return the cells to train. Raises UserError if one is unknown or has no such schedule."""
    cells = names or [
        name
        for name, cell in study.cells.items()
        if name in study.runs and cell.dataset != LEFT_OUT
    ]
    for name in cells:
        cell = study.cell(name)
        if study.schedule_under(study.budget, name) is None:
            raise UserError(
                f"params.yaml: models.{cell.model}.schedules.{study.budget} has neither "
                f"'{cell.dataset}' nor 'default': add a line for it, or leave the cell {name} out"
            )
    return cells


def shrunken(study: params.Params) -> params.Params:
    """Return the study with few images and epochs everywhere: to see that all of it runs."""
    models = {
        name: model.model_copy(
            update={
                "schedules": {
                    budget: {d: schedule.model_copy(update=SMALL) for d, schedule in rows.items()}
                    for budget, rows in model.schedules.items()
                }
            }
        )
        for name, model in study.models.items()
    }
    return study.model_copy(update={"models": models})


def few_of(dataset: Dataset) -> Dataset:
    """Return a dataset's first images: validation and test are most of the work of few epochs."""
    first = slice(SMALL_PARTS)
    return Dataset(
        dataset.train_images[first], dataset.train_labels[first],
        dataset.test_images[first], dataset.test_labels[first], dataset.class_names,
    )  # fmt: skip


def device(on_cpu: bool) -> tuple[str, int]:
    """Return the device's name, and the size of the matrices whose product shows its peak.

    Raises:
        UserError: it is a CPU, which was not asked for.
    """
    runtime.configure(threads=1, seed=0)
    if runtime.backend() != "jax":
        raise UserError(f"KERAS_BACKEND={runtime.backend()}: python -m bench.gpu needs jax")
    import jax

    device = jax.devices()[0]
    if device.platform == "cpu" and not on_cpu:
        raise UserError(
            "JAX sees no GPU here. On a machine that has one, `pip install -r "
            "requirements-jax-gpu.txt` beside requirements-jax.txt. Here --small tries all of it "
            "with few images, and --on-cpu trains in full, which takes hours for the large networks"
        )
    return device.device_kind, CPU_PRODUCT if device.platform == "cpu" else PRODUCT


def peak(size: int, precision: str) -> float:
    """Return how many operations per second a product of matrices of `size` reaches here."""
    import jax
    import jax.numpy as jnp

    factor = jax.random.normal(jax.random.key(0), (size, size), precision) / size**0.5

    @jax.jit
    def products(matrix: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, PRODUCTS, lambda _, x: jnp.matmul(x, factor), matrix)

    products(factor).block_until_ready()
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        products(factor).block_until_ready()
        seconds.append(time.perf_counter() - started)
    return PRODUCTS * 2 * size**3 / min(seconds)


def train(study: params.Params, cell: str, product: int, small: bool) -> Measured:
    """Train one cell; `small`: with a few of the images.

    Raises:
        UserError: its data are missing, or its training diverged.
    """
    import jax
    import keras

    from heatproof.evaluation import inference
    from heatproof.models import cost
    from heatproof.training import runs

    keras.backend.clear_session()
    jax.clear_caches()
    run = study.run(cell)
    runs.configure(run)
    dataset = artifacts.read_dataset(run.dataset)
    if small:
        dataset = few_of(dataset)
    ends: list[float] = []
    started = time.monotonic()
    network, outcome = runs.train_run(run, dataset, lambda *_: ends.append(time.monotonic()))
    seconds = time.monotonic() - started
    forward = inference.compiled_forward(network, len(dataset.test_images))
    logits = inference.logits(forward, dataset.test_images)
    if len(ends) > 1:
        rate = outcome.train_images * (len(ends) - 1) / (ends[-1] - ends[0])
    else:
        rate = outcome.train_images / seconds
    precision = "bfloat16" if run.training.mixed_precision else "float32"
    operations = PASSES * cost.flops(network) * rate
    return Measured(
        outcome.epochs,
        seconds,
        rate,
        outcome.best["val_accuracy"],
        float((logits.argmax(axis=1) == dataset.test_labels).mean()),
        operations / peak(product, precision),
        precision,
    )


def line(cell: str, measured: Measured) -> str:
    """Return a cell's line of the table."""
    return (
        f"{cell:26} {measured.epochs:>6} {measured.seconds:8.1f} s "
        f"{measured.images_per_second:10,.0f} {measured.validation_accuracy:10.2%} "
        f"{measured.test_accuracy:8.2%} {measured.share_of_peak:9.1%} of {measured.precision}"
    )


HEAD = (
    f"{'cell':26} {'epochs':>6} {'in all':>10} {'images/s':>10} {'validation':>10} {'test':>8} "
    f"{'peak':>9}"
)


def main() -> None:
    """Train each cell and print its line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cells", nargs="*", help="of params.yaml; left out: all but planted ones")
    parser.add_argument("--budget", default="paper", choices=get_args(params.Budget))
    parser.add_argument("--small", action="store_true", help="few images: does all of it run?")
    parser.add_argument("--on-cpu", action="store_true", help="train in full without a GPU")
    options = parser.parse_args()
    study = params.load().model_copy(update={"budget": options.budget})
    cells = chosen_cells(study, options.cells)
    study = shrunken(study) if options.small else study
    name, product = device(options.small or options.on_cpu)
    print(f"{len(cells)} cells, budget {options.budget}, on {name}\n{HEAD}", flush=True)
    for cell in cells:
        print(line(cell, train(study, cell, product, options.small)), flush=True)
