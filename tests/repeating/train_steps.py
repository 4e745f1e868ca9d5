"""A program: train networks of params.yaml for a few steps each and print what became of them.

`python train_steps.py [<model> ...]`, in a folder from which stages can be imported. Prints a JSON
object a line: the configuration, and the hash of all weights and of the history.
"""

import hashlib
import json
import sys

import numpy as np

from heatproof.config import params
from heatproof.config.params import Cell, Params
from heatproof.run import runtime
from heatproof.training.options import Schedule

STEPS = 2
CLASSES = 10
MIXUP = 0.2  # of what is augmented, so that every kind of change is among them


def configurations(study: Params, models: list[str]) -> dict[str, tuple[Cell, Schedule]]:
    """Return each model's batch sizes under any budget, with changed images and without.

    As few as have each size and both kinds of images, where a model has both.
    """
    found: dict[str, tuple[Cell, Schedule]] = {}
    for name in models:
        rows = [row for rows in study.models[name].schedules.values() for row in rows.items()]
        # The images of cifar10 are changed in every way, their colours too.
        rows.sort(key=lambda row: (not row[1].augment, row[0] != "cifar10"))
        missing = {fact for _, schedule in rows for fact in _facts(schedule)}
        while missing:
            dataset, schedule = max(rows, key=lambda row: len(missing & _facts(row[1])))
            missing -= _facts(schedule)
            architecture = study.models[name].architecture
            key = ", ".join([name, *sorted(_facts(schedule))])
            found[key] = Cell(model=name, dataset=dataset, architecture=architecture), schedule
    return found


def _facts(schedule: Schedule) -> set[str]:
    images = "changed images" if schedule.augment else "images as they are"
    return {f"batches of {schedule.batch_size}", images}


def trained(study: Params, cell: Cell, schedule: Schedule) -> str:
    """Train a fresh network for a few steps by the real loop; return the hash of the outcome."""
    import keras

    from heatproof.models.build import build_model
    from heatproof.training.loop import train

    keras.backend.clear_session()
    keras.utils.set_random_seed(study.seed)
    dataset, training = (
        study.datasets[cell.dataset],
        study.models[cell.model].training_under(schedule),
    )
    channels = len(dataset.normalisation.mean)
    side = {"digits": 16, "cifar10": 32}.get(cell.dataset, 28)
    wanted = STEPS * schedule.batch_size
    count = int(wanted / (1 - training.validation_fraction)) + 2 * CLASSES
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, side, side, channels), dtype=np.uint8)
    labels = np.arange(count, dtype=np.int64) % CLASSES
    network = build_model(
        study.model_copy(update={"cells": {"it": cell}}), "it", images.shape[1:], CLASSES
    )
    outcome = train(
        network,
        images,
        labels,
        training,
        schedule.model_copy(update={"epochs": 1, "train_images": wanted}),
        dataset.augmentation.model_copy(update={"mixup_alpha": MIXUP}),
        study.seed,
    )
    assert outcome.steps == STEPS
    digest = hashlib.sha256()
    for array in (*outcome.history.values(), *network.get_weights()):
        digest.update(array.tobytes())
    return digest.hexdigest()


def main() -> None:
    study = params.load()
    runtime.configure(study.threads, study.seed, training=True)
    models = sys.argv[1:] or list(study.models)
    for name, (cell, schedule) in configurations(study, models).items():
        print(json.dumps({name: trained(study, cell, schedule)}), flush=True)


if __name__ == "__main__":
    main()
