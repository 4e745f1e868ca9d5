"""Which images of a dataset a run is trained on, validated with and tested on."""

import numpy as np

from heatproof.config.runs import Run
from heatproof.datasets.split import fold_split, training_rows
from heatproof.run.errors import UserError
from heatproof.storage.images import Images, selected
from heatproof.storage.records import Dataset


def training_parts(run: Run, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the training images that a run is trained on, and those that it is validated with.

    Args:
        run: whose; the fold that it leaves out, if any, is in neither part.
        data: of which.

    Returns:
        Two int64 arrays of indices into the training images, each in random order. The first is
        what the schedule leaves of it (`train_images`).

    Raises:
        UserError: there are too many folds for it, or one group is left.
    """
    rows = np.arange(len(data.train_labels))
    if run.fold is not None:
        rows = np.setdiff1d(rows, fold_rows(run, data))
    if data.groups is not None and data.validation is None:
        _require_groups(run, data.groups[rows])
    chosen, held_out = training_rows(
        data.train_labels[rows],
        None if data.validation is None else data.validation[rows],
        None if data.groups is None else data.groups[rows],
        run.training.validation_fraction,
        run.seed,
    )
    if run.schedule.train_images != "all":
        chosen = chosen[: run.schedule.train_images]
    return rows[chosen], rows[held_out]


def evaluated_part(run: Run, data: Dataset) -> tuple[Images, np.ndarray]:
    """Return the images that a run is tested on, and their labels: the test part, or its fold.

    Returns:
        uint8 (n, height, width, channels) and int64 (n,).

    Raises:
        UserError: there are too many folds.
    """
    if run.fold is None:
        return data.test_images, data.test_labels
    rows = fold_rows(run, data)
    return selected(data.train_images, rows), data.train_labels[rows]


def fold_rows(run: Run, data: Dataset) -> np.ndarray:
    """Return int64 (n,), the training images of the fold that a run leaves out.

    The user's own validation part is in no fold: it goes on to validate.
    """
    assert run.fold is not None and run.folds is not None
    own = data.validation
    rows = np.arange(len(data.train_labels)) if own is None else np.flatnonzero(own == 0)
    groups = None if data.groups is None else data.groups[rows]
    most = int(np.bincount(data.train_labels[rows]).max())
    what = f"images of a class, of the {len(rows):,} to train with"
    if groups is not None and len(np.unique(groups)) < most:
        most, what = len(np.unique(groups)), "groups to train with"
    if run.folds > most:
        raise UserError(
            f"params.yaml: runs.{run.name}.folds = {run.folds}: there are at most {most:,} {what}; "
            "give no more folds than that, or remove these runs"
        )
    left_out = fold_split(data.train_labels[rows], groups, run.fold, run.folds, run.seed)[1]
    if not len(left_out):
        raise UserError(
            f"params.yaml: runs.{run.name}.fold = {run.fold}: this fold has no images, so unequal "
            "are the groups; give fewer folds, or remove these runs"
        )
    return rows[left_out]


def _require_groups(run: Run, groups: np.ndarray) -> None:
    if len(np.unique(groups)) < 2:
        raise UserError(
            f"params.yaml: runs.{run.name}: one group of images is left to train on, and none to "
            "validate with; give more folds, or remove this run"
        )
