"""What lies in a folder of pictures: classes, sizes, colour, brightness."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heatproof.datasets.decoding import UNREADABLE, opened, quietly, why_unreadable
from heatproof.datasets.labelled_files import Labelled
from heatproof.datasets.reading import read_images
from heatproof.run.errors import UserError
from heatproof.statistics.numbers import plural

LOOKED_AT = 500  # pictures that are decoded, spread over all
# Two channels of a grey picture differ by less, out of 255, after JPEG.
_GREY = 3
_SHOWN_CLASSES = 12


@dataclass(frozen=True)
class Found:
    """What was found.

    counts: pictures of each class. sizes: (width, height) of those that were looked at, in pixels.
    grey: whether none of them has a colour.
    """

    counts: dict[str, int]
    sizes: list[tuple[int, int]]
    grey: bool

    @property
    def images(self) -> int:
        """How many pictures there are."""
        return sum(self.counts.values())

    @property
    def short_side(self) -> int:
        """The median of the shorter sides, in pixels."""
        return round(statistics.median(min(size) for size in self.sizes))

    @property
    def only_size(self) -> tuple[int, int] | None:
        """The width and height of all pictures, if they have one size."""
        return self.sizes[0] if len(set(self.sizes)) == 1 else None

    def description(self) -> list[str]:
        """Return what was found, in lines."""
        ordered = sorted(self.counts.items(), key=lambda item: -item[1])
        shown = ", ".join(f"{name} {count:,}" for name, count in ordered[:_SHOWN_CLASSES])
        more = len(ordered) - _SHOWN_CLASSES
        width, height = zip(*self.sizes, strict=True)
        size = (
            f"all {width[0]}×{height[0]} pixels" if self.only_size
            else f"{min(width)}×{min(height)} to {max(width)}×{max(height)} pixels, the shorter "
            f"side {self.short_side} (median)"
        )  # fmt: skip
        lines = [
            f"{plural(self.images, 'picture')} of {plural(len(ordered), 'class', 'classes')}: "
            f"{shown}{f' and {more:,} more' if more > 0 else ''}",
            f"{size}; {'grey' if self.grey else 'in colour'}",
        ]
        most, least = ordered[0][1], ordered[-1][1]
        if most > 3 * least:
            lines.append(
                f"unbalanced: '{ordered[0][0]}' alone is {most / self.images:.0%}; look at the "
                "balanced accuracy, not at the accuracy"
            )
        return lines


def inspect(images: Sequence[Labelled]) -> tuple[Found, list[Labelled]]:
    """Count the classes, and decode some of the pictures.

    Returns:
        What was found, and the pictures that were decoded.

    Raises:
        UserError: none of the pictures can be read.
    """
    step = -(-len(images) // LOOKED_AT)
    sizes, read, grey, why = [], [], True, ""
    for image in images[::step]:
        try:
            picture = opened(image.path)
        except UNREADABLE as error:  # `fetch` lists them all
            with quietly():
                why = why or f"{image.path}: {why_unreadable(image.path, error)}"
            continue
        sizes.append(picture.size)
        read.append(image)
        grey = grey and _is_grey(picture)
    if not read:
        raise UserError(f"{why}; none of {len(images[::step]):,} pictures can be read")
    return Found(dict(Counter(image.label for image in images)), sizes, grey), read


def moments(images: Sequence[Labelled], height: int, width: int, colour: str) -> tuple[list, list]:
    """Return the mean and standard deviation of each channel, of pictures in [0, 1]."""
    pixels = read_images(images, (height, width), colour, None).pixels / 255
    axes = (0, 1, 2)
    rounded = ([round(float(x), 4) for x in part] for part in (pixels.mean(axes), pixels.std(axes)))
    mean, std = rounded
    return mean, [max(deviation, 1e-4) for deviation in std]


def _is_grey(picture) -> bool:
    small = picture.convert("RGB").resize((32, 32))
    pixels = np.asarray(small, dtype=np.int64)
    return bool((pixels.max(axis=-1) - pixels.min(axis=-1)).max() < _GREY)
