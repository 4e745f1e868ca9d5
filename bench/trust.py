"""What the trust measures take beyond the network itself: `python -m bench.trust`

For each network, with random weights and as many random images and maps as a cell's assessment has:
the seconds of all measures that perturb images (deletion, insertion, infidelity), beside those of
passing the same number of images, made beforehand, through the same network in its own best
batches. The two take turns. Exits with 1 where the measures take more than 1.3 times the passes.
"""

import argparse
import resource
import statistics
import time

import numpy as np

from bench.train import CLASSES, SHAPES
from stages import command, params, runtime

MODELS = ("simple_cnn", "mobilenet_v2", "resnet18")
GOAL = 1.3
METHODS = 23  # those that give maps, and the controls


def main() -> None:
    """Print a line a network; exit with 1 if the goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--methods", type=int, default=METHODS, help="how many maps an image")
    options = parser.parse_args()
    study = params.load()
    runtime.configure(study.threads, study.seed)
    print("network       images passed  measures s  bare passes s  ratio (least to greatest)")
    missed = False
    for model in options.models:
        cell = next(
            name for name, each in study.cells.items()
            if each.model == model and each.dataset in SHAPES
        )  # fmt: skip
        passed, measured, bare = measure(study, cell, options.rounds, options.methods)
        ratios = sorted(m / b for m, b in zip(measured, bare, strict=True))
        best = min(measured) / min(bare)
        missed |= best > GOAL
        print(
            f"{model:14}{passed:13,}{min(measured):12.1f}{min(bare):15.1f}"
            f"{best:7.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}, "
            f"median {statistics.median(ratios):.2f}, goal {GOAL})",
            flush=True,
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"greatest memory of the process: {memory:.2f} GiB")
    raise SystemExit(1 if missed else 0)


def measure(
    study: params.Params, cell: str, rounds: int, methods: int
) -> tuple[int, list[float], list[float]]:
    """Return how many images were passed, and the seconds of both sides, one of each a round."""
    from stages.explainers.network import Network
    from stages.models.assembly import build_model
    from stages.trust.examination import Subject, of_maps

    shape = SHAPES[study.cell(cell).dataset]
    network = Network(build_model(study, cell, shape, CLASSES))
    random = np.random.default_rng(0)
    images = random.random((study.assess.images, *shape), np.float32)
    subject = Subject(
        images,
        network.logits(images).argmax(axis=1),
        {f"method {i}": random.standard_normal(images.shape[:3], np.float32)
         for i in range(methods)},
        {name: random.random(images.shape, np.float32) for name in ("black", "mean", "blurred")},
        None,
    )  # fmt: skip
    passed = 0

    def counting(batch: np.ndarray) -> np.ndarray:
        nonlocal passed
        passed += len(batch)
        return network.logits(batch)

    of_maps(subject, counting, study.assess, study.seed)  # warm
    ready = random.random((network.batch_size, *shape), np.float32)
    measured, bare = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        of_maps(subject, network.logits, study.assess, study.seed)
        measured.append(time.perf_counter() - started)
        started = time.perf_counter()
        for first in range(0, passed, len(ready)):
            network.logits(ready[: passed - first])
        bare.append(time.perf_counter() - started)
    return passed, measured, bare


if __name__ == "__main__":
    command.run(main)
