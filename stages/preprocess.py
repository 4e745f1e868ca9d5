"""Split a dataset and shuffle it by the seed. `python -m stages.preprocess --dataset <dataset>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.preprocess")

import argparse
from dataclasses import replace

import numpy as np

from heatproof.config import params
from heatproof.datasets.preparation import description, require_classes, split
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Split a fetched dataset, shuffle it by the seed of params.yaml, and write "
        "data/processed/<dataset>.npz and data/metrics/preprocess/<dataset>.json."
    )
    parser.add_argument("--dataset", required=True, help="its name in params.yaml")
    preprocess(parser.parse_args().dataset)


def preprocess(name: str) -> None:
    """Write data/processed/<name>.npz and data/metrics/preprocess/<name>.json.

    Raises:
        UserError: the dataset is unknown, was not fetched, has fewer than two classes, or classes
            that are too small to be split.
    """
    study = params.load()
    options = study.dataset(name).preprocess
    raw = artifacts.read_raw(name)
    require_classes(paths.raw(name), raw.class_names, raw.labels, len(raw.test_labels) > 0)
    dataset = split(raw, options.test_fraction, study.seed)
    if np.bincount(dataset.train_labels).max() < 2:
        raise UserError(
            f"{paths.raw(name)}: no class has two training images, so that there is none "
            "to validate with: add images, or lower "
            f"datasets.{name}.preprocess.test_fraction = {options.test_fraction} in params.yaml"
        )
    described = description(dataset)
    # The network's normalisation where params.yaml says `auto`: with the dataset, on which all
    # stages that build a network depend.
    moments = np.array([described["mean"], described["std"]])
    artifacts.write_dataset(name, replace(dataset, moments=moments))
    artifacts.write_metrics("preprocess", name, described)
