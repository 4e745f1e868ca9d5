"""What suits a folder of pictures: image size, models, schedules, and how long it will take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatproof.config import params
from heatproof.config.models import Budget
from heatproof.config.runs import Run
from heatproof.datasets.options import Normalisation
from heatproof.new.inspection import Found
from heatproof.run import runtime

if TYPE_CHECKING:
    import keras

# Pictures up to this many pixels a side are taken as they are, and small networks suit them.
SMALL = 40
_SIDES = {"cpu": 96, "paper": 128, "best": 128}  # of larger ones, at most
_FOR_SMALL = ("simple_cnn", "baseline_cnn", "mobilenet_v2")
_FOR_LARGE = ("simple_cnn", "mobilenet_v2")
PRETRAINED = "efficientnet_lite0"
_FOR_FEW_LARGE = (PRETRAINED, "simple_cnn")
# From this many training pictures on, the models' own schedules have steps enough.
_MANY = 20_000
_STEPS = 1500  # of an optimiser, that a network on few pictures gets
_EPOCHS = 60  # are enough for it,
_MIN_STEPS, _MAX_EPOCHS = 400, 150  # unless these are fewer steps; then so many epochs at most
# Of so many test pictures an accuracy's 95 % interval is 14 points wide at 50 %, 8 at 90 %.
FEW_TESTED = 200
_FOLDS, REPEATS = 5, 2
# How long cross-validation of a cell may take, and what a run takes beside its training.
_CROSS_VALIDATION_SECONDS = {"cpu": 300, "paper": 1800, "best": 1800}
RUN_SECONDS = 10
USUAL_BATCH = 32  # pictures


@dataclass(frozen=True)
class Choice:
    """height, width: of what the networks see, in pixels. colour: rgb or gray."""

    height: int
    width: int
    colour: str
    models: tuple[str, ...]
    budget: Budget

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, 3 if self.colour == "rgb" else 1


def chosen(
    found: Found,
    budget: Budget,
    size: int | None = None,
    models: Sequence[str] = (),
    pretrained: bool = False,
) -> Choice:
    """Return what suits pictures.

    Args:
        found: the pictures.
        budget: under which networks are trained.
        size: of both sides, in pixels, kept if given.
        models: likewise.
        pretrained: whether pictures are so few that large ones want a pretrained network, and its
            weights are there.
    """
    width, height = found.only_size or (found.short_side, found.short_side)
    side = max(width, height)
    most = SMALL if side <= SMALL else _SIDES[budget]
    if size is not None:
        height = width = size
    elif side > most or not found.only_size:
        # A multiple of 8 is halved three times without a remainder.
        height, width = (max(8, min(each, most) // 8 * 8) for each in (height, width))
        if found.only_size is None:
            height = width = min(height, width)
    for_large = _FOR_FEW_LARGE if pretrained else _FOR_LARGE
    named = tuple(models) or (_FOR_SMALL if max(height, width) <= SMALL else for_large)
    return Choice(height, width, "gray" if found.grey else "rgb", named, budget)


def augmentation(found: Found, choice: Choice) -> str:
    """Return the preset that suits: photographs of things may be mirrored, digits may not."""
    characters = len(found.counts) >= 10 and all(len(name) == 1 for name in found.counts)
    return "digits" if choice.colour == "gray" or characters else "objects"


def batch_size(training: int, default: Mapping[str, Any]) -> int:
    """Return the batch for so many training pictures, were there memory for any.

    Few pictures need smaller batches for as many steps; a schedule with a `head` suits any number.
    """
    if training >= _MANY or default["head"]:
        return default["batch_size"]
    return 8 if training < 100 else 16 if training < 500 else USUAL_BATCH


def schedule(
    training: int, chosen_by_validation: bool, default: Mapping[str, Any], largest: int
) -> str:
    """Return a schedule for few or large pictures, as YAML; empty where the model's own will do.

    Args:
        training: pictures to train with, those to validate with included.
        chosen_by_validation: whether there are enough of these to choose an epoch by. Where not,
            the last epoch's weights count, and the learning rate should have come down by then.
        default: the model's default schedule.
        largest: batch of pictures that fits into memory.
    """
    batch = min(batch_size(training, default), largest)
    if training >= _MANY or default["head"]:
        return f"{{batch_size: {batch}}}" if default["batch_size"] > batch else ""
    needed, enough = (round(n * batch / max(training, 1)) for n in (_MIN_STEPS, _STEPS))
    epochs = max(3, min(_EPOCHS, enough), min(_MAX_EPOCHS, needed))
    falls = chosen_by_validation or default["decay"] in ("cosine", "one_cycle")
    settled = "" if falls else ", decay: cosine"
    return f"{{epochs: {epochs}, batch_size: {batch}, augment: true{settled}}}"


def cross_validation(
    found: Found, test_fraction: float, seconds: float, budget: str
) -> tuple[int, int, float]:
    """Return how a cell is cross-validated where few test pictures say little of its accuracy.

    Args:
        found: the pictures.
        test_fraction: of them, to test with where the user has no split.
        seconds: that one training takes.
        budget: under which it is to be trained.

    Returns:
        folds, 0 where it is not worth it or cannot be; repetitions, 0 where even one takes too
        long; and how long they take, one at least, in seconds.
    """
    training = found.to_train_with(test_fraction)
    tested = found.tested or found.images - sum(training.values())
    folds = min(_FOLDS, *training.values())
    if found.groups:
        # Of the groups to train with one fold is left out, and two are needed: one validates.
        folds = min(folds, round(found.groups * (1 - test_fraction)) - 2)
    if tested >= FEW_TESTED or folds < 2:
        return 0, 0, 0.0
    once = folds * (seconds * (folds - 1) / folds + RUN_SECONDS)
    repeats = min(REPEATS, int(_CROSS_VALIDATION_SECONDS[budget] // once))
    return folds, repeats, once * max(repeats, 1)


def largest_batches(
    file: Path, cells: Sequence[str], shape: tuple[int, int, int], classes: int
) -> dict[str, int]:
    """Return how many pictures a training step of each cell may have, for memory.

    Of a pretrained network only the last layers may be trained, and the others keep nothing.

    Args:
        file: the study's params.yaml.
        cells: their names.
        shape: height, width and channels of what the networks see.
        classes: how many.
    """
    networks = built(file, cells, shape, classes)
    from heatproof.models import memory
    from heatproof.training import transfer

    for run, network in networks.values():
        if run.schedule and run.schedule.head:
            transfer.freeze(network, run.schedule.head.trained_layers)
    return {cell: memory.images_per_step(network) for cell, (_, network) in networks.items()}


def built(
    file: Path, cells: Sequence[str], shape: tuple[int, int, int], classes: int
) -> dict[str, tuple[Run, "keras.Model"]]:
    """Return each cell's run and its network, untrained."""
    study = params.load(file)
    runtime.configure(study.threads, study.seed)
    from heatproof.models.build import build_model

    networks = {}
    for cell in cells:
        # What `auto` stands for is known when the pictures are prepared; it takes no longer.
        any_numbers = Normalisation(mean=[0.5], std=[0.25])
        run = study.run(cell).model_copy(update={"normalisation": any_numbers})
        networks[cell] = run, build_model(run, shape, classes)
    return networks
