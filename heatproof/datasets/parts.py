"""Which images of a dataset a run is trained on, validated with and tested on."""

import numpy as np

from heatproof.config.runs import Run
from heatproof.datasets.split import few_of_each, fold_split, training_rows
from heatproof.run.errors import UserError, escaped
from heatproof.storage.images import Images, selected
from heatproof.storage.records import Dataset


def training_parts(run: Run, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the training images that a run is trained on, and those that it is validated with.

    Args:
        run: whose; the fold that it leaves out, if any, is in neither part.
        data: of which.

    Returns:
        Two int64 arrays of indices into the training images, each in random order. The first is
        what the schedule leaves of it (`train_images`), or the few images that the run draws. Of a
        saved network nobody knows what it was trained on: all of them, and none.

    Raises:
        UserError: there are too many folds for it, or one group is left; or a class has too few
            images for a run on few of each.
    """
    if run.train_images_per_class is not None:
        return _few_parts(run, data, run.train_images_per_class)
    rows = np.arange(len(data.train_labels))
    if run.schedule is None:
        return rows, rows[:0]
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


def served_rows(run: Run, data: Dataset) -> np.ndarray:
    """Return the training images of an epoch, int64 (n,), each as often as it comes in it.

    An epoch on few images is as long as one of the cell itself, each of them about as often: their
    network learns for as many steps, so that only the images differ. With an epoch that goes once
    through them it would have learned less because it was trained for less.
    """
    rows = training_parts(run, data)[0]
    if run.train_images_per_class is None:
        return rows
    whole = run.model_copy(update={"train_images_per_class": None})
    return np.resize(rows, max(len(rows), len(training_parts(whole, data)[0])))


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


def _few_parts(run: Run, data: Dataset, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the few images of each class that a run draws, and those that it is validated with.

    They are drawn first, so that they are the same for every model. Of the rest a validation part
    is split off as ever; it only shows how training went, see `train_run`.
    """
    own = data.validation
    rows = np.arange(len(data.train_labels)) if own is None else np.flatnonzero(own == 0)
    drawn = _drawn(run, data, rows, count)
    if own is not None:
        return drawn, np.flatnonzero(own == 1)
    groups = np.arange(len(data.train_labels)) if data.groups is None else data.groups
    rest = rows[~np.isin(groups[rows], groups[drawn])]
    if not len(rest):
        kind = "image" if data.groups is None else "group of images"
        raise UserError(
            f"params.yaml: runs.{run.name}.train_images_per_class = {count}: no {kind} is left to "
            "validate with; give fewer, or remove this run"
        )
    if len(np.unique(groups[rest])) < 2:
        return drawn, rest
    held_out = training_rows(
        data.train_labels[rest],
        None,
        None if data.groups is None else groups[rest],
        run.training.validation_fraction,
        run.seed,
    )[1]
    # Of a class of which one image is left it is not held out.
    return drawn, rest[held_out] if len(held_out) else rest


def _drawn(run: Run, data: Dataset, rows: np.ndarray, count: int) -> np.ndarray:
    """Draw so many images of each class from `rows`, indices into the training images."""
    key = f"params.yaml: runs.{run.name}.train_images_per_class = {count}"
    sizes = np.bincount(data.train_labels[rows], minlength=len(data.class_names))
    if count > sizes.min():
        name = escaped(repr(data.class_names[sizes.argmin()]))
        fewer = "give at most that many, or " if sizes.min() else ""
        raise UserError(
            f"{key}: the class {name} has {sizes.min():,} images to train with; {fewer}remove this "
            "run"
        )
    return rows[few_of_each(data.train_labels[rows], len(sizes), count, run.seed)]


def _require_groups(run: Run, groups: np.ndarray) -> None:
    if len(np.unique(groups)) < 2:
        raise UserError(
            f"params.yaml: runs.{run.name}: one group of images is left to train on, and none to "
            "validate with; give more folds, or remove this run"
        )
