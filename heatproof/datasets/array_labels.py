"""Labels that are stored as an array: whole numbers, texts, or rows of which one value is 1."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from heatproof.datasets.array_files import Stored
from heatproof.datasets.labelled_files import label_mistakes, refuse, require_class_count
from heatproof.run.errors import UserError, shown_value


def labels(path: Path, stored: Stored) -> np.ndarray:
    """Return the labels of an array as int64 or str (n,).

    Raises:
        UserError: there are several labels for each image, or labels that are no whole numbers.
    """
    values = stored.whole()
    if values.ndim == 2 and values.shape[1] == 1:  # as medmnist has them
        values = values[:, 0]
    if values.dtype.kind in "OSU":
        values = np.array([_text(value) for value in values.ravel()]).reshape(values.shape)
    elif values.dtype.kind not in "buif":
        raise UserError(f"{path}: {stored} are no labels; expected whole numbers or texts")
    elif not (np.isfinite(values).all() and (values == np.floor(values)).all()):
        raise UserError(f"{path}: {stored} are not all whole numbers; expected one class each")
    else:
        values = values.astype(np.int64)
        one_hot = values.ndim == 2 and bool(
            (values.sum(axis=1) == 1).all() and np.isin(values, (0, 1)).all()
        )
        values = values.argmax(axis=1) if one_hot else values
    if values.ndim != 1:
        raise UserError(f"{path}: {stored}: several labels for an image; expected one each, (n,)")
    return values


def numbered(
    path: Path, parts: Sequence[np.ndarray], names: Sequence[str] | None
) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Return the classes' names, and the labels of each part as indices into them.

    Args:
        path: the file, for messages.
        parts: labels, int64 or str (n,), in each part.
        names: what whole numbers stand for, 0 for the first one, or the labels in ascending order;
            None where they stand for themselves.

    Raises:
        UserError: the names do not fit the labels; there are fewer than two classes, or too many.
    """
    if len({part.dtype.kind for part in parts}) > 1:
        raise UserError(f"{path}: labels are texts in one part, and numbers in another")
    found = np.unique(np.concatenate(parts))
    if names is None:
        known, shown = found, [str(each) for each in found]
    elif found.dtype.kind == "i" and found.size and found[0] >= 0 and found[-1] < len(names):
        known, shown = np.arange(len(names)), list(names)
    elif len(found) == len(names):
        known, shown = found, list(names)
    else:
        raise UserError(
            f"{path}: {len(found):,} different labels ({shown_value(found.tolist())}), but "
            f"{len(names):,} names of classes; expected as many"
        )
    require_class_count(shown, path)
    refuse([line for name in shown for line in label_mistakes(name, f"{path}: classes")])
    if len(set(shown)) < len(shown):
        raise UserError(f"{path}: two classes have one name among {', '.join(shown[:20])}")
    return tuple(shown), [np.searchsorted(known, part).astype(np.int64) for part in parts]


def texts(stored: Stored) -> list[str]:
    """Return an array of texts, such as classes' names."""
    return [_text(value) for value in stored.whole().ravel()]


def _text(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip()
