"""Is it the methods that a measure ranks, or the baseline it was taken with?"""

from itertools import combinations
from typing import Any, Literal

import numpy as np
from scipy.stats import kendalltau, rankdata

# From here on two rankings are called the same: at 0.5, three of four pairs of methods keep their
# order.
AGREEING = 0.5

# Means that differ in a later decimal are equal: single precision does not say which is better.
DECIMALS = 6

NUMBERS: tuple[str, ...] = ("rank", "low", "high")


def ranking(
    values: dict[str, dict[str, np.ndarray]],
    better: Literal["higher", "lower"],
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """Rank methods by one measure under several baselines, and compare the rankings.

    Kendall 1945, "The treatment of ties in ranking problems": tau-b counts the pairs of methods in
    the same order less those in the opposite one.

    Args:
        values: baseline -> method -> float (n,), one number per image; NaN where undefined.
        better: which end of the measure is rank 1.
        samples: bootstrap draws of the images.
        seed: of the draws.

    Returns:
        baselines: by baseline what `ranks_of` returns. tau: `<baseline>/<another>` -> Kendall's
        tau-b of the methods' means, each pair once; NaN where a baseline ranks all methods alike,
        or fewer than two are ranked under both. survives: whether the smallest tau is at least
        `AGREEING`; None where no tau is known.
    """
    ranks = {name: ranks_of(by_method, better, samples, seed) for name, by_method in values.items()}
    tau = {
        f"{one}/{other}": _tau(ranks[one], ranks[other]) for one, other in combinations(ranks, 2)
    }
    known = [each for each in tau.values() if not np.isnan(each)]
    return {"baselines": ranks, "tau": tau, "survives": min(known) >= AGREEING if known else None}


def ranks_of(
    values: dict[str, np.ndarray], better: Literal["higher", "lower"], samples: int, seed: int
) -> dict[str, dict[str, float]]:
    """Rank methods by their means over images (see `ranking` for the arguments).

    Only images on which every ranked method has a number count, so that no method is judged on
    easier images than another.

    Returns:
        method -> rank, of its mean over images, 1 the best (equal means share their mean rank; NaN
        for a method without any number); low, high: the 95 % percentile bootstrap interval of that
        rank, over images; NaN for one image.
    """
    ranked = [name for name, each in values.items() if not np.isnan(each).all()]
    unknown = {name: dict.fromkeys(NUMBERS, np.nan) for name in values}
    if not ranked:
        return unknown
    table = np.stack([values[name] for name in ranked])
    table = table[:, ~np.isnan(table).any(axis=0)]
    images = table.shape[1]
    if not images:
        return unknown
    # How often each image is drawn: a bootstrap mean is then a product, whatever n is.
    drawn = np.random.default_rng(seed).multinomial(images, [1 / images] * images, size=samples)
    rank = _ranked(table.mean(axis=1), better)
    interval = np.percentile(_ranked(drawn @ table.T / images, better), (2.5, 97.5), axis=0)
    if images == 1:
        interval[:] = np.nan
    numbers = np.stack([rank, *interval], axis=1).tolist()
    return unknown | {
        name: dict(zip(NUMBERS, each, strict=True))
        for name, each in zip(ranked, numbers, strict=True)
    }


def _ranked(means: np.ndarray, better: Literal["higher", "lower"]) -> np.ndarray:
    means = means.round(DECIMALS)
    return rankdata(-means if better == "higher" else means, axis=-1)


def _tau(first: dict[str, dict[str, float]], second: dict[str, dict[str, float]]) -> float:
    both = [(first[m]["rank"], second[m]["rank"]) for m in first if m in second]
    both = [pair for pair in both if not np.isnan(pair).any()]
    if len(both) < 2:
        return float("nan")
    # Of ranks it is the same as of means: both only have an order.
    return float(kendalltau(*zip(*both, strict=True)).statistic)
