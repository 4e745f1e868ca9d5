"""Is it the methods that a measure ranks, or the baseline it was taken with?"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from scipy.stats import kendalltau, rankdata

# From here on two rankings are called the same: at 0.5, three of four pairs of methods keep their
# order.
AGREEING = 0.5

# Means that differ in a later decimal are equal: single precision does not say which is better.
DECIMALS = 6


@dataclass(frozen=True)
class Ranks:
    """The methods' ranks under one baseline, 1 the best; equal means share their mean rank.

    rank: method -> of its mean over images; NaN for a method without any number.
    low, high: the 95 % percentile bootstrap interval of that rank, over images; NaN for one image.
    images: on how many images every ranked method has a number. Only these count, so that no
        method is judged on easier images than another.
    """

    rank: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    images: int


@dataclass(frozen=True)
class Ranking:
    """The methods' ranks under each baseline, and whether they are the same.

    ranks: by baseline.
    tau: (baseline, another) -> Kendall's tau-b of the methods' means, each pair once; NaN where a
        baseline ranks all methods alike, or fewer than two are ranked under both.
    survives: whether the smallest tau is at least `AGREEING`; None where no tau is known.
    """

    ranks: dict[str, Ranks]
    tau: dict[tuple[str, str], float]
    survives: bool | None


def ranking(
    values: dict[str, dict[str, np.ndarray]],
    better: Literal["higher", "lower"],
    samples: int,
    seed: int,
) -> Ranking:
    """Rank methods by one measure under several baselines, and compare the rankings.

    Kendall 1945, "The treatment of ties in ranking problems": tau-b counts the pairs of methods in
    the same order less those in the opposite one.

    Args:
        values: baseline -> method -> float (n,), one number per image; NaN where undefined.
        better: which end of the measure is rank 1.
        samples: bootstrap draws of the images.
        seed: of the draws.
    """
    ranks = {name: ranks_of(by_method, better, samples, seed) for name, by_method in values.items()}
    tau = {pair: _tau(*(ranks[name].rank for name in pair)) for pair in combinations(ranks, 2)}
    known = [each for each in tau.values() if not np.isnan(each)]
    return Ranking(ranks, tau, min(known) >= AGREEING if known else None)


def ranks_of(
    values: dict[str, np.ndarray], better: Literal["higher", "lower"], samples: int, seed: int
) -> Ranks:
    """Rank methods by their means over images (see `ranking` for the arguments)."""
    ranked = [name for name, each in values.items() if not np.isnan(each).all()]
    unknown = dict.fromkeys(values, np.nan)
    if not ranked:
        return Ranks(unknown, unknown, unknown, 0)
    table = np.stack([values[name] for name in ranked])
    table = table[:, ~np.isnan(table).any(axis=0)]
    images = table.shape[1]
    if not images:
        return Ranks(unknown, unknown, unknown, 0)
    # How often each image is drawn: a bootstrap mean is then a product, whatever n is.
    drawn = np.random.default_rng(seed).multinomial(images, [1 / images] * images, size=samples)
    rank = _ranked(table.mean(axis=1), better)
    low, high = np.percentile(_ranked(drawn @ table.T / images, better), (2.5, 97.5), axis=0)
    if images == 1:
        low, high = np.full((2, len(ranked)), np.nan)
    rank, low, high = (
        unknown | dict(zip(ranked, each.tolist(), strict=True)) for each in (rank, low, high)
    )
    return Ranks(rank, low, high, images)


def _ranked(means: np.ndarray, better: Literal["higher", "lower"]) -> np.ndarray:
    means = means.round(DECIMALS)
    return rankdata(-means if better == "higher" else means, axis=-1)


def _tau(first: dict[str, float], second: dict[str, float]) -> float:
    both = [(first[m], second[m]) for m in first if m in second]
    both = [pair for pair in both if not np.isnan(pair).any()]
    if len(both) < 2:
        return float("nan")
    # Of ranks it is the same as of means: both only have an order.
    return float(kendalltau(*zip(*both, strict=True)).statistic)
