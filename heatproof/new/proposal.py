"""What suits a folder of pictures: image size, models, schedules, and how long it will take."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from heatproof.config import params
from heatproof.new.inspection import Found
from heatproof.run import runtime

# Pictures up to this many pixels a side are taken as they are, and small networks suit them.
SMALL = 40
_SIDES = {"cpu": 96, "paper": 128, "best": 128}  # of larger ones, at most
_FOR_SMALL = ("simple_cnn", "baseline_cnn", "mobilenet_v2")
_FOR_LARGE = ("simple_cnn", "mobilenet_v2")
# From this many training pictures on, the models' own schedules have steps enough.
_MANY = 20_000
_STEPS = 1500  # of an optimiser, that a network on few pictures gets
_MAX_EPOCHS = 60
_FEW_TO_VALIDATE = 100  # stopping early by fewer would be stopping by chance
_TIMED = 32  # pictures of a batch


@dataclass(frozen=True)
class Choice:
    """height, width: of what the networks see, in pixels. colour: rgb or gray."""

    height: int
    width: int
    colour: str
    models: tuple[str, ...]
    budget: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, 3 if self.colour == "rgb" else 1


def chosen(
    found: Found, budget: str, size: int | None = None, models: Sequence[str] = ()
) -> Choice:
    """Return what suits pictures; a size (of both sides) and models that are given are kept."""
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
    named = tuple(models) or (_FOR_SMALL if max(height, width) <= SMALL else _FOR_LARGE)
    return Choice(height, width, "gray" if found.grey else "rgb", named, budget)


def augmentation(choice: Choice) -> dict[str, object]:
    """Return what may change in a training picture: a digit's mirror image is no digit."""
    shift = max(1, min(choice.height, choice.width) // 16)
    photographs = choice.colour == "rgb" and max(choice.height, choice.width) > SMALL
    return {"shift_pixels": shift, **({"flip": True} if photographs else {})}


def schedule(images: int, test_fraction: float, validation_fraction: float) -> str:
    """Return a schedule for few pictures, as YAML; empty where the models' own will do.

    Args:
        images: all there are, test part included.
        test_fraction: share of them to test with.
        validation_fraction: share of the rest to validate with.
    """
    training = images * (1 - test_fraction)
    if training >= _MANY:
        return ""
    batch = 16 if training < 500 else 32
    epochs = max(3, min(_MAX_EPOCHS, round(_STEPS * batch / training)))
    patience = (
        ", training: {early_stopping_patience: 0}"
        if training * validation_fraction < _FEW_TO_VALIDATE else ""
    )  # fmt: skip
    return f"{{epochs: {epochs}, batch_size: {batch}, augment: true{patience}}}"


def seconds_to_train(file: Path, cells: Sequence[str], shape, classes: int, images: int) -> dict:
    """Return how long each cell will be trained here, in seconds, from one timed step.

    Args:
        file: the study's params.yaml.
        cells: their names.
        shape: height, width and channels of what the networks see.
        classes: how many.
        images: how many there are to train with.
    """
    import numpy as np

    study = params.load(file)
    runtime.configure(study.threads, study.seed)
    import keras

    from heatproof.models.build import build_model

    pictures = np.random.default_rng(0).random((_TIMED, *shape), dtype=np.float32)
    labels = np.zeros(_TIMED, dtype=np.int64)
    seconds = {}
    for cell in cells:
        run = study.run(cell)
        network = build_model(run, shape, classes)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        network.compile("adam", loss, jit_compile=runtime.compiles())
        network.train_on_batch(pictures, labels)  # traced, not timed
        start = time.perf_counter()
        network.train_on_batch(pictures, labels)
        step = time.perf_counter() - start
        used = (
            min(images, run.schedule.train_images)
            if isinstance(run.schedule.train_images, int)
            else images
        )
        seconds[cell] = step / _TIMED * used * run.schedule.epochs
    return seconds
