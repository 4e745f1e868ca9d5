"""Features of a frozen backbone: computed once, and kept in a file, however many there are.

The file lies beside the checkpoint of the training, so that one that was interrupted finds it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from heatproof.models import memory
from heatproof.storage import images as files
from heatproof.storage.formats import load_arrays, write_arrays
from heatproof.storage.images import Images, StoredImages
from heatproof.training.checkpoints import Checkpoint

_LARGEST_BATCH = 32
_MADE_BY = "features of an unfinished training"
_FLOAT = np.dtype(np.float32)


@dataclass(frozen=True, eq=False)
class Features:
    """Features in a file of bytes: `features[rows]` reads some, float32 (m, channels)."""

    stored: StoredImages
    dtype = _FLOAT

    @property
    def shape(self) -> tuple[int, int]:
        """As an array's, (n, channels)."""
        return len(self.stored), self.stored.shape[1] // _FLOAT.itemsize

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return self.stored[rows].view(_FLOAT)


@dataclass(frozen=True, eq=False)
class Part:
    """Features of some images, as they are or changed at random: computed when they are read.

    rows: int64 (n,), of which images. changes: layers, in training mode; none to change nothing.
    """

    extractor: keras.Model
    images: Images
    rows: np.ndarray
    changes: Sequence[keras.layers.Layer] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Of what is read, the features' bytes."""
        return len(self.rows), self.extractor.output.shape[-1] * _FLOAT.itemsize

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, some: slice) -> np.ndarray:
        """Return uint8 (m, bytes) of neighbouring rows."""
        return np.concatenate(list(self._batches(self.rows[some]))).view(np.uint8)

    def _batches(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        size = min(_LARGEST_BATCH, memory.images_at_once(self.extractor))
        for start in range(0, len(rows), size):
            batch = self.images[rows[start : start + size]].astype(np.float32) / 255
            for layer in self.changes:
                batch = layer(batch, training=True)
            yield keras.ops.convert_to_numpy(self.extractor.predict_on_batch(batch))


def kept(parts: Sequence[Part], place: Checkpoint | None) -> np.ndarray | Features:
    """Return the features of all parts, one after the other, float32 (n, channels).

    Args:
        parts: all of one network.
        place: where they are kept until the training is over, or were kept before an interruption;
            None to hold them in memory.
    """
    if place is None:
        return np.concatenate([part[:] for part in parts]).view(_FLOAT)
    path, made_by = place.path.with_suffix(".npy"), f"{_MADE_BY} {place.key}"
    if place.path.exists():
        try:
            sums = load_arrays(place.path, made_by)["checksums"]
            stored = files.opened(path, made_by, sums, parts[0].shape[1:])
            for _ in files.blocks(stored):
                pass  # each is compared with its checksum as it is read
            return Features(stored)
        except Exception:  # whatever it is that the files make of their readers
            print(f"{place.path}: of another training, or damaged; computing it again", flush=True)
    total = sum(map(len, parts))
    print(f"{parts[0].extractor.name}: features of {total:,} images, once", flush=True)
    sums = files.write(path, parts)
    write_arrays(place.path, {"checksums": sums}, made_by)
    return Features(files.opened(path, made_by, sums, parts[0].shape[1:]))
