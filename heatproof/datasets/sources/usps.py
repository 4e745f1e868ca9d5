"""USPS: 9,298 digits from envelopes of the US post, 16×16 pixels, 2,007 of them to test with.

LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition". They are
downloaded from LIBSVM's collection, where pixels are numbers from -1 (black) to 1 and the digit d
is the label d + 1. DATASETS_MIRROR names a folder that stands in for the download: its `usps/` has
the two files, or `usps.h5` with the same images (see `array_file`).
"""

import bz2
import io
from pathlib import Path
from typing import Literal

import numpy as np

from heatproof.config.schema import Block, ReadsNothing
from heatproof.datasets import official_files
from heatproof.datasets.sources import array_file
from heatproof.run.errors import UserError
from heatproof.storage.records import RawDataset

ADDRESS = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass"
# Training and test part, with the MD5 that their users have always given.
FILES = {
    "usps.bz2": "ec16c51db3855ca6c91edd34d0e9b197",
    "usps.t.bz2": "8ea070ee2aca1ac39742fdd1ef5ed118",
}
SIDE = 16
TIMEOUT_SECONDS = (5, 20)  # to connect, to answer


class Options(Block):
    """The USPS digits, 16×16 pixels, as LIBSVM’s site has them."""

    source: Literal["usps"]
    """Where the images are from."""
    reads: ReadsNothing
    """The source reads none of the study’s files: always `data/code/fetch.txt`."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of its classes."""
        return official_files.DIGIT_NAMES


def fetch(options: Options) -> RawDataset:
    """Return the digits as uint8 (n, 16, 16, 1), with the published test part.

    Raises:
        UserError: there is no network, or a file is missing, damaged or not the official one.
    """
    mirror = official_files.mirror()
    folder = mirror / "usps" if mirror else None
    if folder and (folder / "usps.h5").is_file():
        given = array_file.Options(source="array_file", reads=str(folder / "usps.h5"))
        return array_file.fetch(given)
    parts = []
    for name, md5 in FILES.items():
        content = official_files.file_bytes(folder / name) if folder else _downloaded(name)
        place = folder / name if folder else Path(name)
        parts += parsed(official_files.verified(place, content, md5))
    train_images, train_labels, test_images, test_labels = parts
    return RawDataset(
        train_images, train_labels, test_images, test_labels, official_files.DIGIT_NAMES
    )


def parsed(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Parse one of LIBSVM's files, packed by bzip2: uint8 (n, 16, 16, 1) and int64 (n,)."""
    from sklearn.datasets import load_svmlight_file

    file = io.BytesIO(bz2.decompress(content))
    values, labels = load_svmlight_file(file, n_features=SIDE * SIDE)
    pixels = np.rint((values.toarray() + 1) / 2 * 255).astype(np.uint8)
    return pixels.reshape(-1, SIDE, SIDE, 1), labels.astype(np.int64) - 1


def _downloaded(name: str) -> bytes:
    import requests

    try:
        answer = requests.get(f"{ADDRESS}/{name}", timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise UserError(
            f"usps: {ADDRESS}/{name} cannot be downloaded ({type(error).__name__}); connect to the "
            f"internet and run again, or put the official files into <folder>/usps and set "
            f"{official_files.MIRROR}=<folder>"
        ) from None
    return answer.content
