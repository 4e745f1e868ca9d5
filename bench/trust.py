"""What the trust measures take beyond the network itself: `python -m bench.trust`

For each network, with random weights and as many random images and maps as a cell's assessment has:
the seconds of all measures that perturb images (deletion, insertion, infidelity), beside those of
passing the same number of images, made beforehand, through the same network in its own best
batches. The two take turns. Exits with 1 where the measures take more than 1.3 times the passes.

Where a turn over all images would take longer than `--seconds`, it is over the first few of them:
as many maps, perturbations and batches per image, and the line has how many images it is of.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.trust")

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bench import limits, record
from bench.models import CLASSES, SHAPES, measurable
from bench.results import PROJECT, Measurement
from heatproof.attribution.core.sizes import resolved
from heatproof.config import params
from heatproof.run import runtime
from heatproof.trust.measure import BASELINES
from heatproof.trust.measures.faithfulness import faithfulness
from heatproof.trust.measures.infidelity import NOISE, infidelity, logit_changes
from heatproof.trust.perturbation import Predict
from heatproof.trust.random_perturbations import draw

MODELS = ("simple_cnn", "mobilenet_v2", "resnet18")
GOAL = 1.3
METHODS = 23  # those that give maps, and the controls


class Measured(NamedTuple):
    """Of how many images, how many were passed for them, and the seconds of both sides by round.

    gflop: products and sums of one image's pass, in units of 10⁹. cpu: the seconds of CPU time, of
    the measures and of the passes.
    """

    images: int
    passed: int
    gflop: float
    measures: list[float]
    bare: list[float]
    cpu: tuple[list[float], list[float]] = ([], [])


def main() -> None:
    """Measure each network; exit with 1 if the goal is missed."""
    parser = record.parser(__doc__)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0, help="a turn's greatest length")
    parser.add_argument("--methods", type=int, default=METHODS, help="how many maps per image")
    options = parser.parse_args()
    study = params.load()
    runtime.configure(study.threads, study.seed)
    cells = measurable(study)
    with record.into(options.results) as take:
        for model in options.models:
            timed = measure(study, cells[model], options.rounds, options.methods, options.seconds)
            take(
                Measurement(
                    "trust",
                    model,
                    "s",
                    "less",
                    {PROJECT: timed.measures, "bare passes": timed.bare},
                    goal=1 / GOAL,
                    shares=shares(timed, limits.known(options.results, limits.PRODUCT)),
                    note=f"of {timed.images} of {study.assess.images} images and "
                    f"{options.methods} maps each: {timed.passed:,} passes",
                    cpu=dict(zip((PROJECT, "bare passes"), timed.cpu, strict=True)),
                )
            )


def shares(timed: Measured, limit: float | None) -> dict[str, float]:
    """Return what the measures reach of the machine's products, if that limit is known.

    Args:
        timed: one network.
        limit: GFLOP/s.
    """
    if limit is None:
        return {}
    return {limits.PRODUCT: timed.passed * timed.gflop / min(timed.measures) / limit}


def measure(study: params.Params, cell: str, rounds: int, methods: int, seconds: float) -> Measured:
    """Time both sides, of as many images as a turn of `seconds` has room for, at least one."""

    from heatproof.attribution.core.network import Network
    from heatproof.models import cost
    from heatproof.models.build import build_model

    shape = SHAPES[study.cell(cell).dataset]
    model = build_model(study.run(cell), shape, CLASSES)
    network, gflop = Network(model), cost.flops(model) / 1e9
    random = np.random.default_rng(0)
    images = random.random((study.assess.images, *shape), np.float32)
    targets = network.logits(images).argmax(axis=1)
    maps = [random.standard_normal(images.shape[:3], np.float32) for _ in range(methods)]
    baselines = {name: random.random(images.shape, np.float32) for name in BASELINES}
    measures = study.assess.measures
    options = {
        name: resolved(getattr(measures, name), (shape[0], shape[1])).model_dump()
        for name in ("faithfulness", "infidelity")
    }
    passed = 0

    def counting(batch: np.ndarray) -> np.ndarray:
        nonlocal passed
        passed += len(batch)
        return network.logits(batch)

    def perturb(count: int, predict: Predict) -> None:
        """Measure the first images."""
        some = (
            images[:count],
            targets[:count],
            {f"method {number}": each[:count] for number, each in enumerate(maps)},
            {name: each[:count] for name, each in baselines.items()},
        )
        faithfulness(predict, *some, options["faithfulness"]["steps"], study.seed)
        drawn = draw(shape[:2], **options["infidelity"], seed=study.seed)
        changes = logit_changes(predict, some[0], some[1], some[3], drawn)
        infidelity(some[0], some[2], dict(zip((*BASELINES, NOISE), changes, strict=True)), drawn)

    perturb(1, counting)  # warm
    single, _ = _seconds(lambda: perturb(1, network.logits))
    count = min(len(images), max(1, int(seconds / single)))
    passed *= count
    ready = random.random((network.batch_size, *shape), np.float32)

    def pass_all() -> None:
        for start in range(0, passed, len(ready)):
            network.logits(ready[: passed - start])

    measures, bare = [], []
    for _ in range(rounds):
        measures.append(_seconds(lambda: perturb(count, network.logits)))
        bare.append(_seconds(pass_all))
    (wall, cpu), (bare_wall, bare_cpu) = (
        [list(of) for of in zip(*side, strict=True)] for side in (measures, bare)
    )
    return Measured(count, passed, gflop, wall, bare_wall, (cpu, bare_cpu))


def _seconds(function: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds of a call by the clock, and of CPU time."""
    started, used = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - started, time.process_time() - used
