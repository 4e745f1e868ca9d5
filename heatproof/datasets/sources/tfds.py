"""Any dataset of tensorflow-datasets whose images have one label each, with its own splits.

DATASETS_MIRROR names a folder that stands in for the download: MNIST, Fashion-MNIST and CIFAR-10
are read there from their official files, any other dataset from a folder of its name with one
subfolder per class (`image_folder`).
"""

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from heatproof.config.schema import Block, ImageSize, ReadsNothing
from heatproof.datasets import downloading, official_files
from heatproof.datasets.sources import image_folder
from heatproof.run.errors import UserError, escaped, nearest
from heatproof.storage.images import BLOCK_BYTES, StoredImages, blocks
from heatproof.storage.records import RawDataset
from heatproof.storage.scratch import Scratch

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

_VALIDATION = ("validation", "val", "valid", "dev")  # what datasets call that part


class Options(Block):
    """Any dataset of tensorflow-datasets whose images have one label each, with its own splits."""

    source: Literal["tfds"]
    """Where the images are from."""
    name: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_]*(/[\w.-]+)?(:\d+\.\d+\.\d+)?$", max_length=100)
    ]
    """As tensorflow-datasets calls it, `name/configuration` where a dataset has several."""
    reads: ReadsNothing
    """The source reads none of the study’s files: always `data/code/fetch.txt`."""
    size: ImageSize | None = None
    """[height, width] in pixels, needed where its images are of several sizes."""
    colour: Literal["rgb", "gray"] | None = None
    """As the dataset has it where not given."""

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of its classes; None where they are known once it is fetched."""
        return official_files.CLASS_NAMES.get(self.name)


def fetch(options: Options) -> RawDataset:
    """Return a dataset from the folder that DATASETS_MIRROR names, or else download it.

    Downloads are kept in tensorflow-datasets' own folder (TFDS_DATA_DIR, by default
    ~/tensorflow_datasets), which also serves without a network once it is filled.

    Raises:
        UserError: there is no such dataset, its images have not one label each, the mirror's files
            are missing or damaged, or there is no network.
    """
    mirror = official_files.mirror()
    if mirror is None:
        return _downloaded(options)
    if options.name in official_files.CLASS_NAMES:
        return _resized(official_files.read(options.name, mirror), options)
    folder = mirror / options.name.partition(":")[0]
    if not folder.is_dir():
        raise UserError(
            f"{official_files.MIRROR}={mirror}: there is no folder {folder.name}; put the images "
            f"of {options.name} there, one subfolder per class, or unset {official_files.MIRROR} "
            "to download them"
        )
    if options.size is None:
        raise UserError(f"{folder}: of what size shall the images be? {_SIZE_NEEDED}")
    given = image_folder.Options(
        source="image_folder", reads=str(folder), size=options.size, colour=options.colour or "rgb"
    )
    return image_folder.fetch(given)


def read(name: str) -> RawDataset:
    """Return a dataset of one size as it is, see `fetch`."""
    return fetch(Options(source="tfds", name=name, reads="data/code/fetch.txt"))


_SIZE_NEEDED = (
    "Add `size: [height, width]` beside its name in params.yaml, or --size to `heatproof new`"
)


def _downloaded(options: Options) -> RawDataset:
    name = options.name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import absl.logging
    import tensorflow as tf
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    absl.logging.set_verbosity(absl.logging.ERROR)
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    builder = _builder(name)
    image, label = _features(builder, options)
    downloads = Path(builder.data_dir_root) / "downloads"
    if not builder.is_prepared():
        for url in downloading.missing(builder, downloads)[:1]:
            downloading.require_answer(name, url)
    try:
        builder.download_and_prepare(download_dir=downloads)
        return _read(builder, image, label, options)
    except NonMatchingChecksumError as error:
        raise UserError(
            f"{name}: a download is not the official file ({downloading.first_line(error)}); "
            f"delete {downloads} and run again"
        ) from None
    except tf.errors.OpError as error:
        raise UserError(
            f"{builder.data_dir}: the prepared dataset is damaged ({type(error).__name__}); "
            "delete the folder and run again"
        ) from None
    except (OSError, tfds.download.DownloadError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the operating system's refusal, such as a full disk
        raise UserError(downloading.refusal(name, downloading.first_line(error))) from None


def _builder(name: str) -> "tfds.core.DatasetBuilder":
    import tensorflow_datasets as tfds

    try:
        return tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"))
    except tfds.core.registered.DatasetNotFoundError:
        close = nearest(name, tfds.list_builders(with_community_datasets=False))
        raise UserError(f"'{name}': tensorflow-datasets has no such dataset{close}") from None
    except ValueError as error:  # of a configuration or version that is not there
        raise UserError(f"'{name}': {escaped(downloading.first_line(error))}") from None


def _features(builder: "tfds.core.DatasetBuilder", options: Options) -> tuple[str, str]:
    """Return the names of the features that are the image and its label.

    Raises:
        UserError: it has none or several, or its images are of several sizes and none is given.
    """
    import tensorflow_datasets as tfds

    features = dict(builder.info.features.items())
    found = []
    for kind, what in ((tfds.features.Image, "image"), (tfds.features.ClassLabel, "label")):
        names = [name for name, feature in features.items() if isinstance(feature, kind)]
        usual = [name for name in names if name in (builder.info.supervised_keys or ())]
        if len(usual or names) != 1:
            shown = ", ".join(f"{name} ({type(each).__name__})" for name, each in features.items())
            raise UserError(
                f"'{options.name}': expected images with one {what} each; it has {shown}"
            )
        found += usual or names
    image, label = found
    if features[image].dtype != np.uint8:
        raise UserError(
            f"'{options.name}': its images are {features[image].dtype}, expected 8 bits; export "
            "them, and take them from the folder (`source: image_folder`)"
        )
    if None in features[image].shape and options.size is None:
        raise UserError(f"'{options.name}': its images are of several sizes. {_SIZE_NEEDED}")
    return image, label


def _read(
    builder: "tfds.core.DatasetBuilder", image: str, label: str, options: Options
) -> RawDataset:
    """Read what is prepared: training part, the dataset's own validation part, test part."""
    splits = builder.info.splits
    if "train" not in splits:
        raise UserError(
            f"'{options.name}': it has no split `train`, but {', '.join(splits) or 'none at all'}"
        )
    validation = next((name for name in _VALIDATION if name in splits), None)
    left_out = [name for name in splits if name not in ("train", "test", validation)]
    own = ["train"] if validation is None else ["train", validation]
    images, labels = _images(builder, own, image, label, options)
    tests = ["test"] if "test" in splits else []
    test_images, test_labels = _images(builder, tests, image, label, options)
    held_out = None
    if validation is not None:
        counts = [splits[part].num_examples for part in own]
        held_out = np.repeat(np.array([0, 1], np.uint8), counts)
    remarks = [f"splits that are left out: {', '.join(left_out)}"] if left_out else []
    names = tuple(builder.info.features[label].names)
    return RawDataset(
        images, labels, test_images, test_labels, names,
        validation=held_out, remarks=tuple(map(escaped, remarks)),
    )  # fmt: skip


def _images(
    builder: "tfds.core.DatasetBuilder",
    parts: Sequence[str],
    image: str,
    label: str,
    options: Options,
) -> tuple[StoredImages, np.ndarray]:
    """Return the images, uint8 (n, height, width, channels), and labels, int64 (n,), of splits.

    Raises:
        UserError: an image has no label, as in some datasets' test parts.
    """
    shape = builder.info.features[image].shape
    size, colour = _wanted(shape, options)
    count = sum(builder.info.splits[part].num_examples for part in parts)
    final = (*size, 3 if colour == "rgb" else 1)
    pixels, labels = Scratch(count, final), np.empty(count, dtype=np.int64)
    as_they_are = final == tuple(shape)
    # Images of several sizes make no batch.
    step = max(1, BLOCK_BYTES // math.prod(final)) if as_they_are else 1
    first = 0
    for part in parts:
        examples: Any = builder.as_dataset(split=part)
        for batch in examples.batch(step).as_numpy_iterator():
            read = batch[image] if as_they_are else resized(batch[image], size, colour)
            pixels[first] = read
            labels[first : first + len(read)] = batch[label]
            first += len(read)
            if batch[label].min() < 0:
                raise UserError(f"'{options.name}': images of its split `{part}` have no label")
    return pixels.images(), labels


def _wanted(shape: tuple[int | None, ...], options: Options) -> tuple[tuple[int, int], str]:
    """Return height and width, and the colour, that the images of a shape come to."""
    height, width = options.size or shape[:2]
    assert height and width, "it was checked"
    return (height, width), options.colour or ("gray" if shape[2] == 1 else "rgb")


def resized(images: np.ndarray, size: tuple[int, int], colour: str) -> np.ndarray:
    """Bring images, uint8 (n, height, width, 1 or 3), to a size and a colour."""
    from PIL import Image

    from heatproof.datasets.decoding import as_pixels

    pictures = (Image.fromarray(each[..., 0] if each.shape[-1] == 1 else each) for each in images)
    return np.stack([as_pixels(picture, *size, colour) for picture in pictures])


def _resized(raw: RawDataset, options: Options) -> RawDataset:
    """Bring the images of a dataset in memory to the size and colour that are wanted."""
    size, colour = _wanted(raw.images.shape[1:], options)
    final = (*size, 3 if colour == "rgb" else 1)
    if raw.images.shape[1:] == final:
        return raw
    parts = []
    for images in (raw.images, raw.test_images):
        pixels, first = Scratch(len(images), final), 0
        for block in blocks(images):
            for each in block:  # one at a time: there may be hundreds of times as many pixels
                pixels[first] = resized(each[np.newaxis], size, colour)
                first += 1
        parts.append(pixels.images())
    return replace(raw, images=parts[0], test_images=parts[1])
