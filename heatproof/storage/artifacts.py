"""What stages hand on by files: the only reader and writer of them, but for `weights`.

Files are atomic and byte-stable (see `atomic` and `formats`), and lie where `paths` says.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.config.runs import SHUFFLED
from heatproof.run import peak_memory, provenance
from heatproof.run.errors import UserError
from heatproof.storage import dataset_files, explanation_arrays, fields, paths, stage_memory
from heatproof.storage.formats import (
    read_arrays,
    read_object,
    read_record,
    require_keys,
    write_arrays,
    write_json,
    write_record,
)
from heatproof.storage.records import Dataset, Explanations, Predictions, RawDataset

COMMON = "common"  # beside the families, of what is measured
RUN = "run"  # beside a stage's durations: what it ran on

# What a person wants to see of each stage at a glance: the numbers of a stage that metrics/ shows.
HEADLINES = {
    "evaluate": (
        *("accuracy", "accuracy_low", "accuracy_high", "majority_accuracy", "balanced_accuracy"),
        *("val_accuracy", "train_accuracy", "macro_f1", "ece", "epochs", "parameters", "flops"),
    ),
    "assess": ("trust", "methods_to_use"),
    "evaluate_corrupted": ("mean_corruption_accuracy", "mean_map_agreement"),
    "evaluate_on": ("accuracy", "ece"),
    "compare_derived": (
        *("times_smaller", "accuracy_difference", "map_agreement", "randomised_agreement"),
        *("top_overlap", "own_maps_faithfulness", "old_maps_faithfulness"),
    ),
}


def read_raw(dataset: str) -> RawDataset:
    """Open data/raw/<dataset>, whose images are read, and checked, when they are used.

    Raises:
        UserError: a file is missing or damaged.
    """
    folder, made_by = paths.raw(dataset), f"fetch@{dataset}"
    return dataset_files.read_record(
        RawDataset, folder / paths.RECORD, made_by, folder, made_by, "images"
    )


def write_raw(dataset: str, content: RawDataset) -> None:
    """Write data/raw/<dataset>: its images a block at a time, then the record of them.

    Trainings depend on it; remarks and origins, which change no image, go to `origins`.
    """
    folder = paths.raw(dataset)
    parts = content.images, content.test_images
    masks = content.masks if content.test_masks is None else content.test_masks
    index = dataset_files.write_images(folder, parts, masks)
    record = replace(content, remarks=())
    dataset_files.write_record(folder / paths.RECORD, record, f"fetch@{dataset}", index)


def read_dataset(dataset: str, study: Path = Path()) -> Dataset:
    """Open a prepared dataset of a study's folder, the current one if left out.

    data/processed/<dataset>.npz says which images of data/raw/<dataset> it has, and in which order;
    they are read, and checked, when they are used.

    Raises:
        UserError: a file is missing or damaged.
    """
    return dataset_files.read_record(
        Dataset, study / paths.processed(dataset), f"preprocess@{dataset}",
        study / paths.raw(dataset), f"fetch@{dataset}", "train_images",
    )  # fmt: skip


def read_moments(dataset: str, study: Path = Path()) -> np.ndarray:
    """Read only a prepared dataset's mean and standard deviation, float64 (2, channels).

    Raises:
        UserError: the file is missing, damaged, or of an earlier release, which had none.
    """
    path = study / paths.processed(dataset)
    return read_arrays(path, f"preprocess@{dataset}", ("moments",))["moments"]


def write_dataset(dataset: str, content: Dataset) -> None:
    """Write data/processed/<dataset>.npz.

    Raises:
        TypeError: its images are not those of `read_raw`.
    """
    index = dataset_files.index_of(content.train_images, content.test_images, content.test_masks)
    path = paths.processed(dataset)
    dataset_files.write_record(path, content, f"preprocess@{dataset}", index)


def read_inspection(dataset: str) -> np.ndarray:
    """Read the pictures of an inspected dataset, uint8 (n, height, width, channels).

    Raises:
        UserError: the file is missing or damaged.
    """
    path = paths.inspection(dataset)
    return read_arrays(path, f"inspect@{dataset}", ("pictures",))["pictures"]


def write_inspection(dataset: str, pictures: np.ndarray) -> None:
    """Write data/inspections/<dataset>.npz."""
    write_arrays(paths.inspection(dataset), {"pictures": pictures}, f"inspect@{dataset}")


def read_predictions(run: str, study: Path = Path()) -> Predictions:
    """Read data/predictions/<run>.npz. Raises UserError if it is missing or damaged."""
    return fields.read(Predictions, study / paths.predictions(run), f"evaluate@{run}")


def write_predictions(run: str, content: Predictions) -> None:
    """Write data/predictions/<run>.npz."""
    fields.write(paths.predictions(run), content, f"evaluate@{run}")


def read_explanations(cell: str, family: str, study: Path = Path()) -> Explanations:
    """Read one family's attributions of a cell. Raises UserError if missing or damaged."""
    arrays = read_findings(cell, family, study)
    return explanation_arrays.joined(
        arrays, study / paths.explanations(cell, family), f"explain_{family}@{cell}"
    )


def read_maps(cell: str, families: Sequence[str], study: Path = Path()) -> Explanations:
    """Read several families' attributions of a cell as one.

    Raises:
        UserError: a file is missing or damaged, or the families do not explain the same rows.
    """
    first, *others = (read_explanations(cell, family, study) for family in families)
    maps, numbers = dict(first.maps), dict(first.numbers)
    for family, other in zip(families[1:], others, strict=True):
        same = np.array_equal(first.image_index, other.image_index) and np.array_equal(
            first.target, other.target
        )
        if not same:
            raise UserError(
                f"{paths.explanations(cell, family)}: these are of other images than "
                f"{paths.explanations(cell, families[0])} explains; make them again with "
                f"`dvc repro -f explain_{family}@{cell}`"
            )
        maps |= other.maps
        numbers |= other.numbers
    return replace(first, maps=maps, numbers=numbers)


def write_explanations(cell: str, family: str, content: Explanations) -> None:
    """Write one family's attributions of a cell, raw. Raises as `explanation_arrays.parted`."""
    write_findings(cell, family, explanation_arrays.parted(content))


def read_findings(cell: str, family: str, study: Path = Path()) -> dict[str, np.ndarray]:
    """Read a family's named arrays, as its module describes them. Raises UserError if missing."""
    return read_arrays(study / paths.explanations(cell, family), f"explain_{family}@{cell}")


def write_findings(cell: str, family: str, arrays: dict[str, np.ndarray]) -> None:
    """Write a family's named arrays."""
    write_arrays(paths.explanations(cell, family), arrays, f"explain_{family}@{cell}")


def read_trust(cell: str, parts: Sequence[str]) -> dict[str, np.ndarray]:
    """Read what was measured of each image of a cell, of several families of maps, as one.

    parts: families, and `SHUFFLED` for what shuffled labels were measured by.

    Raises:
        UserError: a file is missing or damaged, or the parts do not measure the same images.
    """
    joined: dict[str, np.ndarray] = {}
    for part in parts:
        made_by = _measured_by(cell, part)
        arrays = read_arrays(paths.trust(cell, part), made_by)
        require_keys(paths.trust(cell, part), arrays, ("image_index",), made_by)
        index = joined.get("image_index", arrays["image_index"])
        same = np.array_equal(index, arrays["image_index"])
        fields.require(paths.trust(cell, part), "" if same else "other images", made_by)
        joined |= arrays
    return joined


def write_trust(cell: str, part: str, arrays: dict[str, np.ndarray]) -> None:
    """Write what was measured of each image of a cell, of one of the parts; see `read_trust`."""
    write_arrays(paths.trust(cell, part), arrays, _measured_by(cell, part))


def read_common(cell: str, image_index: np.ndarray) -> dict[str, np.ndarray]:
    """Read what measures need of a cell's images whatever the family of maps, by name.

    image_index: of the images, as in `Explanations`.

    Raises:
        UserError: the file is missing or damaged, or of other images.
    """
    arrays = read_trust(cell, [COMMON])
    same = np.array_equal(arrays.pop("image_index"), image_index)
    fields.require(
        paths.trust(cell, COMMON), "" if same else "other images", _measured_by(cell, COMMON)
    )
    return arrays


def write_common(cell: str, image_index: np.ndarray, arrays: dict[str, np.ndarray]) -> None:
    """Write what `read_common` reads; the first family of maps that is measured does so."""
    write_trust(cell, COMMON, {"image_index": image_index} | arrays)


def _measured_by(cell: str, part: str) -> str:
    stages = {SHUFFLED: "assess_shuffled", COMMON: "measure_gradients"}
    return f"{stages.get(part, f'measure_{part}')}@{cell}"


def read_metrics(
    stage: str, name: str, keys: Collection[str] = (), study: Path = Path()
) -> dict[str, Any]:
    """Read data/metrics/<stage>/<name>.json of a study's folder, the current one if left out.

    Raises:
        UserError: the file is missing or damaged, or lacks one of `keys`.
    """
    path, made_by = study / paths.metrics(stage, name), f"{stage}@{name}"
    content = read_record(path, made_by)
    require_keys(path, content, keys, made_by)
    return content


def write_metrics(stage: str, name: str, content: dict[str, Any], brief: bool = False) -> None:
    """Write a stage's numbers, floats rounded to 6 decimals, NaN and infinity as null.

    All of them go to data/metrics/<stage>/<name>.json, for the stages that follow; the few that
    `HEADLINES` names go to metrics/<stage>/<name>.json too, for `dvc metrics` and `dvc exp`; only
    the first of them where it is to be `brief`.
    """
    write_record(paths.metrics(stage, name), content, f"{stage}@{name}")
    if stage in HEADLINES:
        names = HEADLINES[stage][:1] if brief else HEADLINES[stage]
        headline = {key: content[key] for key in names if key in content}
        write_json(paths.headline(stage, name), headline)


def read_headline(stage: str, name: str, keys: Collection[str] = ()) -> dict[str, Any]:
    """Read metrics/<stage>/<name>.json.

    Raises:
        UserError: the file is missing or damaged, or lacks one of `keys`.
    """
    path, made_by = paths.headline(stage, name), f"{stage}@{name}"
    content = read_object(path, made_by)
    require_keys(path, content, keys, made_by)
    wrong = [key for key in keys if not isinstance(content[key], int | float | None)]
    fields.require(path, f"{', '.join(wrong)}: expected a number" if wrong else "", made_by)
    return content


def read_timing(stage: str, name: str, study: Path = Path()) -> dict[str, float]:
    """Read a stage's durations; empty where there are none."""
    beside = (RUN, stage_memory.PEAK)
    return {key: value for key, value in _timing(stage, name, study).items() if key not in beside}


def read_run(stage: str, name: str, study: Path = Path()) -> dict[str, Any] | None:
    """Read what a stage ran on, as `provenance.run` gives it; None where that is not recorded."""
    run = _timing(stage, name, study).get(RUN)
    return run if isinstance(run, dict) else None


def write_timing(stage: str, name: str, content: dict[str, float]) -> None:
    """Write a stage's durations, the most memory it took so far, and what this process ran on.

    None of it repeats; only the report and what places stages on machines read them.
    """
    made_by = f"{stage}@{name}"
    beside = {stage_memory.PEAK: peak_memory.peak(), RUN: provenance.run()}
    write_record(paths.timing(stage, name), content | beside, made_by)


def _timing(stage: str, name: str, study: Path = Path()) -> dict[str, Any]:
    path = study / paths.timing(stage, name)
    return read_record(path, f"{stage}@{name}") if path.exists() else {}
