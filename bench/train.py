"""Training speed of every network beside plain Keras: `python -m bench.train`

Each model is trained by the project's own loop, and by `model.fit` as Keras has it by default: the
kernels and the threads that TensorFlow chooses by itself on this machine, `jit_compile="auto"`
(which is no XLA on a CPU alone), Adam, arrays in memory. Same network, same batch size, random
images of the dataset's size, since speed does not depend on what they show. The two are processes
of their own that take turns, round by round, so that whatever else the machine does falls on both.
The ratio is that of the best rounds, which is what others' load on a shared machine harms least;
beside it stands that of the medians, and behind each median its spread. The last column compares
with the machine's own limit: products and sums a second, three passes an image (forward, and the
gradients of images and of weights; Adam and all that is no convolution or product cost time and
count as nothing), as a share of what a product of two matrices of 2,048² reaches in turns between.
Exits with 1 where a goal is missed.
"""

import argparse
import os
import select
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages import command, params, runtime

ROOT = Path(__file__).resolve().parents[1]
GOALS = {"efficient_cnn": 1.8, "resnet18": 1.8, "cifar_cnn": 1.8}
SHAPES = {"mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
CLASSES = 10
PASSES = 3  # forward, and two gradients
PRODUCT = 2048  # rows and columns of the matrices that show what the machine can do
ENDLESS = 1_000_000  # epochs: the parent process says when it is enough


class TooSlow(Exception):
    """One side takes longer than anyone wants to wait."""


class Worker:
    """A process that trains one model, a round at a time."""

    def __init__(self, side: str, cell: str, options: argparse.Namespace) -> None:
        self.side, self.patience = side, options.patience
        kept = {k: v for k, v in os.environ.items() if k != "TF_ENABLE_ONEDNN_OPTS"}
        if side == "keras" and options.onednn_off:
            kept["TF_ENABLE_ONEDNN_OPTS"] = "0"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.train", "--side", side, "--cell", cell,
             "--batches", str(options.batches), "--seconds", str(options.seconds)],
            cwd=ROOT, env={**kept, "TF_CPP_MIN_LOG_LEVEL": "3"}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def answer(self) -> float:
        """Return images/s (of a product, GFLOP/s) of the round that is running, or of the warm-up.

        Raises:
            TooSlow: it is not done within the limit of seconds.
            RuntimeError: the process failed; what it says is on stderr.
        """
        ready, _, _ = select.select([self.process.stdout], [], [], self.patience)
        if not ready:
            raise TooSlow(f"{self.side} was not done after {self.patience:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended: {self.process.args}")
        # While the other takes its turn, this one's waiting threads must not use the cores.
        self.process.send_signal(signal.SIGSTOP)
        return float(line)

    def round(self) -> float:
        """Train for one round; return images/s."""
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.answer()

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


class Rounds:
    """The worker's end: counts images, and waits for the parent between rounds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
        with open(os.devnull, "w") as nowhere:  # progress is not an answer
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        self.images, self.started = 0, time.perf_counter()
        self.warm = False

    def trained(self, images: float) -> None:
        """Count images, or GFLOP; at the end of a round answer, and wait for the next."""
        self.images += images
        elapsed = time.perf_counter() - self.started
        if self.warm and elapsed < self.seconds:
            return
        self.warm = True  # the first call ends the warm-up, which traces
        print(self.images / elapsed, file=self.answers, flush=True)
        if not sys.stdin.readline():
            raise SystemExit
        self.images, self.started = 0, time.perf_counter()


def measure(cell: str, options: argparse.Namespace) -> dict[str, list[float]]:
    """Return images/s of the project and of plain Keras, and GFLOP/s of a product, one a round.

    Raises:
        TooSlow: a side takes longer than the limit.
    """
    rates: dict[str, list[float]] = {"project": [], "keras": [], "product": []}
    workers: list[Worker] = []
    try:
        for side in rates:  # one after the other, so that neither slows the other's start
            workers.append(Worker(side, cell, options))
            workers[-1].answer()
        for _ in range(options.rounds):
            for worker in workers:
                rates[worker.side].append(worker.round())
    finally:
        for worker in workers:
            worker.stop()
    return rates


def multiply(report: Callable[[float], None]) -> None:
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


def train_as_the_project_does(cell: str, batches: int, report: Callable[[int], None]) -> None:
    """Train in `stages.training`; an epoch has `batches` batches and ten images to validate."""
    study = params.load()
    training, schedule = study.training_of(cell), study.schedule_of(cell)
    runtime.configure(
        len(os.sched_getaffinity(0)), study.seed, training.mixed_precision, training=True
    )
    from stages.models.assembly import build_model
    from stages.training.loop import train

    shape = SHAPES[study.cell(cell).dataset]
    used = batches * schedule.batch_size
    images, labels = random_data(used + 2 * CLASSES, shape)
    train(
        build_model(study, cell, shape, CLASSES),
        images,
        labels,
        training.model_copy(update={"validation_fraction": 1e-6, "early_stopping_patience": 0}),
        schedule.model_copy(
            update={"epochs": ENDLESS, "train_images": used, "augment": False, "decay": "constant"}
        ),
        study.dataset_of(cell).augmentation,
        study.seed,
        listener=lambda numbers, epoch: report(used),
    )


def train_as_keras_does(cell: str, batches: int, report: Callable[[int], None]) -> None:
    """Train with `model.fit` and what Keras and TensorFlow choose by themselves."""
    study = params.load()
    import keras

    from stages.models.assembly import build_model
    from stages.models.keras_own import as_keras_has_it

    shape, batch_size = SHAPES[study.cell(cell).dataset], study.schedule_of(cell).batch_size
    images, labels = random_data(batches * batch_size, shape)
    model = keras.models.clone_model(
        build_model(study, cell, shape, CLASSES), clone_function=as_keras_has_it
    )
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    # After each batch, so that a round ends in time however slow a batch is.
    counted = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: report(batch_size)
    )
    model.fit(
        images.astype(np.float32) / 255,
        labels,
        batch_size=batch_size,
        epochs=ENDLESS,
        callbacks=[counted],
        verbose=0,
    )


def main() -> None:
    """Print a line a model: images/s of both sides, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", help="of params.yaml; all if left out")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--seconds", type=float, default=8.0, help="a round's least length")
    parser.add_argument("--batches", type=int, default=10, help="batches an epoch")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds, then given up")
    parser.add_argument(
        "--onednn-off",
        action="store_true",
        help="plain Keras with the kernels that TensorFlow chooses where AVX-512 is missing",
    )
    parser.add_argument("--side", choices=["project", "keras", "product"], help=argparse.SUPPRESS)
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side == "product":
        multiply(Rounds(options.seconds).trained)
    elif options.side == "project":
        train_as_the_project_does(options.cell, options.batches, Rounds(options.seconds).trained)
    elif options.side == "keras":
        train_as_keras_does(options.cell, options.batches, Rounds(options.seconds).trained)
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Measure and print each model; exit with 1 if one misses its goal."""
    study = params.load()
    cells = {parts.model: cell for cell, parts in study.cells.items() if parts.dataset in SHAPES}
    missed = []
    print(f"images/s in training, median of {options.rounds} rounds (least to greatest)")
    print(
        f"{'model':14} {'batch':>5}  {'this project':>24}  {'plain Keras':>24}  "
        f"{'of the best product':>19}  ratio of the best"
    )
    for model in options.models or cells:
        batch = study.schedule_of(cells[model]).batch_size
        try:
            rates = measure(cells[model], options)
        except TooSlow as reason:
            print(f"{model:14} {batch:5}  {reason}", flush=True)
            missed.append(model)
            continue
        ours, theirs = rates["project"], rates["keras"]
        share = PASSES * flops(study, cells[model]) / 1e9 * max(ours) / max(rates["product"])
        ratio = max(ours) / max(theirs)
        medians = statistics.median(ours) / statistics.median(theirs)
        goal = f", goal {GOALS[model]}" if model in GOALS else ""
        print(
            f"{model:14} {batch:5}  {_spread(ours):>24}  {_spread(theirs):>24}  {share:19.0%}  "
            f"{ratio:.2f} (medians {medians:.2f}{goal})",
            flush=True,
        )
        if ratio < GOALS.get(model, 0):
            missed.append(model)
    if missed:
        sys.exit(1)


def flops(study: params.Params, cell: str) -> int:
    """Return the products and sums of one image's forward pass."""
    from stages.models import cost
    from stages.models.assembly import build_model

    return cost.flops(build_model(study, cell, SHAPES[study.cell(cell).dataset], CLASSES))


def _spread(rates: list[float]) -> str:
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


if __name__ == "__main__":
    command.run(main)
