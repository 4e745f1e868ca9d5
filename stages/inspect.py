"""Inspect a prepared dataset. `python -m stages.inspect --dataset <dataset>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.inspect")

import argparse

from heatproof.config import params
from heatproof.datasets.quality.inspection import findings, inspect
from heatproof.storage import artifacts, origins


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Find duplicates within and between the training and test part of a dataset, "
        "and unusually dark, bright or blank images; write data/metrics/inspect/<dataset>.json and "
        "the pictures that the report shows, data/inspections/<dataset>.npz."
    )
    parser.add_argument("--dataset", required=True, help="its name in params.yaml")
    inspected(parser.parse_args().dataset)


def inspected(name: str) -> None:
    """Write data/metrics/inspect/<name>.json and data/inspections/<name>.npz.

    Raises:
        UserError: the dataset is unknown or was not prepared.
    """
    params.load().dataset(name)
    dataset = artifacts.read_dataset(name)
    images = len(dataset.train_labels) + len(dataset.test_labels)
    print(f"inspect {name}: comparing {images:,} images with each other", flush=True)
    content, pictures = inspect(dataset, origins.read(name))
    artifacts.write_inspection(name, pictures)
    artifacts.write_metrics("inspect", name, content)
    for line in findings(content):
        print(f"inspect {name}: {line}", flush=True)
