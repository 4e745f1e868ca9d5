"""A program: train networks of params.yaml for a few steps each and print what became of them.

`python train_steps.py [<model>]`, in a folder from which stages can be imported: that model once,
on changed images, or all in every configuration. Prints a JSON object a line: the configuration,
and the hash of all weights and of the history.
"""

import hashlib
import json
import sys
from typing import get_args

import numpy as np

from heatproof.config import params
from heatproof.config.models import DEFAULT, Budget
from heatproof.config.params import Params
from heatproof.config.runs import CellRun, Run
from heatproof.run import runtime

STEPS = 2
CLASSES = 10
MIXUP = 0.2  # of what is augmented, so that every kind of change is among them


def configurations(study: Params, models: list[str]) -> dict[str, Run]:
    """Return each model's batch sizes under any budget, with changed images and without.

    As few as have each size and both kinds of images, where a model has both.
    """
    chosen: dict[str, Run] = {}
    for name in models:
        rows = [run for budget in get_args(Budget) for run in _runs(study, name, budget)]
        # The images of cifar10 are changed in every way, their colours too.
        rows.sort(key=lambda run: (not run.schedule.augment, run.dataset != "cifar10"))
        missing = {fact for run in rows for fact in _facts(run)}
        while missing:
            run = max(rows, key=lambda row: len(missing & _facts(row)))
            missing -= _facts(run)
            chosen[", ".join([name, *sorted(_facts(run))])] = run
    return chosen


def _runs(study: Params, model: str, budget: Budget) -> list[Run]:
    """Resolve runs of a model on the datasets that it has schedules for or is a cell on."""
    datasets = {*study.models[model].schedules[budget]} - {DEFAULT}
    datasets |= {cell.dataset for cell in study.cells.values() if cell.model == model}
    runs = {name: CellRun(model=model, dataset=name) for name in sorted(datasets)}
    changed = study.model_copy(update={"budget": budget, "runs": runs})
    return [changed.run(name) for name in runs]


def _facts(run: Run) -> set[str]:
    images = "changed images" if run.schedule.augment else "images as they are"
    return {f"batches of {run.schedule.batch_size}", images}


def trained(run: Run) -> str:
    """Train a fresh network for a few steps by the real loop; return the hash of the outcome."""
    import keras

    from heatproof.models.build import build_model
    from heatproof.training.loop import train

    keras.backend.clear_session()
    keras.utils.set_random_seed(run.seed)
    channels = len(run.normalisation.mean)
    side = {"digits": 16, "cifar10": 32}.get(run.dataset, 28)
    wanted = STEPS * run.schedule.batch_size
    count = int(wanted / (1 - run.training.validation_fraction)) + 2 * CLASSES
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, side, side, channels), dtype=np.uint8)
    labels = np.arange(count, dtype=np.int64) % CLASSES
    network = build_model(run, images.shape[1:], CLASSES)
    outcome = train(
        network,
        images,
        labels,
        run.training,
        run.schedule.model_copy(update={"epochs": 1, "train_images": wanted}),
        run.augmentation.model_copy(update={"mixup_alpha": MIXUP}),
        run.seed,
    )
    assert outcome.steps == STEPS
    digest = hashlib.sha256()
    for array in (*outcome.history.values(), *network.get_weights()):
        digest.update(array.tobytes())
    return digest.hexdigest()


def main() -> None:
    study = params.load()
    runtime.configure(study.threads, study.seed, training=True)
    models = [name for name, model in study.models.items() if model.is_trained]
    chosen = configurations(study, sys.argv[1:] or models)
    for name, run in list(chosen.items())[: 1 if sys.argv[1:] else None]:
        print(json.dumps({name: trained(run)}), flush=True)


if __name__ == "__main__":
    main()
