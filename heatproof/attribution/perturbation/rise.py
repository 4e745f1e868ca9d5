"""RISE: how probable a class is, on average, where random masks keep a pixel (Petsiuk et al. 2018).

https://arxiv.org/abs/1806.07421, equation 6: S(p) = sum_i f(x * M_i) M_i(p) / (N E[M]), f the
target's probability. `rise_centred` differs in two things:

- the score is the target's logit; the probability hides how sure the network is where it is sure;
- the mean score is subtracted first. Equation 6 estimates E[f | pixel kept], most of which is the
  same for every pixel, E[f], and its noise is that of the masks' coverage times E[f]: what N masks
  happen to cover more often is brighter, in every image alike. Subtracted, a map estimates
  E[f | pixel kept] - E[f]: the same picture up to a constant, signed, in logits, at a fraction of
  the error: with 1,000 masks of 28x28 pixels on a linear network, a third where E[f] is three
  standard deviations of the scores, a ninth where it is ten.

What the offset does to measures, on a small trained network (digits at 16 pixels, accuracy 90 %,
30 images, 1,000 masks): the paper's map correlates at 0.40 by ranks with the masks' coverage, and
at 0.40 with the same network's map after all weights were made random; centred at 0.15. Halves of
the masks agree at 0.58, centred at 0.95; the MoRF-LeRF gap is 0.70 and 0.98, the Gini index 0.03
and 0.43. Changes under noise are a share of a length that is mostly the offset's.

The offset's noise is what is left of few masks where the network is sure. Of a pretrained
efficientnet_lite0 that tells two kinds of insects (192 pixels, 3 images), the paper's maps of two
draws of 100, 200, 300 and 400 masks correlate by ranks at 0.17, -0.01, -0.18 and -0.22: at none
does a map say what other masks would say again, as `split_half_correlation` shows. So large images
have 250 masks with `auto`, since twice as many would not help.

A masked pixel fades to the mean colour of the training images, as it does in the authors' code,
which masks images that are normalised already.
"""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.geometry import Axis, interpolation
from heatproof.attribution.core.masking import mask_slices, masked_logits
from heatproof.attribution.core.method import Attribution, Method, Number, Passes
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import Rows, by_image
from heatproof.attribution.core.sizes import AUTO, AgainAtMost, Auto, by_size
from heatproof.config.schema import Block
from heatproof.statistics.softmax import softmax


class RiseOptions(Block):
    """Options of RISE."""

    masks: Annotated[
        Auto | Annotated[int, Field(ge=4, le=100_000)], by_size(1000, 250), AgainAtMost(100)
    ] = AUTO
    """Random masks per image."""
    grid_size: Annotated[int, Field(ge=2, le=64)] = 7
    """Cells of a mask along a side."""
    keep_probability: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """The probability that a cell is kept."""


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
    """Attribute each target's probability to pixels.

    Args:
        colour: float32 (channels,) in [0, 1], what a masked pixel shows.
        seed: of the masks, which are the same for every image.

    Returns:
        maps: not negative, the mean probability where the pixel is kept (equation 6).
        relative_error: the root mean square, over the pixels, of the map's standard error, divided
        by the map's own spread; both are of the map less its mean, an offset that says nothing.
        1 is a map of noise alone. split_half_correlation: of the maps that the even and the odd
        masks alone give.
    """
    drawn = draw(masks, grid_size, keep_probability, images.shape[1:3], seed)
    rows, logits = _masked(network, images, targets, drawn, colour)
    probabilities = softmax(logits.reshape(-1, network.classes)).reshape(logits.shape)
    scores = rows.of_targets(probabilities)
    return _estimated(
        drawn, [_shared(scores, chosen) / keep_probability for chosen in _halves(masks)]
    )


def rise_centred(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    masks: int,
    grid_size: int,
    keep_probability: float,
    colour: np.ndarray,
    seed: int,
) -> Attribution:
    """Attribute each target logit to pixels, less the mean logit; arguments as of `rise`.

    Returns:
        maps: by how many logits the mean score is higher where the pixel is kept. Numbers as of
        `rise`, but of the map as it is, which has no offset; NaN where no mask changes the logit.
    """
    drawn = draw(masks, grid_size, keep_probability, images.shape[1:3], seed)
    rows, logits = _masked(network, images, targets, drawn, colour)
    scores = rows.of_targets(logits).astype(np.float64)
    scores -= scores[:, :1]  # scores that do not vary become zeros, and not rounding errors
    weights = [_centred(scores, chosen) / keep_probability for chosen in _halves(masks)]
    return _estimated(drawn, weights, expected=keep_probability)


def _masked(
    network: Network, images: np.ndarray, targets: np.ndarray, drawn: "Drawn", colour: np.ndarray
) -> tuple[Rows, np.ndarray]:
    """Return which rows show the same image, and each image's logits under every mask."""
    rows = by_image(images, targets)
    return rows, masked_logits(network, rows.images, colour, drawn.masks, len(drawn.grids))


def _halves(masks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all masks, the even ones and the odd ones, bool (masks,) each."""
    even = np.arange(masks) % 2 == 0
    return even | True, even, ~even


def _estimated(
    drawn: "Drawn", weights: list[np.ndarray], expected: float | None = None
) -> Attribution:
    """Sum the masks by weights of each image, and say how far from its expectation the sum is.

    Args:
        weights: float64 (n, masks) of all masks, and of either half.
        expected: of a mask at any pixel, where the weights sum to 0; None: the map's own mean is
            an offset, and is left out of the numbers.
    """
    stacked = np.stack(weights)
    count, masks = stacked.shape[1:]
    sums, squares = np.zeros((3, count, *drawn.size)), np.zeros((count, *drawn.size))
    for part in mask_slices(masks, drawn.size):
        block = drawn.masks(part).astype(np.float64)
        sums += np.tensordot(stacked[..., part], block, axes=1)
        offset = block.mean(axis=(1, 2), keepdims=True) if expected is None else expected
        squares += np.tensordot(stacked[0][:, part] ** 2, (block - offset) ** 2, axes=1)
    maps = sums[0]
    of_interest = maps - maps.mean(axis=(1, 2), keepdims=True) if expected is None else maps
    # The variance of a sum of independent terms, from the terms.
    variance = np.maximum(squares - of_interest**2 / masks, 0)
    numbers = {
        "relative_error": _ratio(_power(variance**0.5), _power(of_interest)),
        "split_half_correlation": _correlation(sums[1], sums[2]),
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


def _shared(scores: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the chosen scores (n, masks) over their number; others 0."""
    return np.where(chosen, scores, 0) / chosen.sum()


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


_RISE = Method(
    name="rise",
    label="RISE",
    family="perturbation",
    needs="predictions",
    shows="how probable the class is, on average over random masks, when a pixel is among those "
    "shown; what the masks cover more often by chance is brighter; the fewer masks, the more noise",
    reference="Petsiuk et al. 2018",
    address="arXiv:1806.07421",
    definition="The mean of the class’s probability over images under random masks, each weighted "
    "by how much of the pixel its mask keeps.",
    equation="M(p) = 1/(N E[m]) Σ_i f(x ⊙ m_i) m_i(p) (eq. 6)",
    deviations="None. What is masked shows the training images’ mean colour, as in the authors’ "
    "program, whose images are normalised first.",
    options=RiseOptions,
    explain=rise,
    arguments=lambda options, context: {
        **dict(options),
        "colour": context.mean_colour,
        "seed": context.seed,
    },
    unit="probability",
    signed=False,
    cost="slow",
    passes=lambda options, size: Passes(forward=options.masks),
    numbers={
        "relative_error": Number(
            label="sampling error",
            meaning="the map's standard error over the masks, as a share of the map's own spread",
        ),
        "split_half_correlation": Number(
            label="agreement of halves",
            meaning="correlation of the maps from either half of the masks: 1 is no noise",
            caption="halves agree {:.2f}",
        ),
    },
)

METHODS = (
    _RISE,
    replace(
        _RISE,
        name="rise_centred",
        label="RISE, centred",
        shows="how much higher the class score is, on average over random masks, when a pixel is "
        "among those shown; the fewer masks, the more noise",
        definition="RISE of the logit less its mean over the masks: below zero, the score is lower "
        "where the pixel is shown.",
        equation="M(p) = 1/((N − 1) E[m]) Σ_i (S(x ⊙ m_i) − S̄) m_i(p)",
        deviations="The paper takes the probability, and no mean off. A constant less "
        "changes no order of the pixels by itself; but what the masks cover more often by chance, "
        "in all images and networks alike, no longer shows, so that the map is less noisy, "
        "signed, and depends more on the network.",
        explain=rise_centred,
        unit="logits",
        signed=True,
    ),
)
