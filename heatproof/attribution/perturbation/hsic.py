"""HSIC attribution: on which cells of an image the score depends at all (Novello et al. 2022).

https://arxiv.org/abs/2206.06219: the Hilbert-Schmidt independence criterion (Gretton et al. 2005)
between whether a cell is shown and the score. With the paper's binary kernel, 1/2 - (a - b)^2, and
a Gaussian kernel l of the scores, it is zero only if the scores are distributed alike with the cell
and without it. One sample serves all cells, so that the number of passes does not grow with theirs.
"""

from typing import Annotated

import numpy as np
from pydantic import Field

from heatproof.attribution.core.method import Attribution, Method, Number, Passes
from heatproof.attribution.core.network import Network
from heatproof.attribution.core.rows import by_image
from heatproof.attribution.core.sizes import AgainAtMost
from heatproof.attribution.perturbation.cell_masks import cell_scores, enlarged, fitting
from heatproof.config.schema import Block


class HsicOptions(Block):
    """Options of HSIC attributions."""

    masks: Annotated[int, Field(ge=4, le=10_000), AgainAtMost(100)] = 200
    """Random masks per image."""
    grid_size: Annotated[int, Field(ge=2, le=64)] = 7
    """Cells along a side."""


def hsic(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    masks: int,
    grid_size: int,
    colour: np.ndarray,
    seed: int,
) -> Attribution:
    """Attribute to each cell how far the target logit depends on its being shown.

    Args:
        colour: float32 (channels,) in [0, 1], what a hidden cell shows.
        seed: of the masks, which are the same for every image.

    Returns:
        maps: not negative, the same for all pixels of a cell; zero where the logit does not vary.
        chance_level: what is expected of a cell that the logit does not depend on, as a share of
        the map's largest value; NaN where the logit does not vary.
    """
    from threadpoolctl import threadpool_limits

    rows, size = by_image(images, targets), images.shape[1:3]
    cells = fitting(grid_size, size)
    shown = draw(masks, cells[0] * cells[1], seed)
    scores = cell_scores(network, rows, shown.reshape(-1, *cells), colour)
    # NumPy's threads have little to do in matrices this small, and get in TensorFlow's way.
    with threadpool_limits(1, user_api="blas"):
        found = [dependence(shown, each) for each in scores]
    values = np.array([each[0] for each in found]).reshape(-1, *cells)
    chance, most = np.array([each[1] for each in found]), values.max(axis=(1, 2))
    level = np.full(len(values), np.nan)
    np.divide(chance, most, out=level, where=most > 0)
    return Attribution(enlarged(values, size).astype(np.float32), {"chance_level": level})


def draw(masks: int, cells: int, seed: int) -> np.ndarray:
    """Draw a Latin hypercube of 0 and 1, float32 (masks, cells): each cell is shown in half."""
    halves = np.tile(np.arange(masks) < masks // 2, (cells, 1))
    shown = np.random.default_rng(seed).permuted(halves, axis=1).T
    return np.ascontiguousarray(shown, np.float32)  # which products of matrices are faster with


def dependence(shown: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, float]:
    """Return each cell's HSIC with the scores, and what it would be by chance alone.

    Args:
        shown: float32 (masks, cells), 0 or 1.
        scores: float32 (masks,).

    Returns:
        float64 (cells,), not negative: tr(K H L H) / masks^2, where K's binary kernel is half the
        product of two signs; and its expectation if the scores were in random order.
    """
    masks = len(scores)
    if np.ptp(scores) == 0:
        return np.zeros(shown.shape[1]), 0.0
    distances = np.abs(scores[:, None] - scores)
    kernel = np.exp(-0.5 * (distances / _bandwidth(distances)) ** 2)
    signs = 2 * shown - 1
    signs -= signs.mean(axis=0)
    values = 0.5 * (signs * (kernel @ signs)).sum(axis=0, dtype=np.float64) / masks**2
    centred_trace = masks - kernel.mean(dtype=np.float64) * masks  # of H L H; L has a diagonal of 1
    variance = (signs**2).mean(dtype=np.float64)
    chance = 0.5 * variance * centred_trace / (masks * (masks - 1))
    return np.maximum(values, 0), float(chance)


def _bandwidth(distances: np.ndarray) -> np.float32:
    """Return the median distance between two different masks' scores, or the mean where it is 0."""
    count = len(distances)
    # Each pair is there twice, behind the zeros of the diagonal.
    middle = count + count * (count - 1) // 2
    median = np.partition(distances.ravel(), middle)[middle]
    return median if median > 0 else distances.sum() / (count * (count - 1))


METHODS = (
    Method(
        name="hsic",
        label="HSIC",
        family="perturbation",
        needs="predictions",
        shows="how far the class score depends, in any way, on whether a cell of the image is "
        "shown, among others that come and go at random; the same for all pixels of a cell, and "
        "without a direction",
        reference="Novello et al. 2022; Gretton et al. 2005",
        address="arXiv:2206.06219",
        definition="The Hilbert–Schmidt independence criterion between whether a cell is shown and "
        "the logit, with a binary kernel of the one and a Gaussian kernel l of the other.",
        equation="M(p) = 1/(2 n²) Σ_(j,k) s̃_j s̃_k l(S_j, S_k), s = ±1 as mask j shows the cell of "
        "p, s̃ = s less its mean",
        deviations="200 masks of 7 × 7 cells; Xplique, "
        "the authors’ program, has 500 of 8 × 8 by default, and takes the median logit for the "
        "Gaussian’s width, here the median distance of two logits. What is hidden shows the "
        "training images’ mean colour.",
        options=HsicOptions,
        explain=hsic,
        arguments=lambda options, context: {
            **dict(options),
            "colour": context.mean_colour,
            "seed": context.seed,
        },
        unit="HSIC",
        signed=False,
        overlay=True,
        cost="slow",
        passes=lambda options, size: Passes(forward=options.masks),
        numbers={
            "chance_level": Number(
                label="chance level",
                meaning="what a cell that does not matter is expected to get, as a share of the "
                "map’s largest value",
                caption="chance {:.0%} of the largest",
            ),
        },
    ),
)
