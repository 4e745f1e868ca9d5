"""RISE: which pixels raise the logit when random masks keep them (Petsiuk et al. 2018).

https://arxiv.org/abs/1806.07421. Two things differ from the paper's equation 6:

- the score is the target's logit; the paper takes its probability, which hides how sure the network
  is where it is sure;
- the mean score is subtracted first. Equation 6 estimates E[f | pixel kept], most of which is the
  same for every pixel, E[f], and its noise is that of the masks' coverage times E[f]. Subtracted, a
  map estimates E[f | pixel kept] - E[f]: the same picture up to a constant, signed, in logits, at a
  fraction of the error: with 1,000 masks of 28x28 pixels on a linear network, a third where E[f] is
  three standard deviations of the scores, a ninth where it is ten.

A masked pixel fades to the mean colour of the training images, as it does in the authors' code,
which masks images that are normalised already.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.geometry import Axis, interpolation
from heatproof.attribution.core.masking import mask_slices, masked_logits
from heatproof.attribution.core.method import Attribution, Method, Number, Passes
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import by_image
from heatproof.attribution.core.sizes import AUTO, AgainAtMost, Auto, by_size
from heatproof.config.schema import Block


class RiseOptions(Block):
    """masks: how many. grid_size: cells of a mask, along a side. keep_probability: of a cell."""

    masks: Annotated[
        Auto | Annotated[int, Field(ge=4, le=100_000)], by_size(1000, 500), AgainAtMost(150)
    ] = AUTO
    grid_size: Annotated[int, Field(ge=2, le=64)] = 7
    keep_probability: Annotated[float, Field(gt=0, lt=1)] = 0.5


def rise(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    masks: int,
    grid_size: int,
    keep_probability: float,
    colour: np.ndarray,
    seed: int,
) -> Attribution:
    """Attribute each target logit to pixels.

    Args:
        colour: float32 (channels,) in [0, 1], what a masked pixel shows.
        seed: of the masks, which are the same for every image.

    Returns:
        maps: by how many logits the mean score is higher where the pixel is kept. relative_error:
        the root mean square, over the pixels, of the map's standard error, divided by the map's
        own; 1 is a map of noise alone. split_half_correlation: of the maps that the even and the
        odd masks alone give. Both NaN where no mask changes the logit.
    """
    rows = by_image(images, targets)
    drawn = draw(masks, grid_size, keep_probability, images.shape[1:3], seed)
    logits = masked_logits(network, rows.images, colour, drawn.masks, masks)
    scores = rows.of_targets(logits).astype(np.float64)
    scores -= scores[:, :1]  # scores that do not vary become zeros, and not rounding errors
    even = np.arange(masks) % 2 == 0
    # Equation 6, centred, as weights of the masks: of all of them, and of either half.
    weights = np.stack([_centred(scores, chosen) for chosen in (even | True, even, ~even)])
    weights /= keep_probability
    covariances = np.zeros((3, *images.shape[:3]))
    squares = np.zeros(images.shape[:3])
    for part in mask_slices(masks, images.shape[1:3]):
        block = drawn.masks(part).astype(np.float64)
        covariances += np.tensordot(weights[..., part], block, axes=1)
        squares += np.tensordot(weights[0][:, part] ** 2, (block - keep_probability) ** 2, axes=1)
    maps = covariances[0]
    # The variance of a sum of independent terms, from the terms.
    variance = np.maximum(squares - maps**2 / masks, 0)
    numbers = {
        "relative_error": _ratio(_power(variance**0.5), _power(maps)),
        "split_half_correlation": _correlation(covariances[1], covariances[2]),
    }
    return Attribution(maps.astype(np.float32), numbers)


@dataclass(frozen=True)
class Drawn:
    """Masks of one image size, kept as what they are made of.

    grids: float32 (masks, grid_size, grid_size), 1 where a cell is kept. shifts: int64 (masks, 2),
    pixels down and right. size: height and width of the masks.
    """

    grids: np.ndarray
    shifts: np.ndarray
    size: tuple[int, int]

    def masks(self, part: slice) -> np.ndarray:
        """Return some of the masks, float32 (n, height, width) in [0, 1].

        The grid is interpolated bilinearly to one cell more than the image, and the image cut out
        at the shift (section 3.2).
        """
        grid_size = self.grids.shape[1]
        sides = []
        for pixels, shift in zip(self.size, self.shifts[part].T, strict=True):
            jump = (grid_size + 1) * cell_pixels(pixels, grid_size) / grid_size
            whole = interpolation(Axis((jump - 1) / 2, jump, grid_size), round(jump * grid_size))
            sides.append(whole.astype(np.float32)[shift[:, None] + np.arange(pixels)])
        return sides[0] @ self.grids[part] @ sides[1].transpose(0, 2, 1)


def draw(
    masks: int, grid_size: int, keep_probability: float, size: tuple[int, int], seed: int
) -> Drawn:
    """Draw masks for images (height, width). Every pixel's expectation is `keep_probability`."""
    random = np.random.default_rng(seed)
    grids = (random.random((masks, grid_size, grid_size)) < keep_probability).astype(np.float32)
    shifts = [random.integers(0, cell_pixels(pixels, grid_size), masks) for pixels in size]
    return Drawn(grids, np.stack(shifts, axis=1), size)


def cell_pixels(pixels: int, grid_size: int) -> int:
    """Return the side of a cell, rounded up: the range of the random shift."""
    return -(-pixels // grid_size)


def _centred(scores: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the chosen scores (n, masks) less their mean, over their number less one; others 0."""
    mean = scores[:, chosen].mean(axis=1, keepdims=True)
    return np.where(chosen, scores - mean, 0) / (chosen.sum() - 1)


def _power(maps: np.ndarray) -> np.ndarray:
    """Return each map's root mean square, (n,)."""
    return np.sqrt((maps**2).mean(axis=(1, 2)))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return each pair of maps' correlation over the pixels, (n,)."""
    a, b = (maps - maps.mean(axis=(1, 2), keepdims=True) for maps in (first, second))
    return _ratio((a * b).mean(axis=(1, 2)), _power(a) * _power(b))


METHODS = (
    Method(
        name="rise",
        label="RISE",
        family="perturbation",
        shows="how much higher the class score is, on average over random masks, when a pixel is "
        "among those shown; the fewer masks, the more noise",
        reference="Petsiuk et al. 2018",
        address="arXiv:1806.07421",
        options=RiseOptions,
        explain=rise,
        arguments=lambda options, context: {
            **dict(options),
            "colour": context.mean_colour,
            "seed": context.seed,
        },
        cost="slow",
        passes=lambda options, size: Passes(forward=options.masks),
        numbers={
            "relative_error": Number(
                label="sampling error",
                meaning="the map's standard error over the masks, as a share of the map's own "
                "spread",
            ),
            "split_half_correlation": Number(
                label="agreement of halves",
                meaning="rank correlation of the maps from either half of the masks: 1 is no noise",
                caption="halves agree {:.2f}",
            ),
        },
    ),
)
