"""What the stages hand on, in memory: datasets, predictions, explanations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, get_origin, get_type_hints

import numpy as np

from heatproof.statistics.softmax import softmax
from heatproof.storage.images import Images

IMAGES, CLASSES, INDICES, REALS = "uint8", "class indices", "integers", "floats"
CHECKSUMS, TEXTS = "checksums", "texts"
IN_FILES = (
    "images",
    "train_images",
    "test_images",
    "masks",
    "test_masks",
    "origins",
)  # of a dataset's fields
_KINDS = {IMAGES: "u", CLASSES: "i", INDICES: "i", REALS: "f", CHECKSUMS: "u", TEXTS: "U"}


@dataclass(frozen=True)
class Array:
    """What a record's array holds, and its axes: those of equal names have equal lengths."""

    holds: str
    axes: str


def misfit(kind: type, arrays: Mapping[str, np.ndarray]) -> str:
    """Say which array is not as a record's fields describe it; empty where all are."""
    lengths = {"classes": len(arrays.get("class_names", ()))}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        array = arrays.get(name)
        if get_origin(hint) is not Annotated or array is None:
            continue
        holds, axes = hint.__metadata__[0].holds, hint.__metadata__[0].axes.split()
        if array.dtype.kind != _KINDS[holds] or array.ndim != len(axes):
            wanted = f"{holds} ({', '.join(axes)})"
            return f"{name}: expected {wanted}, found {array.dtype} {array.shape}"
        for axis, length in zip(axes, array.shape, strict=True):
            if lengths.setdefault(axis, length) != length:
                return f"{name}: expected {lengths[axis]} {axis}, found {length}"
        inside = holds != CLASSES or np.isin(array, np.arange(lengths["classes"])).all()
        if not inside:
            return f"{name}: expected indices of {lengths['classes']} classes"
    return ""


@dataclass(frozen=True)
class Origins:
    """Which files a dataset's images were, those to train on first; of none if that is not known.

    files: str (n,), relative to the source's folder. sizes: int64 (n, 2), width and height in
    pixels, as the file had them. remarks: as `RawDataset` has them.
    """

    files: Annotated[np.ndarray, Array(TEXTS, "images")]
    sizes: Annotated[np.ndarray, Array(INDICES, "images sides")]
    remarks: tuple[str, ...] = ()

    def select(self, rows: np.ndarray) -> "Origins":
        """Return those of some images, int64 (m,), in this order."""
        return replace(self, files=self.files[rows], sizes=self.sizes[rows])


@dataclass(frozen=True)
class RawDataset:
    """A dataset as its source gives it, in canonical order.

    images, test_images: uint8 (n, height, width, channels), in memory or in a file; labels,
    test_labels: int64 (n,), indices into class_names. The test arrays have no rows where the source
    brings no test part. test_masks: uint8 (n, height, width), 1 where a test image's evidence is,
    if that is known, and nowhere in an image of which it is not; masks: of the other images, where
    the source brings no test part. annotations: whether they are boxes or masks of the object,
    or both; empty where nothing else decides, because images were made so.
    validation: uint8 (n,), 1 where an image is of the user's own validation part, if there is one.
    groups: int64 (n,), equal where images show the same patient or scene, if that is known.
    value_range: float64 (2,), which values were black and white in images of more than 8 bits.
    remarks: what was left out, or is else worth saying, a line each; origins: of all images, those
    of the test part last, where the source has files. Both are kept apart from the dataset.
    """

    images: Annotated[Images, Array(IMAGES, "images height width channels")]
    labels: Annotated[np.ndarray, Array(CLASSES, "images")]
    test_images: Annotated[Images, Array(IMAGES, "tests height width channels")]
    test_labels: Annotated[np.ndarray, Array(CLASSES, "tests")]
    class_names: tuple[str, ...]
    test_masks: Annotated[Images | None, Array(IMAGES, "tests height width")] = None
    validation: Annotated[np.ndarray | None, Array(IMAGES, "images")] = None
    groups: Annotated[np.ndarray | None, Array(INDICES, "images")] = None
    value_range: Annotated[np.ndarray | None, Array(REALS, "values")] = None
    masks: Annotated[Images | None, Array(IMAGES, "images height width")] = None
    annotations: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    origins: Origins | None = None


@dataclass(frozen=True)
class Dataset:
    """A dataset ready for training: split into training and test part, shuffled by the seed.

    Images are uint8 (n, height, width, channels), in memory or in a file, labels int64 (n,).
    test_masks: uint8 (n, height, width), 1 where a test image's evidence is, where that is known.
    validation, groups (of the training images), value_range, annotations: as `RawDataset` has them.
    moments: float64 (2, channels), mean and standard deviation of the training images in [0, 1].
    """

    train_images: Annotated[Images, Array(IMAGES, "images height width channels")]
    train_labels: Annotated[np.ndarray, Array(CLASSES, "images")]
    test_images: Annotated[Images, Array(IMAGES, "tests height width channels")]
    test_labels: Annotated[np.ndarray, Array(CLASSES, "tests")]
    class_names: tuple[str, ...]
    test_masks: Annotated[Images | None, Array(IMAGES, "tests height width")] = None
    validation: Annotated[np.ndarray | None, Array(IMAGES, "images")] = None
    groups: Annotated[np.ndarray | None, Array(INDICES, "images")] = None
    moments: Annotated[np.ndarray | None, Array(REALS, "moments channels")] = None
    value_range: Annotated[np.ndarray | None, Array(REALS, "values")] = None
    annotations: tuple[str, ...] = ()

    @property
    def mean(self) -> np.ndarray | None:
        """Each channel's mean over the training images, where it was measured."""
        return None if self.moments is None else self.moments[0]


@dataclass(frozen=True)
class Predictions:
    """A trained cell's predictions for the test images, in the dataset's order.

    labels: int64 (n,); logits: float32 (n, classes).
    """

    labels: Annotated[np.ndarray, Array(CLASSES, "tests")]
    logits: Annotated[np.ndarray, Array(REALS, "tests classes")]
    class_names: tuple[str, ...]

    @property
    def predicted(self) -> np.ndarray:
        """The most likely class of each image, int64 (n,)."""
        return self.logits.argmax(axis=1)

    @property
    def probabilities(self) -> np.ndarray:
        """The softmax of the logits, float64 (n, classes); rows sum to 1."""
        return softmax(self.logits)

    @property
    def confidence(self) -> np.ndarray:
        """The predicted class' probability, float64 (n,)."""
        return self.probabilities.max(axis=1)


@dataclass(frozen=True)
class Explanations:
    """One family's attributions: one row for each pair of an image and a target class.

    image_index: int64 (rows,), into the test set. label, predicted, target: int64 (rows,), class
    indices. confidence: float32 (rows,), the predicted class' probability. images: uint8 (rows,
    height, width, channels). maps: method -> float32 (rows, height, width) in input pixels, raw.
    numbers: method -> name -> float32 (rows,), the method's estimate of its own error; NaN where
    there is none.
    """

    image_index: Annotated[np.ndarray, Array(INDICES, "rows")]
    label: Annotated[np.ndarray, Array(CLASSES, "rows")]
    predicted: Annotated[np.ndarray, Array(CLASSES, "rows")]
    target: Annotated[np.ndarray, Array(CLASSES, "rows")]
    confidence: Annotated[np.ndarray, Array(REALS, "rows")]
    images: Annotated[np.ndarray, Array(IMAGES, "rows height width channels")]
    maps: dict[str, np.ndarray]
    class_names: tuple[str, ...]
    numbers: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
