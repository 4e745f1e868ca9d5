"""Occlusion: how far the logit falls when a square of the image is covered (Zeiler & Fergus 2013).

https://arxiv.org/abs/1311.2901, section 4.2. The square shows one colour, the mean of the training
images: the paper's grey square, in the data's own colours. Black would cover nothing where a digit
has its background.
"""

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from heatproof.attribution.core.masking import masked_logits
from heatproof.attribution.core.method import Attribution, Method, Passes
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import by_image
from heatproof.attribution.core.sizes import AUTO, Auto, Sized
from heatproof.config.schema import Block

Pixels = Annotated[int, Field(ge=1, le=256)]


def _auto_stride(side: float) -> int:
    """A 16th of the side, which of 28 to 32 pixels is 2; the square has twice that."""
    return max(2, round(side / 16))


class OcclusionOptions(Block):
    """Options of occlusion; as many squares in images of any size with `auto`."""

    size: Annotated[Auto | Pixels, Sized(lambda side: 2 * _auto_stride(side))] = AUTO
    """The square’s side, in pixels."""
    stride: Annotated[Auto | Pixels, Sized(_auto_stride)] = AUTO
    """Pixels from one square to the next."""

    @model_validator(mode="after")
    def _covers(self) -> "OcclusionOptions":
        if self.size == AUTO or self.stride == AUTO:
            if self.size != self.stride:
                raise ValueError("size and stride belong together: both in pixels, or both auto")
        elif self.stride > self.size:
            raise ValueError(
                f"stride {self.stride} is larger than size {self.size}: it skips pixels"
            )
        return self


def occlusion(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    size: int,
    stride: int,
    colour: np.ndarray,
) -> Attribution:
    """Attribute each target logit to pixels: the mean fall over the squares that cover the pixel.

    An image smaller than the square is covered from edge to edge. Positive where covering the
    pixel's neighbourhood lowers the logit.

    Args:
        colour: float32 (channels,) in [0, 1], what the square shows.

    Raises:
        ValueError: the stride is larger than the square, so that pixels would be left out.
    """
    rows = by_image(images, targets)
    vertical, horizontal = (windows(pixels, size, stride) for pixels in images.shape[1:3])
    shape = len(vertical), len(horizontal)

    def kept(part: slice) -> np.ndarray:
        i, j = np.unravel_index(np.arange(part.start, part.stop), shape)
        return 1 - vertical[i, :, None] * horizontal[j, None, :]

    covered = masked_logits(network, rows.images, colour, kept, shape[0] * shape[1])
    falls = network.logits(rows.images)[:, None] - covered
    falls_of_rows = rows.of_targets(falls).reshape(len(images), *shape)
    sums = np.einsum("nij,ih,jw->nhw", falls_of_rows, vertical, horizontal, optimize=True)
    return Attribution((sums / np.outer(vertical.sum(0), horizontal.sum(0))).astype(np.float32))


def windows(pixels: int, size: int, stride: int) -> np.ndarray:
    """Return which pixels of a side each window covers, float32 (windows, pixels), 0 or 1.

    Where the stride does not end at the edge, one more window lies flush with it, so that the rim
    is covered as well.

    Raises:
        ValueError: the stride is larger than the window.
    """
    if stride > size:
        raise ValueError(f"stride {stride}: larger than the window, {size} pixels")
    size = min(size, pixels)
    starts = sorted({*range(0, pixels - size + 1, stride), pixels - size})
    place = np.arange(pixels) - np.array(starts)[:, None]
    return ((place >= 0) & (place < size)).astype(np.float32)


def _passes(options: OcclusionOptions, size: tuple[int, int]) -> Passes:
    vertical, horizontal = (len(windows(pixels, options.size, options.stride)) for pixels in size)
    return Passes(forward=vertical * horizontal)


METHODS = (
    Method(
        name="occlusion",
        label="Occlusion",
        family="perturbation",
        needs="predictions",
        shows="how far the class score falls when a small square of the image is covered",
        reference="Zeiler & Fergus 2013",
        address="arXiv:1311.2901",
        definition="How far the logit falls when a square is covered, the mean over the squares "
        "that cover the pixel.",
        equation="M(p) = mean over squares Q ∋ p of S(x) − S(x with Q covered)",
        deviations="The square has the training images’ mean colour; in the paper it is "
        "grey. The paper shows the class’s probability at each place of the square; here "
        "it is the fall of the logit, and a pixel gets the mean of its squares.",
        options=OcclusionOptions,
        explain=occlusion,
        arguments=lambda options, context: {**dict(options), "colour": context.mean_colour},
        cost="slow",
        passes=_passes,
    ),
)
