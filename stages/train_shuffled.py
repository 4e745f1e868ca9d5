"""Train a cell on labels without meaning. `python -m stages.train_shuffled --cell <cell>`

Label randomisation, Adebayo et al. 2018, "Sanity Checks for Saliency Maps"
(https://arxiv.org/abs/1810.03292), section 3.2: a network that learned nothing of the classes
should be explained otherwise than one that did.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.train_shuffled", uses="keras", check="heatproof.config.params:load")

import argparse
import time
from dataclasses import replace

import numpy as np

from heatproof.config import params
from heatproof.run import tracking
from heatproof.storage import artifacts, weights
from heatproof.storage.artifacts import SHUFFLED
from stages.train import bundle_of, configure, settle, trained


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a cell on randomly permuted labels.")
    parser.add_argument(
        "--cell", required=True, help="a cell that params.yaml lists under shuffled"
    )
    train_shuffled(parser.parse_args().cell)


def train_shuffled(cell: str) -> None:
    """Train a cell's network on permuted training labels; write its weights, metrics and timing.

    All but the labels and the seed is as the cell's. The seed, which params.yaml gives under
    `shuffled`, decides the permutation, the start, the order and the validation part: a shared
    start would keep the two networks' maps alike for a reason that has nothing to do with labels.
    With a twin's seed, the network differs from the twin in nothing but the labels.

    The schedule is the cell's too: the network sees as much as the trained one did. That is not
    long enough to learn the labels by heart, as Adebayo et al. made theirs do (over 95 % training
    accuracy): `accuracy` among the metrics says how far it came.

    Raises:
        UserError: the cell is unknown or not listed, its data is missing, or training diverged.
    """
    study = params.load()
    shuffled = study.shuffled_cell(cell)
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    configure(study, cell, shuffled.seed)
    from heatproof.evaluation import inference

    meaningless = replace(dataset, train_labels=permuted(dataset.train_labels, shuffled.seed))
    used = {"seed": shuffled.seed, "threads": study.threads, "budget": study.budget}
    with tracking.run(stage="train_shuffled", cell=cell, params=used) as run:
        started = time.monotonic()
        bundle = bundle_of(study, cell, meaningless, shuffled.seed, SHUFFLED)
        network, outcome = trained(
            study,
            cell,
            meaningless,
            shuffled.seed,
            lambda numbers, epoch: run.log_metrics(numbers, step=epoch),
            bundle,
        )
        timing = {"train_seconds": round(outcome.seconds_before + time.monotonic() - started, 3)}
        weights.save(cell, network, variant=SHUFFLED)
        logits = inference.logits(inference.compiled_forward(network), dataset.test_images)
        best = outcome.best
        metrics = {
            "seed": shuffled.seed,
            "accuracy": best["accuracy"],
            "val_accuracy": best["val_accuracy"],
            "test_accuracy": float((logits.argmax(axis=1) == dataset.test_labels).mean()),
            "labels_kept": float((meaningless.train_labels == dataset.train_labels).mean()),
        }
        artifacts.write_metrics("train_shuffled", cell, metrics)
        artifacts.write_timing("train_shuffled", cell, timing)
        print(
            f"{cell} on shuffled labels: accuracy {best['accuracy']:.4f} on them, "
            f"{metrics['test_accuracy']:.4f} on the test images' true ones",
            flush=True,
        )
        run.log_metrics(metrics | timing)
    settle(bundle)


def permuted(labels: np.ndarray, seed: int) -> np.ndarray:
    """Return the same labels in a random order, int64 (n,): as many of each class as before."""
    return np.random.default_rng(seed).permutation(labels)
