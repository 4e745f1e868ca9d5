"""MNIST, Fashion-MNIST and CIFAR-10 through tensorflow-datasets, or from the official files."""

from typing import Literal

import numpy as np

from stages.artifacts import RawDataset
from stages.datasets import official_files
from stages.errors import UserError
from stages.schema import Block


class Options(Block):
    """`name`: as tensorflow-datasets calls it."""

    source: Literal["tfds"]
    name: Literal["mnist", "fashion_mnist", "cifar10"]
    reads: str


def fetch(options: Options) -> RawDataset:
    """Return a dataset from the folder that DATASETS_MIRROR names, or else download it.

    Raises:
        UserError: the mirror's files are missing or damaged, or there is no network.
    """
    mirror = official_files.mirror()
    if mirror is not None:
        return official_files.read(options.name, mirror)
    return _downloaded(options.name)


def _downloaded(name: str) -> RawDataset:
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name)
        builder.download_and_prepare()
    except Exception as error:
        raise UserError(
            f"{name}: the download failed ({type(error).__name__}: {str(error).splitlines()[0]}); "
            f"check the network and run again, or put the official files into a folder and name "
            f"it in {official_files.MIRROR} (see the README)"
        ) from error
    train, test = (_arrays(tfds, builder, part) for part in ("train", "test"))
    return RawDataset(*train, *test, tuple(builder.info.features["label"].names))


def _arrays(tfds, builder, part: str) -> tuple[np.ndarray, np.ndarray]:
    rows = tfds.as_numpy(builder.as_dataset(split=part, as_supervised=True))
    images, labels = zip(*rows, strict=True)
    return np.stack(images), np.array(labels, dtype=np.int64)
