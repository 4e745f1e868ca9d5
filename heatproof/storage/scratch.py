"""Images on their way into a dataset: written in any order, into a file that nobody sees."""

import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.run.errors import UserError
from heatproof.storage.images import StoredImages
from heatproof.storage.paths import RAW


class Scratch:
    """Room for images that are written in any order, by any thread, before they are read.

    It is a file without a name, gone when nothing refers to it any more. It lies in data/raw
    where there is one, since temporary folders may be small or memory. What was not written is 0.
    """

    def __init__(self, count: int, image_shape: tuple[int, ...]) -> None:
        """Make room for images.

        Args:
            count: how many.
            image_shape: of each.

        Raises:
            UserError: the disk has no room for them.
        """
        self._size = math.prod(image_shape)
        folder = RAW if RAW.is_dir() else Path(tempfile.gettempdir())
        needed, free = 2 * count * self._size, shutil.disk_usage(folder).free
        if needed > free:
            shown = "×".join(map(str, image_shape[:2]))
            raise UserError(
                f"{count:,} images of {shown} need {needed / 2**30:.1f} GiB of free disk while "
                f"they are put in order, and {folder.resolve()} has {free / 2**30:.1f}; free "
                "some, or choose a smaller `size` in params.yaml"
            )
        self._file: Any = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._file.truncate(count * self._size)
        self._count, self._image_shape = count, image_shape

    def __setitem__(self, first: int, images: np.ndarray) -> None:
        """Write an image, or several that follow each other, uint8, from row `first` on."""
        content = np.ascontiguousarray(images, np.uint8).reshape(-1).data
        place = first * self._size
        while content:
            written = os.pwrite(self._file.fileno(), content, place)
            content, place = content[written:], place + written

    def images(self) -> StoredImages:
        """Return all of them, as they now are."""
        every = np.arange(self._count)
        return StoredImages(self._file, 0, self._image_shape, every, lambda row: EOFError(row))
