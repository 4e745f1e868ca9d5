"""Which arrays of a file are images, labels and masks, of which part: by what they are called.

Names are read word by word, in any case: `train_images`, `x_train`, `train/data` and `X` are
images; `val_labels`, `y_test`, `test/target` and `Y` labels; `class_names` what these stand for;
`train_masks` is not 0 where an image's object is.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from heatproof.datasets.array_files import Stored
from heatproof.datasets.labelled_files import PARTS, TRAIN, names
from heatproof.run.errors import UserError

IMAGES, LABELS, MASKS, CLASS_NAMES = "images", "labels", "masks", "class_names"
_ROLES = {
    IMAGES: ("image", "images", "img", "imgs", "x", "data", "pixels"),
    LABELS: ("label", "labels", "y", "target", "targets", "class"),
    MASKS: ("mask", "masks", "segmentation", "segmentations"),
    CLASS_NAMES: ("class names", "classes", "label names", "list classes", "target names"),
}
_ROLE_OF = {name: role for role, known in _ROLES.items() for name in known}
_EXPECTED = (
    "expected arrays called `images` and `labels` (or x and y, data and target), or several of "
    "them: `train_images`, `test_images` …"
)


# The arrays of one part of a split: of each role the one that has it.
Part = dict[str, Stored]


def parts(path: Path, arrays: Iterable[Stored]) -> tuple[dict[str, Part], Stored | None, list[str]]:
    """Return the arrays of each part, the names of the classes, and what is not used.

    A file without parts has `TRAIN` alone.

    Raises:
        UserError: no array, or more than one, is called as images or labels are; images have no
            labels, or labels no images; their lengths differ.
    """
    found: dict[str, Part] = {}
    class_names, unused, all_names = None, [], []
    for stored in arrays:
        all_names.append(str(stored))
        role, part = _read_name(stored.name)
        if role == CLASS_NAMES:
            class_names = stored
        elif role is None:
            unused.append(stored.name)
        else:
            before = found.setdefault(part, {}).setdefault(role, stored)
            if before is not stored:
                raise UserError(
                    f"{path}: {before} and {stored} may both be the {role}; rename one of them"
                )
    for part, each in found.items():
        for role, other in ((IMAGES, LABELS), (LABELS, IMAGES)):
            if role in each and other not in each:
                raise UserError(
                    f"{path}: {each[role]} of the {part} part has no {other}; {_EXPECTED}"
                )
        _require_equal_lengths(path, each)
    found = {part: each for part, each in found.items() if IMAGES in each}
    if not found:
        inside = names(all_names) or "no array at all"
        raise UserError(f"{path}: no images and labels among {inside}; {_EXPECTED}")
    if TRAIN not in found:
        raise UserError(f"{path}: there is no part to train on; {_EXPECTED}")
    return found, class_names, unused


def _read_name(name: str) -> tuple[str | None, str]:
    """Return the role and the part that a name tells."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    part = next((PARTS[word] for word in words if word in PARTS), TRAIN)
    rest = " ".join(word for word in words if word not in PARTS and word != "set")
    return _ROLE_OF.get(rest), part


def _require_equal_lengths(path: Path, part: Part) -> None:
    images, *others = (part[role] for role in (IMAGES, LABELS, MASKS) if role in part)
    for other in others:
        if not images.shape or images.shape[:1] != other.shape[:1]:
            raise UserError(
                f"{path}: {images} and {other} have different lengths; expected one row of "
                "both for each image"
            )
