"""Sobol attribution: which cells of the image make the score vary (Fel et al. 2021).

https://arxiv.org/abs/2111.04138. The image is divided into cells, and each cell fades by a random
amount towards one colour. Of the variance that the score then has, a cell's total index is the
share in which that cell has a part, alone or together with others. It says nothing of the
direction.
"""

from typing import Annotated

import numpy as np
from pydantic import Field, field_validator

from heatproof.attribution.core.method import Attribution, Method, Number, Passes
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import by_image
from heatproof.attribution.core.sizes import AgainAtMost
from heatproof.attribution.perturbation.cell_masks import cell_scores, enlarged, fitting
from heatproof.config.schema import Block
from heatproof.statistics import sobol_indices


class SobolOptions(Block):
    """Options of Sobol attributions."""

    pairs: Annotated[int, Field(ge=2, le=4096), AgainAtMost(4)] = 8
    """Pairs of random masks, a power of two. An image takes pairs × (cells + 2) passes."""
    grid_size: Annotated[int, Field(ge=2, le=16)] = 6
    """Cells along a side."""

    @field_validator("pairs")
    @classmethod
    def _balanced(cls, pairs: int) -> int:
        if pairs & (pairs - 1):
            raise ValueError(f"{pairs} is no power of two, of which a Sobol sequence is balanced")
        return pairs


def sobol(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    pairs: int,
    grid_size: int,
    colour: np.ndarray,
    seed: int,
) -> Attribution:
    """Attribute the variance of each target logit to cells: their total Sobol indices.

    Args:
        colour: float32 (channels,) in [0, 1], what a faded pixel shows.
        seed: of the masks, which are the same for every image.

    Returns:
        maps: not negative, the same for all pixels of a cell; zero where the logit does not vary.
        index_sum: of all cells. 1: the cells' effects add up; more: they act together.
        relative_error: the root mean square, over the cells, of the index's standard error over the
        pairs, divided by the indices' spread over the cells; NaN where these do not vary.
    """
    rows, size = by_image(images, targets), images.shape[1:3]
    cells = fitting(grid_size, size)
    grids = sobol_indices.design(pairs, cells[0] * cells[1], seed).reshape(-1, *cells)
    scores = cell_scores(network, rows, grids, colour)
    terms = sobol_indices.terms(scores, pairs)
    indices = terms.mean(axis=2)
    squared_error = (terms.var(axis=2, ddof=1) / pairs).mean(axis=1)
    spread = indices.std(axis=1)
    error = np.full(len(indices), np.nan)
    np.divide(np.sqrt(squared_error), spread, out=error, where=spread > 0)
    maps = enlarged(indices.reshape(-1, *cells), size).astype(np.float32)
    return Attribution(maps, {"index_sum": indices.sum(axis=1), "relative_error": error})


def _passes(options: SobolOptions, size: tuple[int, int]) -> Passes:
    down, across = fitting(options.grid_size, size)
    return Passes(forward=options.pairs * (down * across + 2))


METHODS = (
    Method(
        name="sobol",
        label="Sobol",
        family="perturbation",
        needs="predictions",
        shows="of what share of the class score’s variance a cell of the image takes part in, when "
        "all cells fade at random; the same for all pixels of a cell, and without a direction",
        reference="Fel et al. 2021; Jansen 1999",
        address="arXiv:2111.04138",
        definition="The total Sobol index of each cell: the mean squared change of the logit when "
        "that cell’s fading alone is drawn again, over twice the variance of the logit.",
        equation="M(p) = E[(S(x ⊙ a) − S(x ⊙ a_b^i))²] / (2 V[S]), i the cell of p",
        deviations="8 pairs of masks of 6 × 6 cells; Xplique, the authors’ program, has 32 pairs "
        "of 8 × 8 cells by default, a variance over the first masks of the pairs alone, and maps "
        "that are smoothed when they are enlarged. What fades shows the training images’ mean "
        "colour.",
        options=SobolOptions,
        explain=sobol,
        arguments=lambda options, context: {
            **dict(options),
            "colour": context.mean_colour,
            "seed": context.seed,
        },
        unit="share of variance",
        signed=False,
        overlay=True,
        cost="slow",
        passes=_passes,
        numbers={
            "index_sum": Number(
                label="sum of the indices",
                meaning="of all cells: 1 if their effects add up, more the more they act together",
                caption="indices sum to {:.2f}",
            ),
            "relative_error": Number(
                label="sampling error",
                meaning="the indices’ standard error over the pairs of masks, as a share of the "
                "indices’ own spread",
            ),
        },
    ),
)
