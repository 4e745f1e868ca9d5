"""Train a cell from further seeds: how much of its numbers is chance.

`python -m stages.train_seeds --cell <cell>`

A seed decides the start, the order, the validation part and the random changes of images; the split
into training and test part is the cell's in all of them. The networks are measured and forgotten.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.train_seeds", uses="keras", check="heatproof.config.params:load")

import argparse
import time
from typing import TYPE_CHECKING

import numpy as np

from heatproof.config import params
from heatproof.evaluation import classification, inference
from heatproof.run import tracking
from heatproof.statistics.spread import spread
from heatproof.storage import artifacts
from heatproof.storage.records import Dataset, Predictions
from stages.train import bundle_of, configure, settle, trained

if TYPE_CHECKING:
    from heatproof.training.checkpoints import Bundle


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a cell from further seeds.")
    parser.add_argument("--cell", required=True, help="a cell that params.yaml lists under seeds")
    train_seeds(parser.parse_args().cell)


def train_seeds(cell: str) -> None:
    """Train a cell once for each seed that params.yaml gives under `seeds`; write the spread.

    Raises:
        UserError: the cell is unknown or not listed, its data or its own predictions are missing,
            or a training diverged.
    """
    study = params.load()
    seeds = study.seeds_of(cell)
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    found = {study.seed: numbers(artifacts.read_predictions(cell))}
    configure(study, cell, study.seed)
    used = {"seeds": seeds, "threads": study.threads, "budget": study.budget}
    with tracking.run(stage="train_seeds", cell=cell, params=used) as run:
        started = time.monotonic()
        bundles = {seed: bundle_of(study, cell, dataset, seed, f"seed{seed}") for seed in seeds}
        for seed, bundle in bundles.items():
            found[seed] = numbers(_predictions(study, cell, dataset, seed, bundle))
            print(f"{cell} from seed {seed}: accuracy {found[seed]['accuracy']:.4f}", flush=True)
        timing = {"train_seconds": round(time.monotonic() - started, 3)}
        summary = {
            name: spread([each[name] for each in found.values()]) for name in found[study.seed]
        }
        artifacts.write_metrics("train_seeds", cell, {"seeds": list(found), **summary})
        artifacts.write_timing("train_seeds", cell, timing)
        for name, values in summary.items():
            run.log_metrics({f"{name}_{what}": value for what, value in values.items()})
        run.log_metrics(timing)
    # Not earlier: after an interruption, a training that was done is not done again.
    for bundle in bundles.values():
        settle(bundle)


def numbers(predictions: Predictions) -> dict[str, float]:
    """Return what is compared between seeds, of the test images."""
    labels, predicted = predictions.labels, predictions.predicted
    return {
        "accuracy": classification.accuracy(labels, predicted),
        "macro_f1": classification.macro(labels, predicted)["macro_f1"],
        "loss": classification.cross_entropy(labels, predictions.logits),
    }


def _predictions(
    study: params.Params, cell: str, dataset: Dataset, seed: int, bundle: "Bundle"
) -> Predictions:
    import keras

    keras.utils.set_random_seed(seed)
    network, _ = trained(study, cell, dataset, seed, lambda numbers, epoch: None, bundle)
    logits = inference.logits(inference.compiled_forward(network), dataset.test_images)
    keras.backend.clear_session()
    return Predictions(np.asarray(dataset.test_labels), logits, dataset.class_names)
