"""Whether two banks of filters are the same up to their order.

The order of a layer's filters means nothing, so each filter of one bank is given a partner in the
other, one to one, such that the correlations sum to the most (as Li et al. 2015 match units,
https://arxiv.org/abs/1511.07543, section 3.1; there by activations, here by weights). The best of
many pairings looks good for any two banks, the more so the smaller the filters: a number means
something beside what the same matching gives where nothing is shared.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class Matching:
    """partner: int64 (filters,), for each filter of the first bank its index in the second.
    correlation: float64 (filters,) in [-1, 1], of each pair, with its sign."""

    partner: np.ndarray
    correlation: np.ndarray


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation of every filter of one bank with every one of another.

    It compares shapes: neither contrast nor a constant added to all weights counts. A filter of one
    weight or of equal weights has no shape, and correlates with nothing: 0.

    Args:
        first: float (filters, height, width, channels).
        second: float, likewise, with filters of the same shape.

    Returns:
        float64 (filters of the first, filters of the second).

    Raises:
        ValueError: the banks' filters have different shapes.
    """
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(f"filters of {first.shape[1:]} and {second.shape[1:]} do not compare")
    return _standardised(first) @ _standardised(second).T


def match(first: np.ndarray, second: np.ndarray, signed: bool = True) -> Matching:
    """Pair the filters of two banks of equal size, one to one, for the largest sum.

    Args:
        first: float (filters, height, width, channels).
        second: float, of the same shape.
        signed: sum the correlations; otherwise their magnitudes, so that a filter's negative
            matches it as well as a copy.

    Raises:
        ValueError: the banks differ in size or shape.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} filters do not pair one to one")
    table = correlations(first, second)
    rows, partner = linear_sum_assignment(table if signed else np.abs(table), maximize=True)
    return Matching(partner.astype(np.int64), table[rows, partner])


def compare(
    first: np.ndarray, second: np.ndarray, draws: int, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Match two banks, and two kinds of banks that share nothing with the first.

    `redrawn`: normal weights with the second bank's mean and variance. `shuffled`: the second bank
    itself, with the weights of each filter moved to other places, all filters alike: it keeps how
    alike its filters are among themselves.

    Args:
        first: float32 (filters, height, width, channels).
        second: float32, of the same shape.
        draws: how many banks of each kind.
        seed: of the draws.

    Returns:
        arrays: `partner` int64 and `correlation` float32 (filters,), `partner_unsigned` and
        `correlation_unsigned` likewise where magnitudes are summed, `<kind>_mean` float32 (draws,),
        the mean matched correlation with each draw.
        metrics: `filters`; for `signed` and `unsigned` the `mean` and `smallest` matched
        correlation (unsigned: of magnitudes), `itself`, what the first bank gets when it is matched
        with itself (1, but for filters without shape), and for each kind `<kind>_mean`,
        `<kind>_95th` percentile of the draws and `above_<kind>`, the share of the draws that the
        second bank beats.

    Raises:
        ValueError: the banks differ in size or shape.
    """
    arrays: dict[str, np.ndarray] = {}
    metrics: dict[str, Any] = {"filters": len(first)}
    kinds: dict[str, Callable] = {"redrawn": _redrawn, "shuffled": _shuffled}
    for signed, name, ending in ((True, "signed", ""), (False, "unsigned", "_unsigned")):
        matched = match(first, second, signed)
        values = matched.correlation if signed else np.abs(matched.correlation)
        arrays[f"partner{ending}"] = matched.partner
        arrays[f"correlation{ending}"] = matched.correlation.astype(np.float32)
        numbers = {
            "mean": float(values.mean()),
            "smallest": float(values.min()),
            "itself": _mean(first, first, signed),
        }
        for kind, draw in kinds.items():
            random = np.random.default_rng(seed)  # the same banks for both ways of matching
            means = np.array([_mean(first, draw(second, random), signed) for _ in range(draws)])
            arrays[f"{kind}_mean{ending}"] = means.astype(np.float32)
            numbers[f"{kind}_mean"] = float(means.mean())
            numbers[f"{kind}_95th"] = float(np.quantile(means, 0.95))
            numbers[f"above_{kind}"] = float((values.mean() > means).mean())
        metrics[name] = numbers
    return arrays, metrics


def _mean(first: np.ndarray, second: np.ndarray, signed: bool) -> float:
    correlation = match(first, second, signed).correlation
    return float((correlation if signed else np.abs(correlation)).mean())


def _standardised(bank: np.ndarray) -> np.ndarray:
    """Return filters as rows of mean 0 and length 1, float64; rows of zeros for equal weights."""
    rows = bank.reshape(len(bank), -1).astype(np.float64)
    centred = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    # What rounding leaves of equal weights has no shape either.
    shaped = lengths > 1e-9 * np.abs(rows).max(axis=1, keepdims=True, initial=0)
    return np.divide(centred, lengths, out=np.zeros_like(centred), where=shaped)


def _redrawn(bank: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.normal(bank.mean(), bank.std(), bank.shape)


def _shuffled(bank: np.ndarray, random: np.random.Generator) -> np.ndarray:
    rows = bank.reshape(len(bank), -1)
    return rows[:, random.permutation(rows.shape[1])].reshape(bank.shape)
