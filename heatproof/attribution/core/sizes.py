"""Options that follow the images' size: what `auto` stands for, and how often maps are made again.

An option says so beside its type. One that may be `auto`:

    masks: Annotated[Auto | Masks, by_size(1000, 500)] = AUTO

and one of which assessments take less, where they make many maps of each large image:

    samples: Annotated[Samples, AgainAtMost(20)] = 50
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal, Never, TypeVar

from heatproof.config.schema import Block

if TYPE_CHECKING:
    Auto = Never  # who computes has a number: `resolved` comes before
else:
    Auto = Literal["auto"]
AUTO: Any = "auto"
# Of images up to this many pixels a side a pass costs so little that published numbers are taken.
SMALL = 40

Options = TypeVar("Options", bound=Block)


@dataclass(frozen=True)
class Sized:
    """What `auto` stands for: (an image's side in pixels) -> the value."""

    of_side: Callable[[float], int | float | str]


@dataclass(frozen=True)
class AgainAtMost:
    """How much there may be of something where maps of large images are made again.

    Fewer samples make a sampled map look a little less stable than the one that is shown. Measured
    on mobilenet_v2 at 224 pixels, means of 6 images with 150 and with 100 of them: under noise RISE
    moves by 0.027 and 0.036 of its length, LIME by 0.41 and 0.48, PartitionSHAP by 0.17 and 0.16;
    with random weights ranks correlate with the trained network's at 0.75 and 0.72, 0.23 and 0.20,
    0.19 and 0.31. Each difference is below the standard error of two images, of which slow methods'
    maps are made again; noise, which a stable map has to be better than, moves by 0.71.

    Occlusion has no such limit: a stride as long as the square, a quarter of the passes, moved by
    0.30 instead of 0.25 (95 % interval of the difference: 0.03 to 0.08), and its SSIM with random
    weights was 0.37 instead of 0.25.
    """

    most: int


def is_small(size: tuple[int, int]) -> bool:
    """Say whether images of this height and width are small: a square of as many pixels is."""
    return _side(size) <= SMALL


def by_size(small: float | str, large: float | str) -> Sized:
    """Return one value up to `SMALL` pixels a side, and another above."""
    return Sized(lambda side: small if side <= SMALL else large)


def resolved(options: Options, size: tuple[int, int], again: bool = False) -> Options:
    """Return options with numbers in place of `auto`.

    Args:
        options: whose fields say what they are; without any that do as they are.
        size: the images' height and width. An image's side is that of a square of as many pixels.
        again: whether for maps that an assessment makes again, under other weights or of changed
            images.
    """
    side = _side(size)
    numbers: dict[str, Any] = {}
    for name, field in type(options).model_fields.items():
        number = getattr(options, name)
        for meaning in field.metadata:
            if isinstance(meaning, Sized) and number == AUTO:
                numbers[name] = number = meaning.of_side(side)
        for meaning in field.metadata:
            if isinstance(meaning, AgainAtMost) and again and side > SMALL:
                numbers[name] = min(number, meaning.most)
    return options.model_copy(update=numbers) if numbers else options


def _side(size: tuple[int, int]) -> float:
    return sqrt(size[0] * size[1])
