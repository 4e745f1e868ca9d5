"""Images in a file, however many: written in batches, and read as they are asked for.

The file is an `.npy` of uint8, which NumPy can map into memory too. Here it is read by position
instead: what was read of a map stays resident, and a file that was cut off would end the process by
a signal. Each image has a checksum (CRC-32) in the sealed record beside the file, and is compared
with it when a process first reads it. So a stage checks what it uses, and opening a file of any
size takes no time.
"""

import io
import itertools
import math
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from heatproof.run.errors import UserError
from heatproof.storage import atomic
from heatproof.storage.formats import remake, require
from heatproof.storage.seal import BROKEN

BLOCK_BYTES = 2**24  # read, or written, at a time where all images are passed


class StoredImages:
    """Images in a file: `images[rows]` reads some, as a NumPy array would give them.

    shape: (n, height, width, channels), or (n, height, width) of masks. dtype: uint8. rows: int64
    (n,), which of the file's images these are, in which order.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        file: BinaryIO,
        offset: int,
        image_shape: tuple[int, ...],
        rows: np.ndarray,
        refuse: Callable[[int], Exception],
        checksums: np.ndarray | None = None,
    ) -> None:
        """Serve images of an open file.

        Args:
            file: stays open as long as anything is read from it.
            offset: where the first image begins, in bytes.
            image_shape: of one image.
            rows: as above.
            refuse: what to raise, given a row of the file that is not as its checksum says.
            checksums: uint32, of all of the file's images; None to compare nothing.
        """
        self._file, self._offset, self._image_shape = file, offset, image_shape
        self.rows, self._refuse, self.checksums = rows, refuse, checksums
        # Shared with all that are selected from these.
        self._compared = np.full(0 if checksums is None else len(checksums), False)

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's."""
        return len(self.rows), *self._image_shape

    @property
    def ndim(self) -> int:
        """As an array's."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, rows: Any) -> "StoredImages":
        """Return some of these images, in this order, without reading them.

        Args:
            rows: int64 (m,), bool (n,), or a slice.
        """
        chosen = StoredImages(
            self._file, self._offset, self._image_shape, self.rows[rows], self._refuse,
            self.checksums,
        )  # fmt: skip
        chosen._compared = self._compared
        return chosen

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Read images: one by its row, or several by a slice, indices or a mask of bools.

        Raises:
            UserError: one of them is damaged, or the file was cut off.
        """
        if isinstance(rows, tuple):  # of what was read, a part
            if rows[0] is Ellipsis:
                return self[:][rows]
            first, *rest = rows
            read = self[first]
            return read[tuple(rest) if read.ndim < self.ndim else (slice(None), *rest)]
        if isinstance(rows, int | np.integer):
            return self[[rows]][0]
        wanted = self.rows[rows]
        read = np.empty((len(wanted), *self._image_shape), np.uint8)
        # Neighbours in the file are read at once.
        ends = np.flatnonzero(np.diff(wanted) != 1) + 1
        for start, stop in itertools.pairwise([0, *ends.tolist(), len(wanted)]):
            if start < stop:
                self._fill(read[start:stop], int(wanted[start]))
        self._compare(wanted, read)
        return read

    def part(self, rows: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Return bytes `start` to `stop` of some images, uint8 (m, stop - start); not compared."""
        read = np.empty((len(rows), stop - start), np.uint8)
        for into, row in zip(read, self.rows[rows].tolist(), strict=True):
            self._fill(into, row, start)
        return read

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in blocks(self):
            yield from block

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of them into memory, for those who know that they are few."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def _fill(self, into: np.ndarray, row: int, start: int = 0) -> None:
        """Read from a row of the file on, and of that from byte `start` on."""
        place = self._offset + row * _bytes(self._image_shape) + start
        buffer = into.reshape(-1).data
        while buffer:
            count = os.preadv(self._file.fileno(), [buffer], place)
            if not count:  # the file ends here
                raise self._refuse(row)
            buffer, place = buffer[count:], place + count

    def _compare(self, wanted: np.ndarray, read: np.ndarray) -> None:
        if self.checksums is None:
            return
        for place in np.flatnonzero(~self._compared[wanted]).tolist():
            if _checksum(read[place]) != self.checksums[wanted[place]]:
                raise self._refuse(int(wanted[place]))
        self._compared[wanted] = True


Images = np.ndarray | StoredImages


class Rows(Protocol):
    """What is read a block at a time, uint8 (n, ...): an array, a file, or made then."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, rows: slice, /) -> Any: ...


def selected(images: Images, rows: Any) -> Images:
    """Return some images, in this order: of those in a file nothing is read."""
    return images.select(rows) if isinstance(images, StoredImages) else images[rows]


def blocks(images: Rows, most_bytes: int = BLOCK_BYTES) -> Iterator[np.ndarray]:
    """Read all images, a block at a time, uint8 (m, height, width, channels)."""
    step = max(1, most_bytes // max(1, _bytes(images.shape[1:])))
    for start in range(0, len(images), step):
        yield images[start : start + step]


def fingerprint(images: Images) -> bytes:
    """Return what stands for images: their shape and checksums. Of a file nothing is read."""
    if isinstance(images, StoredImages) and images.checksums is not None:
        sums = images.checksums[images.rows]
    else:
        sums = checksums_of(images)
    return str(images.shape).encode() + sums.astype("<u4").tobytes()


def checksums_of(images: Images) -> np.ndarray:
    """Return each image's CRC-32, uint32 (n,)."""
    return np.array(
        [_checksum(each) for block in blocks(images) for each in block], dtype=np.uint32
    )


def write(path: Path, parts: Sequence[Rows]) -> np.ndarray:
    """Write images to an `.npy` file, one part after the other, a block at a time.

    Args:
        path: of the file, which is put in place when it is whole.
        parts: uint8, all of one shape but for their numbers.

    Returns:
        uint32 (n,), each image's CRC-32.
    """
    shape = (sum(map(len, parts)), *parts[0].shape[1:])
    sums: list[int] = []

    def fill(file: BinaryIO) -> None:
        file.write(_header(shape))
        for part in parts:
            for block in blocks(part):
                file.write(np.ascontiguousarray(block).data)
                sums.extend(map(_checksum, block))

    atomic.write(path, fill)
    return np.array(sums, dtype=np.uint32)


def opened(
    path: Path, made_by: str, checksums: np.ndarray, image_shape: tuple[int, ...]
) -> StoredImages:
    """Open what `write` wrote; images are compared with their checksums as they are read.

    Args:
        path: of the file.
        made_by: the stage that writes it.
        checksums: uint32 (n,), as `write` returned them.
        image_shape: of each image.

    Raises:
        UserError: it is missing, or not of these images.
    """
    require(path, made_by)
    shape = (len(checksums), *image_shape)
    header = _header(shape)
    file = path.open("rb")
    if file.read(len(header)) != header:
        raise _damaged(path, f"expected an array of bytes {shape}", made_by)
    if os.fstat(file.fileno()).st_size != len(header) + math.prod(shape):
        raise _damaged(path, f"expected {len(header) + math.prod(shape):,} bytes", made_by)
    return StoredImages(
        file,
        len(header),
        image_shape,
        np.arange(len(checksums)),
        lambda row: _damaged(path, f"image {row}: {BROKEN}", made_by),
        checksums,
    )


def _checksum(image: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(image).data)


def _bytes(image_shape: tuple[int, ...]) -> int:
    return math.prod(image_shape)


def _header(shape: tuple[int, ...]) -> bytes:
    """Return what an `.npy` file of this shape begins with."""
    header = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    return header.getvalue()


def _damaged(path: Path, reason: str, made_by: str) -> UserError:
    return UserError(
        f"{path}: {reason}: the file is damaged, another's or older; {remake(path, made_by)}"
    )
