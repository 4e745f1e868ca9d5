"""A dataset in files: images in data/raw/<dataset>, and records that say which of them are whose.

The images are written once, by the fetch stage. Its own record, and that of the prepared dataset,
say of each part which rows of the file it has, and hold every image's checksum, so that a record
and the file that it is of belong together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from heatproof.storage import fields as record_fields
from heatproof.storage import images, paths
from heatproof.storage.images import Images, StoredImages
from heatproof.storage.records import CHECKSUMS, INDICES, Array


@dataclass(frozen=True)
class Index:
    """What a record says of the images in files.

    image_shape: int64 (3,), height, width, channels. checksums: uint32 (stored,), of the file's
    images; mask_checksums: uint32 (masks,). train_rows, test_rows, mask_rows: int64, which of them
    a part has, in its order.
    """

    image_shape: Annotated[np.ndarray, Array(INDICES, "axes")]
    checksums: Annotated[np.ndarray, Array(CHECKSUMS, "stored")]
    mask_checksums: Annotated[np.ndarray, Array(CHECKSUMS, "masks")]
    train_rows: Annotated[np.ndarray, Array(INDICES, "images")]
    test_rows: Annotated[np.ndarray, Array(INDICES, "tests")]
    mask_rows: Annotated[np.ndarray, Array(INDICES, "masked")]


def write_images(folder: Path, parts: tuple[Images, Images], masks: Images | None) -> Index:
    """Write the images of a training and a test part, and masks, a block at a time.

    Returns:
        all of them, in this order.
    """
    shape = parts[0].shape[1:]
    nothing = np.zeros((0, *shape[:2]), np.uint8)
    masks = nothing if masks is None else masks
    train, test = map(len, parts)
    return Index(
        np.array(shape),
        images.write(folder / paths.IMAGES, parts),
        images.write(folder / paths.MASKS, [masks]),
        np.arange(train),
        np.arange(train, train + test),
        np.arange(len(masks)),
    )


def index_of(train: Images, test: Images, masks: Images | None) -> Index:
    """Return which images of a file the parts of a dataset are.

    Raises:
        TypeError: they are not in a file that `write_images` wrote.
    """
    none = np.zeros(0, np.int64), np.zeros(0, np.uint32)
    (trained, sums), (tested, _) = _stored(train), _stored(test)
    masked, mask_sums = none if masks is None else _stored(masks)
    return Index(np.array(train.shape[1:]), sums, mask_sums, trained, tested, masked)


def _stored(part: Images) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of images in their file, and the checksums of all that it has."""
    if not isinstance(part, StoredImages) or part.checksums is None:
        raise TypeError("expected images of data/raw")
    return part.rows, part.checksums


def write_record(path: Path, content: Any, made_by: str, index: Index) -> None:
    """Write a record of a dataset, beside its images or of them."""
    record_fields.write(path, content, made_by, vars(index))


def read_record(
    kind: type, path: Path, made_by: str, folder: Path, fetched_by: str, train: str
) -> Any:
    """Read a record of a dataset and open its images.

    Args:
        kind: of the record.
        path: its file.
        made_by: the stage that writes it.
        folder: where the images are.
        fetched_by: the stage that writes those.
        train: what the record calls its training images.

    Raises:
        UserError: a file is missing, damaged, or another's.
    """
    found = record_fields.arrays(path, made_by, [f.name for f in fields(Index)])
    index = record_fields.built(Index, found, path, made_by)
    record_fields.require(path, _misplaced(index), made_by)
    shape = tuple(index.image_shape.tolist())
    stored = images.opened(folder / paths.IMAGES, fetched_by, index.checksums, shape)
    masks = images.opened(folder / paths.MASKS, fetched_by, index.mask_checksums, shape[:2])
    # Where nothing was set apart for tests yet, they are of all images.
    masked = "test_masks" if len(index.test_rows) else "masks"
    own: Mapping[str, Images | None] = {
        train: stored.select(index.train_rows),
        "test_images": stored.select(index.test_rows),
        masked: masks.select(index.mask_rows) if len(masks) else None,
    }
    return record_fields.built(kind, found | own, path, made_by)


def _misplaced(index: Index) -> str:
    """Say which rows are none of the files'; empty where all are."""
    for name, count in (
        ("train_rows", len(index.checksums)),
        ("test_rows", len(index.checksums)),
        ("mask_rows", len(index.mask_checksums)),
    ):
        rows = getattr(index, name)
        if len(rows) and not 0 <= rows.min() <= rows.max() < count:
            return f"{name}: expected rows of {count} images"
    return ""
