"""Train a cell once more from another seed. `python -m stages.train_twin --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.train_twin", uses="keras", check="heatproof.config.params:load")

import argparse
import time

from heatproof.config import params
from heatproof.run import tracking
from heatproof.storage import artifacts, weights
from stages.train import bundle_of, configure, settle, trained


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a cell once more from another seed.")
    parser.add_argument("--cell", required=True, help="a cell that params.yaml lists under twins")
    train_twin(parser.parse_args().cell)


def train_twin(cell: str) -> None:
    """Train a cell's twin: all as the cell's, the seed as params.yaml says under `twins`.

    The data are split into training and test part as for the cell itself; the start, the order,
    and which training images are held out for validation are the twin's own.

    Raises:
        UserError: the cell is unknown or has no twin, its data is missing, or training diverged.
    """
    study = params.load()
    twin = study.twin(cell)
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    configure(study, cell, twin.seed)
    used = {"seed": twin.seed, "threads": study.threads, "budget": study.budget}
    with tracking.run(stage="train_twin", cell=cell, params=used) as run:
        started = time.monotonic()
        bundle = bundle_of(study, cell, dataset, twin.seed, "twin")
        network, outcome = trained(
            study,
            cell,
            dataset,
            twin.seed,
            lambda numbers, epoch: run.log_metrics(numbers, step=epoch),
            bundle,
        )
        best = outcome.best
        metrics = {"seed": twin.seed, "val_accuracy": best["val_accuracy"]}
        timing = {"train_seconds": round(outcome.seconds_before + time.monotonic() - started, 3)}
        weights.save(cell, network, variant="twin")
        artifacts.write_metrics("train_twin", cell, metrics)
        artifacts.write_timing("train_twin", cell, timing)
        run.log_metrics(metrics | timing)
    settle(bundle)
