"""Images and labels as arrays in one file: HDF5 or `.npz`, as usps, medmnist and Keras have them.

`array_roles` says how arrays are called. Images are (n, height, width), with channels last or
first, or flat rows where these can only be squares of grey. A split of the file's own is kept.
Integers of more than 8 bits and floats become 8 bits as those of image files do (`deep`):
`value_range` of params.yaml says which values are black and white, or the usual range does that
holds all of them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from heatproof.config.schema import Block, ImageSize, ValueRange
from heatproof.storage.records import RawDataset


class Options(Block):
    """Images and labels as arrays in one file, HDF5 or `.npz`, with its own split if it has one."""

    source: Literal["array_file"]
    """Where the images are from."""
    reads: Annotated[str, Field(min_length=1)]
    """The file, whose change means fetching again."""
    size: ImageSize | None = None
    """[height, width] in pixels; as the file has them where not given."""
    colour: Literal["rgb", "gray"] | None = None
    """As the file has it where not given."""
    value_range: ValueRange | None = None
    """[black, white]; where not given 0 is black, and white the least of 255, 1023, 4095, 16383,
    65535 (of floats also 1) that holds all values."""
    class_names: Annotated[list[str], Field(min_length=2)] | None = None
    """What the labels 0, 1 … stand for, or the labels in ascending order; the labels themselves
    where neither this nor the file says."""


def fetch(options: Options) -> RawDataset:
    """Return the images as uint8 (n, height, width, 3 or 1), with the split of the file's own.

    Raises:
        UserError: the file is missing or damaged, it is not certain which arrays are the images and
            their labels, these do not fit together, or the disk has no room for the images.
    """
    # Not before: reading the options, which every stage does, needs no Pillow.
    from heatproof.datasets import array_reading

    with array_reading.opened(Path(options.reads), options.class_names) as content:
        black_white = tuple(options.value_range) if options.value_range else None
        return content.read(options.size, options.colour, black_white)
