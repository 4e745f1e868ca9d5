"""A file of arrays as a dataset: its parts, its classes, and its images as pixels."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from heatproof.datasets import annotations, array_files, array_images, array_labels
from heatproof.datasets.array_files import Stored
from heatproof.datasets.array_roles import IMAGES, LABELS, MASKS, parts
from heatproof.datasets.labelled_files import (
    ALL_PARTS,
    TEST,
    TRAIN,
    VALIDATION,
    names,
    require_trained,
)
from heatproof.run.errors import UserError, escaped
from heatproof.storage.images import StoredImages
from heatproof.storage.records import RawDataset
from heatproof.storage.scratch import Scratch

_SIDES = (8, 512)  # of an image, as params.yaml takes them


@dataclass(frozen=True)
class ArrayFile:
    """An open file: the images of each part, how they lie there, their labels, and the classes.

    labels: int64 (n,), indices into the classes. masks: of the objects in the images that maps are
    measured on, where the file has some. remarks: what is worth saying of the file.
    """

    path: Path
    images: dict[str, Stored]
    layouts: dict[str, array_images.Layout]
    labels: dict[str, np.ndarray]
    class_names: tuple[str, ...]
    masks: Stored | None
    remarks: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the images, as they are in the file."""
        return next(iter(self.layouts.values())).shape

    @property
    def counts(self) -> dict[str, int]:
        """How many images of each class there are in all parts."""
        return self.counted(*self.labels)

    def counted(self, *parts: str) -> dict[str, int]:
        """Return how many images of each class there are in these parts."""
        labels = np.concatenate([self.labels[part] for part in parts])
        counts = np.bincount(labels, minlength=len(self.class_names)).tolist()
        return dict(zip(self.class_names, counts, strict=True))

    def read(
        self,
        size: Sequence[int] | None,
        colour: str | None,
        value_range: Sequence[float] | None,
    ) -> RawDataset:
        """Read all images; see the options of `sources.array_file`."""
        shape = self._wanted(size, colour)
        remarks = list(self.remarks)
        if value_range is None:
            black_white, remark = self.usual_range()
            remarks += remark
        else:
            black_white = value_range[0], value_range[1]
        held_out = TEST if TEST in self.images else VALIDATION
        training = [part for part in self.images if part != held_out]
        pixels, labels = self._joined(training, shape, black_white)
        test_pixels, test_labels = self._joined([held_out], shape, black_white)
        require_trained(self.path, self.class_names, labels)
        validation = np.repeat(
            np.array([part == VALIDATION for part in training], dtype=np.uint8),
            [len(self.labels[part]) for part in training],
        )
        masks = None
        if self.masks is not None:
            masks, black = array_images.masks(self.masks, self.shape, (shape[0], shape[1]))
            if black:
                remarks.append(f"{black:,} of {len(masks):,} masks are black: no object in them")
        tested = held_out in self.images
        return RawDataset(
            pixels,
            labels,
            test_pixels,
            test_labels,
            self.class_names,
            masks=None if tested else masks,
            test_masks=masks if tested else None,
            annotations=() if masks is None else (annotations.MASKS,),
            validation=validation if validation.any() else None,
            value_range=None if black_white is None else np.array(black_white, np.float64),
            remarks=tuple(map(escaped, remarks)),
        )

    def usual_range(self) -> tuple[tuple[float, float] | None, list[str]]:
        """Return which values are black and white (None: 0 and 255), and a remark on it."""
        found = array_images.value_range(self.path, list(self.images.values()))
        if found is None:
            return None, []
        return found, [f"of the values in the file {found[0]:g} is black, {found[1]:g} white"]

    def _wanted(self, size: Sequence[int] | None, colour: str | None) -> tuple[int, int, int]:
        height, width = size or self.shape[:2]
        if not all(_SIDES[0] <= side <= _SIDES[1] for side in (height, width)):
            raise UserError(
                f"{self.path}: images of {height}×{width} pixels; expected {_SIDES[0]} to "
                f"{_SIDES[1]} a side: add `size: [height, width]` in params.yaml, or --size to "
                "`heatproof new`"
            )
        grey = colour == "gray" or (colour is None and self.shape[2] == 1)
        return height, width, 1 if grey else 3

    def _joined(
        self,
        chosen: Sequence[str],
        shape: tuple[int, int, int],
        black_white: tuple[float, float] | None,
    ) -> tuple[StoredImages, np.ndarray]:
        """Return the pixels and labels of parts, one after the other; parts may be missing."""
        there = [part for part in chosen if part in self.images]
        labels = [self.labels[part] for part in there]
        pixels = Scratch(sum(map(len, labels)), shape)
        first = 0
        for part in there:
            for some in array_images.pixels(
                self.images[part], self.layouts[part], shape, black_white
            ):
                pixels[first] = some
                first += len(some)
        return pixels.images(), np.concatenate([*labels, np.zeros(0, dtype=np.int64)])


@contextmanager
def opened(path: Path, class_names: Sequence[str] | None = None) -> Iterator[ArrayFile]:
    """Open a file of images and labels; images are read while it is open.

    Args:
        path: of an HDF5 or .npz file.
        class_names: what labels stand for; those in the file, or the labels, where it is None.

    Raises:
        UserError: as `sources.array_file.fetch` says.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; correct `reads` in params.yaml")
    with array_files.opened(path) as arrays:
        found, named, unused = parts(path, arrays)
        there = [part for part in ALL_PARTS if part in found]
        images = {part: found[part][IMAGES] for part in there}
        for each in images.values():
            array_images.require_plausible(path, each)
        if all(each.shape[:1] == (0,) for each in images.values()):
            raise UserError(f"{path}: {' and '.join(map(str, images.values()))}: holds no image")
        labels = [array_labels.labels(path, found[part][LABELS]) for part in there]
        given = class_names or (array_labels.texts(named) if named else None)
        classes, indices = array_labels.numbered(path, labels, given)
        layouts = {part: array_images.layout(path, each) for part, each in images.items()}
        shapes = {each.shape for each in layouts.values()}
        if len(shapes) > 1:
            shown = " and ".join(map(str, images.values()))
            raise UserError(f"{path}: {shown}: expected images of one size and colour")
        masks = found[_measured(there)].get(MASKS)
        remarks = [each.remark for each in layouts.values() if each.remark]
        if masks is not None:
            array_images.require_masks(path, masks, next(iter(layouts.values())).shape)
            remarks.append(f"maps are measured against the masks {masks}")
        if len(there) > 1:
            kept = ", ".join(f"{images[part].shape[0]:,} {part}" for part in there)
            instead = "" if TEST in found else "; there is no test part: validation is used as it"
            remarks.insert(0, f"the file's own split is kept: {kept}{instead}")
        if unused:
            remarks.append(f"arrays that are not used: {names(unused)}")
        yield ArrayFile(
            path,
            images,
            layouts,
            dict(zip(there, indices, strict=True)),
            classes,
            masks,
            tuple(dict.fromkeys(remarks)),
        )


def _measured(there: Collection[str]) -> str:
    """Return the part whose images are tested, or else set apart for it."""
    return next(part for part in (TEST, VALIDATION, TRAIN) if part in there)
