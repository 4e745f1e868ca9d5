"""Datasets that tests make in memory, written as the fetch and preprocess stages leave them."""

from dataclasses import replace

from heatproof.storage import artifacts
from heatproof.storage.records import Dataset, RawDataset


def write(name: str, dataset: Dataset) -> None:
    """Write data/raw/<name> and data/processed/<name>.npz into the current folder."""
    raw = RawDataset(
        dataset.train_images,
        dataset.train_labels,
        dataset.test_images,
        dataset.test_labels,
        dataset.class_names,
        test_masks=dataset.test_masks,
    )
    artifacts.write_raw(name, raw)
    stored = artifacts.read_raw(name)
    of_files = replace(
        dataset,
        train_images=stored.images,
        test_images=stored.test_images,
        test_masks=stored.test_masks,
    )
    artifacts.write_dataset(name, of_files)
