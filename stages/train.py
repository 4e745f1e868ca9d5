"""Train a run: weights, history and what it took. `python -m stages.train --run <run>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.train", uses="keras", check="heatproof.config.arguments:check")

import argparse
import time
from typing import Any

from heatproof.attribution.registry import refuse_unknown_layers
from heatproof.config import params
from heatproof.models.builtin_layers import plain
from heatproof.run import tracking
from heatproof.storage import artifacts, paths, resuming, tables, weights
from heatproof.training import runs
from heatproof.training.labels import with_labels_of
from heatproof.training.loop import Outcome


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a model on a dataset.")
    parser.add_argument(
        "--run", required=True, help="a run of params.yaml; a cell's own is called as the cell"
    )
    train(parser.parse_args().run)


def train(name: str) -> None:
    """Train a run as params.yaml says, and write its weights, history, metrics and timing.

    Raises:
        UserError: the run is unknown, its data is missing, a method is to explain a layer that it
            does not have, or its training diverged.
    """
    study = params.load()
    run = study.run(name)
    stored = artifacts.read_dataset(run.dataset)
    runs.configure(run)
    used = run.model_dump(exclude={"name", "cell"}) | {"budget": run.budget}
    with tracking.run("train", name, used, run.cell) as tracked:
        started = time.monotonic()
        dataset = with_labels_of(run, stored)
        network, outcome = runs.train_run(
            run,
            dataset,
            lambda numbers, epoch: tracked.log_metrics(numbers, step=epoch),
            runs.checkpoint_of(run, dataset),
            # A name that no network has is told now, not after hours.
            lambda network: refuse_unknown_layers(network, study.explain.methods),
        )
        seconds = outcome.seconds_before + time.monotonic() - started
        metrics, timing = runs.metrics_of(outcome, run), runs.timing_of(outcome, seconds)
        weights.save(name, network)
        tables.write_table(paths.history(name), outcome.history)
        artifacts.write_metrics("train", name, metrics)
        artifacts.write_timing("train", name, timing)
        best = {f"best_{k}" if k in outcome.best else k: v for k, v in metrics.items()}
        tracked.log_results(best | timing, paths.metrics("train", name))
        tracked.log_artifact(paths.history(name))
        tracked.log_figure(lambda: curves(outcome), "training_curves.png")
        if name == run.cell:
            tracked.log_headline(timing)
            shape, classes = dataset.train_images.shape[1:], len(dataset.class_names)
            tracked.log_model(lambda path: plain(network).save(path), shape, classes)
    resuming.finish_checkpoint(name)


def curves(outcome: Outcome) -> Any:
    # Imported when a tracked run wants it: a machine that only trains need not have matplotlib.
    from heatproof.evaluation.figures import training_curves

    return training_curves(outcome.history)
