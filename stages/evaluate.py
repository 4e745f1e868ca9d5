"""Evaluate a trained run on the test images: metrics, predictions, and how fast it answers.

A run that left out a fold of the training part (cross-validation) is evaluated on that fold.

Reads data/processed/<dataset>.npz, the images in data/raw/<dataset>, data/models/<run>.weights.h5
and what the training came to; writes data/predictions/<run>.npz and .csv, the metrics in
data/metrics/evaluate/<run>.json, their headline in metrics/evaluate/<run>.json and, apart because
it never repeats, data/timing/evaluate/<run>.json.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.evaluate", uses="keras", check="heatproof.config.arguments:check")

import argparse
import time

from heatproof.config import params
from heatproof.datasets.parts import evaluated_part
from heatproof.evaluation import figures, results, table
from heatproof.models.build import trained_network
from heatproof.run import runtime, tracking
from heatproof.storage import artifacts, confusions, paths, tables


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Evaluate a trained run: accuracy with its interval, precision, recall, F1, "
        "confusions, calibration, predictions as CSV, cost. "
        "`dvc repro evaluate@RUN` does it with all that it needs.",
    )
    parser.add_argument(
        "--run",
        required=True,
        metavar="RUN",
        help="a run of params.yaml; a cell's own is called as the cell, such as simple_cnn-mnist",
    )
    evaluate(parser.parse_args().run)


def evaluate(name: str) -> None:
    """Evaluate the run called `name` and write what is described above.

    Raises:
        UserError: the run is unknown, a file is missing or damaged, or the weights are of
            another network.
    """
    started = time.perf_counter()
    study = params.load()
    run = study.run(name)
    data = artifacts.read_dataset(run.dataset)
    used = run.model_dump(include={"threads", "network", "normalisation", "training"})
    used |= {"evaluate": study.evaluate}
    with tracking.run("evaluate", name, used, run.cell) as tracked:
        runtime.configure(study.threads, study.seed)
        images, labels = evaluated_part(run, data)
        network = trained_network(run, images.shape[1:], len(data.class_names))
        which = "test images" if run.fold is None else "images of its fold"
        print(f"evaluate {name}: {len(images)} {which}", flush=True)
        predictions, metrics, speed = results.of_run(study, run, data, network, (images, labels))
        if run.schedule is not None:
            training = artifacts.read_metrics("train", name, ("val_accuracy", "epochs_run"))
            metrics |= {"val_accuracy": training["val_accuracy"], "epochs": training["epochs_run"]}

        artifacts.write_predictions(name, predictions)
        tables.write_table(paths.predictions_csv(name), table.predictions_table(predictions))
        artifacts.write_metrics("evaluate", name, metrics, brief=run.counts_with_others)
        seconds = time.perf_counter() - started
        timing = {"inference_ms_per_image": speed, "evaluate_seconds": seconds}
        artifacts.write_timing("evaluate", name, timing)

        tracked.log_results(metrics | timing, paths.metrics("evaluate", name))
        if name == run.cell:
            headline = artifacts.HEADLINES["evaluate"]
            tracked.log_headline({key: metrics[key] for key in headline if key in metrics})
        matrix = confusions.matrix(metrics["confusion_test"], len(data.class_names))
        tracked.log_figure(lambda: figures.confusion(matrix, data.class_names), "confusion.png")
        tracked.log_figure(lambda: figures.reliability(metrics["reliability"]), "reliability.png")
    # A fold, or a draw of few images, says too little alone; its cell's report joins them all.
    for line in results.summary(metrics)[: 1 if run.counts_with_others else None]:
        print(f"evaluate {name}: {line}")
