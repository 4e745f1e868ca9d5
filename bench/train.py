"""Training speed of every network beside plain Keras: `python -m bench.train`

Each model is trained by the project's own loop, and by `model.fit` as Keras has it by default, on
TensorFlow, on JAX and on PyTorch: the kernels and the threads that each chooses by itself on this
machine, `jit_compile="auto"` (on TensorFlow no XLA on a CPU alone), Adam, arrays in memory. Same
network (handed over, and refused unless the logits agree), same batch size, random images of the
dataset's size, since speed does not depend on what they show. The sides are processes of their own
that take turns, round by round, so that whatever else the machine does falls on all of them. What
is missing, fails or takes too long is named, with the reason, and the others go on.

The ratio is that of the best rounds, which is what others' load on a shared machine harms least;
below it stand the medians and their spread. The share is of the machine's own limit: products and
sums a second, three passes per image (forward, and the gradients of images and of weights; Adam and
all that is no convolution or product cost time and count as nothing), of what a product of two
matrices of 2,048² reaches in turns between. Exits with 1 where a goal is missed.

Keras on PyTorch needs an environment of its own, as the project does without PyTorch:
    python -m venv .venv-peers && .venv-peers/bin/pip install -r bench/requirements-peers.txt
(see there for PyTorch's own index).
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.train")

import argparse
import importlib.util
import os
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import machine, peers, record
from bench.limits import PRODUCT as LIMIT
from bench.models import measurable, require_known
from bench.results import PROJECT, Measurement
from bench.training.sides import read
from bench.turns import Start, rates_in_turns
from heatproof.config import params

PART = "training"
GOAL = 1.25  # times the best peer
OVER_TENSORFLOW = {"efficient_cnn": 1.8, "resnet18": 1.8, "cifar_cnn": 1.8}
# An epoch's, as in earnest not so few that what is done once an epoch counts: of the networks whose
# batches take a few milliseconds more. What reports once an epoch must not take minutes over it.
BATCHES, BATCHES_OF = 10, {"simple_cnn": 200, "mobilenet_v2": 50}
PASSES = 3  # forward, and two gradients
# KERAS_BACKEND -> what a person would call it.
TENSORFLOW, TORCH = "Keras on TensorFlow", "Keras on PyTorch"
KERAS = {"tensorflow": TENSORFLOW, "jax": "Keras on JAX", "torch": TORCH}
# What Keras on PyTorch imports of Keras, and what the networks and params.yaml need.
NEEDED = ("torch", "keras", "h5py", "pydantic", "ruamel")


@dataclass(frozen=True)
class Rates:
    """What one model reached.

    sides: PROJECT and each peer -> images/s, a number per round; cpu: images per second of CPU
    time. product: GFLOP/s likewise. absent: peer -> why it has none.
    """

    sides: dict[str, list[float]]
    cpu: dict[str, list[float]]
    product: list[float]
    gflop: float
    absent: dict[str, str]


def measure(
    cell: str, options: argparse.Namespace, pythons: Mapping[str, Path], absent: Mapping[str, str]
) -> Rates:
    """Train one model on all sides, in turns.

    Args:
        cell: whose model.
        options: the command line's.
        pythons: backend -> the interpreter that has it; those that take part.
        absent: peer -> why it takes no part.

    Raises:
        SideLost: the project's own side, or the product, ended or took too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        starts = [
            _start(PROJECT, "project", cell, folder, options, needed=True),
            *(
                _start(KERAS[backend], "keras", cell, folder, options, python, backend)
                for backend, python in pythons.items()
            ),
            _start(LIMIT, "product", cell, folder, options, needed=True),
        ]
        rates = rates_in_turns(starts, options.rounds, options.patience)
        gflop = read(Path(folder)).gflop
    product = rates.wall.pop(LIMIT)
    rates.cpu.pop(LIMIT)
    return Rates(rates.wall, rates.cpu, product, gflop, {**absent, **rates.lost})


def _start(
    name: str,
    kind: str,
    cell: str,
    folder: str,
    options: argparse.Namespace,
    python: Path | str = sys.executable,
    backend: str = "",
    needed: bool = False,
) -> Start:
    chosen = ("TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND")
    environment = {k: v for k, v in os.environ.items() if k not in chosen}
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if backend:
        environment["KERAS_BACKEND"] = backend
    if backend == "tensorflow" and options.onednn_off:
        environment["TF_ENABLE_ONEDNN_OPTS"] = "0"
    words = [
        str(python), "-m", "bench.training.sides", kind, "--cell", cell, "--folder", folder,
        "--batches", str(options.batches), "--seconds", str(options.seconds),
    ]  # fmt: skip
    return Start(name, words, environment, needed)


def interpreters(
    backends: Collection[str], environment: peers.Environment
) -> tuple[dict[str, Path], dict[str, str]]:
    """Return backend -> the interpreter that has it, and peer -> why none has."""
    pythons, absent = {}, {}
    for backend in backends:
        if backend != "torch" and importlib.util.find_spec(backend):
            pythons[backend] = Path(sys.executable)
        elif backend != "torch":
            absent[KERAS[backend]] = f"{backend} is not installed beside the project"
        elif environment.absent:
            absent[TORCH] = environment.absent
        else:
            pythons[backend] = environment.python
    return pythons, absent


def measurements(model: str, rates: Rates, share: float, note: str) -> list[Measurement]:
    """Return what was measured as bench/results.json has it.

    Args:
        model: its name.
        rates: what was measured.
        share: what the project reaches of the product's rate.
        note: what a reader has to know.

    Returns:
        The project beside all peers; and where a goal is of TensorFlow, beside that alone.
    """
    measured = [
        Measurement(
            PART,
            model,
            "images/s",
            "more",
            rates.sides,
            rates.absent,
            GOAL,
            {LIMIT: share},
            note,
            cpu=rates.cpu,
        )
    ]
    if model in OVER_TENSORFLOW and TENSORFLOW in rates.sides:
        sides, cpu = (
            {name: of[name] for name in (PROJECT, TENSORFLOW)} for of in (rates.sides, rates.cpu)
        )
        case, goal = f"{model}, TensorFlow alone", OVER_TENSORFLOW[model]
        measured.append(Measurement(PART, case, "images/s", "more", sides, goal=goal, cpu=cpu))
    return measured


def main() -> None:
    """Measure each model; exit with 1 if one misses a goal."""
    parser = record.parser(__doc__)
    parser.add_argument("--models", nargs="*", help="of params.yaml; all if left out")
    parser.add_argument("--against", nargs="*", choices=KERAS, default=list(KERAS))
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--seconds", type=float, default=8.0, help="a round's least length")
    parser.add_argument("--batches", type=int, help="an epoch's; if left out, as many as suit")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds, then given up")
    parser.add_argument(
        "--onednn-off",
        action="store_true",
        help="Keras on TensorFlow with the kernels that it chooses where AVX-512 is missing",
    )
    peers.option(parser)
    options = parser.parse_args()
    study = params.load()
    cells = measurable(study)
    wanted = options.models or list(cells)
    require_known(wanted, cells)
    environment = peers.find(options.peers, NEEDED)
    pythons, absent = interpreters(options.against, environment)
    note = "" if environment.absent else f"in the peers' environment {environment}"
    if TORCH in absent:
        print(f"without {TORCH}: {environment.absent} ({options.peers}); make it with")
        print(peers.how_to_make(options.peers))
    machine.warn_if_busy()
    with record.into(options.results) as take:
        for model in wanted:
            batches = options.batches or BATCHES_OF.get(model, BATCHES)
            sized = argparse.Namespace(**{**vars(options), "batches": batches})
            rates = measure(cells[model], sized, pythons, absent)
            share = PASSES * rates.gflop * max(rates.sides[PROJECT]) / max(rates.product)
            take(*measurements(model, rates, share, note))
