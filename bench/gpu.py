"""Train the study's cells on a GPU with JAX: `python -m bench.gpu --out trained`

Needs this repository, its data/processed and requirements-jax.txt, with requirements-jax-gpu.in for
the GPU: no TensorFlow, DVC or MLflow. Trains every cell of params.yaml (but those on `planted`,
which nobody published) with `paper` or the `--budget` named, whatever params.yaml says, and prints
for each how long it took in all; images/s, from the second epoch on, since the first one compiles;
the accuracy on the validation part and on the test images; and the fraction of the device's peak:
three forward passes an image, as `heatproof.models.cost` counts them, against a product of two
large matrices in the same precision, at JAX's default (on recent NVIDIA GPUs TF32 where weights are
float32).

Writes each cell into the folder `--out`, in parts of at most 16 MB, for `make adopt FROM=folder` on
the machine with the study. A cell that is there already, trained with what is here, is not trained
again, and an interrupted one goes on from its last epoch: repeat the command until it says that all
is done. `--minutes` stops by itself in time, as for a machine that is lent for minutes.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.gpu")

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

# Before anything asks which backend it is.
os.environ.setdefault("KERAS_BACKEND", "jax")

from heatproof.config import params
from heatproof.run import runtime
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, tables, weights
from heatproof.storage.records import Dataset
from stages.train import bundle_of, metrics_of, timing_of, trained
from tools import parcel

PASSES = 3  # forward, and two gradients
PRODUCT = 8192  # rows and columns of the matrices that show what the device can do
PRODUCTS = 20
LEFT_OUT = "planted"
SMALL = {"epochs": 2, "train_images": 512, "batch_size": 64}
SMALL_PARTS = 1024  # as many images to train on and validate with, and to test with, at most
CPU_PRODUCT = 512  # as large as it need be there


class OutOfTime(Exception):
    """The minutes are over; what was trained so far is kept."""


@dataclass
class Clock:
    """Notes when epochs end, and stops the training when the minutes are over."""

    deadline: float

    def __post_init__(self) -> None:
        self.ends: list[float] = []

    def epoch_ended(self, numbers: object, epoch: int) -> None:
        """Note the end of an epoch. Raises OutOfTime."""
        self.check()
        self.ends.append(time.monotonic())

    def check(self) -> None:
        """Raise OutOfTime where the minutes are over."""
        if time.monotonic() > self.deadline:
            raise OutOfTime

    def rate(self, images: int) -> float | None:
        """Images a second from the second epoch seen here on; None where there was but one."""
        if len(self.ends) < 2:
            return None
        return images * (len(self.ends) - 1) / (self.ends[-1] - self.ends[0])


def chosen_cells(study: params.Params, names: list[str]) -> list[str]:
    """Return the cells to train. Raises UserError if one is unknown or has no such schedule."""
    cells = names or [n for n, cell in study.cells.items() if cell.dataset != LEFT_OUT]
    for name in cells:
        cell = study.cell(name)
        if cell.dataset not in study.models[cell.model].schedules.get(study.budget, {}):
            raise UserError(
                f"params.yaml: models.{cell.model}.schedules.{study.budget} has no "
                f"'{cell.dataset}': add a line for it, or leave the cell {name} out"
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

    found = jax.devices()[0]
    if found.platform == "cpu" and not on_cpu:
        raise UserError(
            "JAX sees no GPU here. On a machine that has one, `pip install -r "
            "requirements-jax-gpu.in` beside requirements-jax.txt. Here --small tries all of it "
            "with few images, and --on-cpu trains in full, which takes hours for the large networks"
        )
    return found.device_kind, CPU_PRODUCT if found.platform == "cpu" else PRODUCT


def peak(size: int, precision: str) -> float:
    """Return how many operations a second a product of matrices of `size` reaches here."""
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


def train(
    study: params.Params, cell: str, folder: Path, deadline: float, product: int, small: bool
) -> parcel.Manifest:
    """Train one cell and write its parcel; `small`: with a few of the images.

    Raises:
        UserError: its data are missing, or its training diverged.
        OutOfTime: it is not done, and goes on from where it was next time.
    """
    import jax
    import keras

    from heatproof.evaluation import inference
    from heatproof.models import cost

    keras.backend.clear_session()
    jax.clear_caches()
    mixed = study.training_of(cell).mixed_precision
    runtime.configure(study.threads, study.seed, mixed, training=True)
    rests_on = parcel.basis(study, cell)
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    if small:
        dataset = few_of(dataset)
    bundle = bundle_of(study, cell, dataset, study.seed)
    clock, started = Clock(deadline), time.monotonic()
    network, outcome = trained(study, cell, dataset, study.seed, clock.epoch_ended, bundle)
    seconds = outcome.seconds_before + time.monotonic() - started
    logits = inference.logits(inference.compiled_forward(network), dataset.test_images)
    timing = timing_of(outcome, seconds)
    rate = clock.rate(outcome.train_images) or timing["images_per_second"]
    precision = "bfloat16" if mixed else "float32"
    operations = PASSES * cost.flops(network) * rate
    written = folder / f".{cell}.weights.h5"
    weights.write(written, network)
    tables.write_table(folder / f".{cell}.csv", outcome.history)
    manifest = parcel.write(
        folder,
        cell,
        rests_on,
        written.read_bytes(),
        (folder / f".{cell}.csv").read_bytes(),
        metrics_of(outcome, study.schedule_of(cell)),
        timing,
        {
            "seconds": timing["train_seconds"],
            "images_per_second": round(rate, 1),
            "test_accuracy": float((logits.argmax(axis=1) == dataset.test_labels).mean()),
            "share_of_peak": round(operations / peak(product, precision), 4),
            "precision": precision,
            "device": jax.devices()[0].device_kind,
        },
    )
    written.unlink()
    (folder / f".{cell}.csv").unlink()
    bundle.remove()
    return manifest


def line(manifest: parcel.Manifest) -> str:
    """Return a cell's line of the table."""
    measured = manifest.measured
    return (
        f"{manifest.cell:26} {manifest.metrics['epochs_run']:>6} {measured['seconds']:8.1f} s "
        f"{measured['images_per_second']:10,.0f} {manifest.metrics['val_accuracy']:10.2%} "
        f"{measured['test_accuracy']:8.2%} {measured['share_of_peak']:9.1%} of "
        f"{measured['precision']}"
    )


HEAD = (
    f"{'cell':26} {'epochs':>6} {'in all':>10} {'images/s':>10} {'validation':>10} {'test':>8} "
    f"{'peak':>9}"
)


def main() -> None:
    """Train what is not trained yet; exit with 3 where the minutes were over first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", nargs="*", help="of params.yaml; left out: all but planted ones")
    parser.add_argument("--budget", default="paper", choices=get_args(params.Budget))
    parser.add_argument("--out", type=Path, default=Path("trained"), help="folder for the parcels")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--small", action="store_true", help="few images: does all of it run?")
    parser.add_argument("--on-cpu", action="store_true", help="train in full without a GPU")
    options = parser.parse_args()
    started = time.monotonic()
    study = params.load().model_copy(update={"budget": options.budget})
    cells = chosen_cells(study, options.cells)
    study = shrunken(study) if options.small else study
    name, product = device(options.small or options.on_cpu)
    options.out.mkdir(parents=True, exist_ok=True)
    print(
        f"{len(cells)} cells, budget {options.budget}, on {name}, into {options.out}/", flush=True
    )
    done = []
    try:
        for cell in cells:
            Clock(started + 60 * options.minutes).check()
            manifest = finished(study, cell, options.out) or train(
                study, cell, options.out, started + 60 * options.minutes, product, options.small
            )
            done.append(manifest)
    except OutOfTime:
        left = ", ".join(cells[len(done) :])
        print(f"{options.minutes:g} minutes are over; call again for the rest: {left}")
    print("\n".join(["", HEAD, *map(line, done)]))
    spent = sum(float(each.measured["seconds"] or 0) for each in done)
    print(f"{len(done)} of {len(cells)} cells; trained in {spent / 60:.1f} minutes altogether")
    if len(done) < len(cells):
        sys.exit(3)
    print(
        f"all is done: bring {options.out}/ to the study, set its budget by `make repro "
        f"BUDGET={options.budget} TARGET=fingerprint`, and call `make adopt FROM={options.out}`"
    )


def finished(study: params.Params, cell: str, folder: Path) -> parcel.Manifest | None:
    """Return a cell's manifest where it is trained already, with what is here."""
    manifest = parcel.manifest_of(folder, cell)
    if manifest is None or parcel.differences(manifest.basis, parcel.basis(study, cell)):
        return None
    try:
        parcel.read(folder, cell)
    except UserError as error:
        print(f"{cell}: training again: {error}", flush=True)
        return None
    print(f"{cell}: trained already, see {folder}/", flush=True)
    return manifest
