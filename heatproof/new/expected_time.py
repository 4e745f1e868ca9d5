"""How long each stage of a new study will take on this machine, from a few timed passes.

Of each network one training step, passes forward and passes with a gradient are timed here; how
many of them a stage takes, methods and measures say in their records (`passes`). What is done
beside the network is not counted, so this is an estimate, and says so.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.method import ATTENTION, Method, Passes
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from heatproof.config.params import Params
from heatproof.crosscheck.checks import chosen
from heatproof.crosscheck.subject import options_of
from heatproof.new import examples, proposal
from heatproof.run import runtime
from heatproof.statistics.numbers import duration
from heatproof.storage import stage_seconds
from heatproof.training.options import Schedule
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import Work
from heatproof.trust.registry import FAMILIES

if TYPE_CHECKING:
    import keras

_PIXELS = 32 * 96**2  # of a batch that is timed: a pass of large images takes long
TRAIN = "train"
_EPOCH = 0.08  # seconds of an epoch beside its steps: validation, the checkpoint
_START = 4.0  # seconds of a stage beside its passes: to begin, compare maps, write what it has


@dataclass(frozen=True)
class Speed:
    """Seconds: of an image in a training step, forward and with a gradient; to make a graph.

    A step is that of the layers which are trained. attends: whether the network is one of those
    that methods of attention are for.
    """

    step: float
    forward: float
    gradient: float
    tracing: float
    attends: bool = False

    def seconds(self, passes: Passes, graphs: int = 0) -> float:
        """Return how long passes take, and the graphs that are made for them."""
        time_of_passes = passes.forward * self.forward + passes.gradients * self.gradient
        return _START + time_of_passes + graphs * self.tracing


Stages = dict[str, float]  # of a cell: its stages' names -> seconds


def line(cell: tuple[str, Stages]) -> str:
    """Say how long a cell and each of its stages will take."""
    name, stages = cell
    each = ", ".join(f"{stage} {duration(seconds)}" for stage, seconds in stages.items())
    return f"{name}: about {duration(sum(stages.values()))} ({each})"


def begin_with(study: Path, cells: Mapping[str, Stages]) -> None:
    """Let a new study's first run say how much time is left, by what is expected of its cells.

    Of what is not estimated, such as fetching, as the demo takes, until one has run here.
    """
    stage_seconds.expect(examples.EXAMPLES / "digits", study)
    for cell, stages in cells.items():
        saved = {} if TRAIN in stages else {"open": _START, "evaluate_saved": stages["evaluate"]}
        for stage, seconds in (stages | saved).items():
            stage_seconds.record(f"{stage}@{cell}", seconds, study)


def of_cells(
    file: Path,
    cells: Iterable[str],
    shape: tuple[int, int, int],
    training: Mapping[str, int],
    tests: int,
) -> dict[str, Stages]:
    """Return how long each stage of each cell will take here, in seconds.

    Args:
        file: the study's params.yaml.
        cells: their names.
        shape: height, width and channels of what the networks see.
        training: how many images of each class there are to train and to validate with.
        tests: how many to test with.
    """
    study, stages = params.load(file), {}
    for cell, (run, model) in proposal.built(file, list(cells), shape, len(training)).items():
        if run.schedule and run.schedule.head:
            from heatproof.training import transfer

            transfer.freeze(model, run.schedule.head.trained_layers)
        speed = timed(model, shape, run.schedule.batch_size if run.schedule else None)
        stages[cell] = of_stages(study, cell, speed, shape, training, tests)
    return stages


def of_stages(
    study: Params,
    cell: str,
    speed: Speed,
    shape: tuple[int, int, int],
    training: Mapping[str, int],
    tests: int,
) -> Stages:
    """Return the seconds that each stage of a cell will take, see `of_cells`."""
    schedule, size = study.run(cell).schedule, shape[:2]
    images, classes = sum(training.values()), len(training)
    stages: Stages = {}
    if schedule:
        stages[TRAIN] = _training(schedule, speed, images)
    passed = tests + min(images, study.evaluate.train_images)
    stages["evaluate"] = speed.seconds(Passes(forward=passed), 1)
    # Of each class so many, of which those that are wrong are explained for two classes.
    wanted, (minimum, maximum) = study.explain.images, study.explained_images
    right, wrong = classes * wanted.right_per_class, classes * wanted.wrong_per_class
    images = min(tests, maximum, max(minimum, right + wrong))
    rows = images * (1 + wrong / max(1, right + wrong))
    for family in STAGE_FAMILIES:
        each = [
            method.passes(resolved(options, size), size)
            for method, options in _suited(getattr(study.explain, family), speed)
        ]
        stages[f"explain_{family}"] = speed.seconds(sum(each, Passes()) * rows, len(each))
    maximised = study.explain.features.maximisation
    sought = maximised.layers * study.explain.features.channels + min(classes, maximised.classes)
    stages["explain_features"] = speed.seconds(
        Passes(min(tests, study.explain.features.dead.images), sought * maximised.steps),
        maximised.layers,
    )
    searched = study.explain.counterfactual
    stages["explain_counterfactual"] = speed.seconds(
        Passes(gradients=min(images, searched.images) * searched.steps), 2
    )
    stages["playground"] = speed.seconds(Passes())
    for family in STAGE_FAMILIES:
        stages[f"measure_{family}"] = _measured(
            study, family, speed, size, min(images, study.assess.images)
        )
    stages["crosscheck"] = _crosschecked(study, speed, size)
    return stages


def _training(schedule: Schedule, speed: Speed, images: int) -> float:
    most = schedule.train_images if isinstance(schedule.train_images, int) else images
    trained = min(images, most)
    seconds = _START + schedule.epochs * (speed.step * trained + _EPOCH)
    if schedule.head:  # features take a pass forward
        copies = schedule.head.copies if schedule.augment else 1
        seconds += copies * trained * speed.forward + schedule.head.epochs * _EPOCH
    return seconds


def _crosschecked(study: Params, speed: Speed, size: tuple[int, int]) -> float:
    records = registry.methods()
    checked = {name: records[name] for name in chosen(study) if name in records}
    each = [method.passes(options_of(study, method, size), size) for method in checked.values()]
    climbs = Passes(gradients=2 * study.explain.features.maximisation.steps)
    images = resolved(study.crosscheck, size).images
    # A library makes its graphs at each call; ours, theirs and draws of both take about six calls.
    return speed.seconds((sum(each, Passes()) * 6 + climbs) * images, 2 * images * len(checked))


def _measured(
    study: Params, family: str, speed: Speed, size: tuple[int, int], images: int
) -> float:
    slow_images = min(images, resolved(study.assess.slow_methods, size).images)
    explain, fast = Passes(), Passes()
    again = registry.options_again(getattr(study.explain, family), size)
    suited = list(_suited(again, speed))
    for method, options in suited:
        passes = method.passes(options, size)
        if method.cost == "slow":
            explain += passes * slow_images
        else:
            explain, fast = explain + passes * images, fast + passes * images
    # What is the same for every family, the controls among it, is measured with the first.
    first = family == STAGE_FAMILIES[0]
    maps = len(suited) + (len(CONTROLS) if first else 0)
    differentiable = sum(method.tensor_map is not None for method, _ in suited)
    work = Work(images, maps, explain, fast, first, differentiable)
    total = Passes()
    for name, measures in FAMILIES.items():
        options = getattr(study.assess.measures, name, None)
        if options is not None:
            total += measures.passes(resolved(options, size), work)
    return speed.seconds(total, len(suited))


def _suited(listed: Mapping[str, Any], speed: Speed) -> Iterator[tuple[Method, Any]]:
    """Give the methods that are listed, with their options, but for those of other networks.

    See `Method.suits`.
    """
    records = registry.methods()
    for name, options in listed.items():
        if speed.attends or records[name].needs != ATTENTION:
            yield records[name], options


def timed(model: "keras.Model", shape: tuple[int, int, int], largest: int | None) -> Speed:
    """Time one network: each kind of pass twice, of which the first makes its graph.

    Args:
        model: not trained; it is compiled here.
        shape: height, width and channels of its images.
        largest: batch of a training step that fits into memory; None: it is not trained.
    """
    import keras

    from heatproof.attribution.core.network import Network

    batch = int(np.clip(_PIXELS // (shape[0] * shape[1]), 4, proposal.USUAL_BATCH))
    batch = batch if largest is None else min(largest, batch)
    pictures = np.random.default_rng(0).random((batch, *shape), dtype=np.float32)
    labels = np.zeros(batch, dtype=np.int64)
    network = Network(model)
    step = 0.0
    if largest is not None:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, jit_compile=runtime.compiles())
        _, step = _twice(lambda: model.train_on_batch(pictures, labels))
    _, forward = _twice(lambda: network.logits(pictures))
    tracing, gradient = 0.0, 0.0  # of a network that has none, no method takes any
    if not network.opaque:
        tracing, gradient = _twice(lambda: network.score_gradients(pictures, labels))
    attends = bool(network.attends)
    return Speed(step / batch, forward / batch, gradient / batch, tracing, attends)


def _twice(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that the first call took more than the second, and the second's."""
    start = time.perf_counter()
    work()
    middle = time.perf_counter()
    work()
    second = time.perf_counter() - middle
    return max(0.0, middle - start - second), second
