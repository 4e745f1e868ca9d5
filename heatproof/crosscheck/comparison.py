"""What two computations of the same maps have in common, as numbers and a verdict."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from heatproof.statistics.correlation import rank_correlation

Verdict = Literal["agrees", "on_purpose", "differs", "unserved", "not_compared"]
AGREES, ON_PURPOSE, DIFFERS = "agrees", "on_purpose", "differs"
UNSERVED, NOT_COMPARED = "unserved", "not_compared"

# Shares of a map's largest magnitude. Folding and another order of sums change the last bits of an
# activation; where one lies at zero its ReLU opens or closes, and a few pixels change by more: at
# 224 pixels by 0.02, where the mean difference was 2e-5 (GradientSHAP, mobilenet_v2).
LARGEST, MEAN = 1e-1, 1e-4
# How far the means of maps with random draws may be apart, in standard errors: 1 is expected.
STANDARD_ERRORS = 2.0
# How much lower than the library's an image's logit may be, which is sought by another optimiser.
REACHED = 0.05


@dataclass(frozen=True)
class Difference:
    """How far maps are apart.

    largest, mean: of their differences, as shares of each row's largest magnitude, the greatest row
    and the mean of the rows. rank: Spearman's correlation of the pixels, the lowest row; NaN where
    a map is constant. errors: how many standard errors apart the means of random draws are; NaN
    where nothing is drawn.
    """

    largest: float
    mean: float
    rank: float
    errors: float = float("nan")

    @property
    def small(self) -> bool:
        """Whether this is rounding; of random draws, chance."""
        if np.isfinite(self.errors):
            return self.errors <= STANDARD_ERRORS
        return self.largest <= LARGEST and self.mean <= MEAN

    def record(self) -> dict[str, float]:
        """Return the numbers that there are, by name."""
        return {name: value for name, value in vars(self).items() if np.isfinite(value)}


def difference(own: np.ndarray, other: np.ndarray, scaled: bool = False) -> Difference:
    """Compare maps row by row.

    Args:
        own: float (n, ...), ours.
        other: float like `own`, the library's.
        scaled: whether their scales mean nothing: each is divided by its own largest magnitude.

    Raises:
        ValueError: they are not of the same shape.
    """
    if own.shape != other.shape:
        raise ValueError(f"maps of {own.shape} and of {other.shape} cannot be compared")
    flat_own, flat_other = (
        np.reshape(maps, (len(maps), -1)).astype(float) for maps in (own, other)
    )
    if scaled:
        flat_own, flat_other = _shares(flat_own, flat_own), _shares(flat_other, flat_other)
    # Where the library's map is empty, ours must be.
    reference = np.where(flat_other.any(axis=1, keepdims=True), flat_other, flat_own)
    apart = np.abs(_shares(flat_own - flat_other, reference))
    ranks = rank_correlation(flat_own, flat_other)
    rank = ranks[np.isfinite(ranks)].min(initial=np.inf)
    return Difference(
        float(apart.max(initial=0)), float(apart.mean()), float(rank) if rank <= 1 else np.nan
    )


def between_draws(own: np.ndarray, other: np.ndarray) -> Difference:
    """Compare the means of maps that are drawn at random, float (draws, n, ...) each.

    The root mean square difference of the two means is divided by the standard error that the draws
    of both leave, from their variance over the draws: about 1 where both draw from the same
    distribution, however it is drawn. Rows with NaN (what a library cannot draw) are left out.

    Raises:
        ValueError: fewer than two draws of one of them.
    """
    if min(len(own), len(other)) < 2:
        raise ValueError("a standard error needs two draws of each")
    rows = np.isfinite(own).all(axis=(0, *range(2, own.ndim)))
    rows &= np.isfinite(other).all(axis=(0, *range(2, other.ndim)))
    own, other = own[:, rows].astype(float), other[:, rows].astype(float)
    means = own.mean(axis=0), other.mean(axis=0)
    result = difference(*means)
    variance = own.var(axis=0, ddof=1) / len(own) + other.var(axis=0, ddof=1) / len(other)
    error, apart = np.sqrt(variance.mean()), np.sqrt(np.mean((means[0] - means[1]) ** 2))
    errors = float(apart / error) if error else (0.0 if result.largest <= LARGEST else np.inf)
    # A finite number, since NaN says that nothing is drawn.
    return Difference(result.largest, result.mean, result.rank, min(errors, 1e6))


def judge(strict: list[Difference], defined: Difference | None, meant: bool) -> Verdict:
    """Return the verdict on a method.

    Args:
        strict: differences under equal definitions: all must be small.
        defined: that of the maps as each side defines them, None where that is the same.
        meant: whether it is known why the definitions differ.
    """
    if not all(each.small for each in strict):
        return DIFFERS
    if defined is None or defined.small:
        return AGREES
    return ON_PURPOSE if meant else DIFFERS


def reached(own: np.ndarray, other: np.ndarray, start: np.ndarray) -> tuple[Difference, Verdict]:
    """Compare what two optimisers reach from the same start, float (n,): ours may be higher."""
    gain = np.maximum(np.abs(np.stack([own - start, other - start])).max(axis=0), 1e-12)
    short = (other - own) / gain
    result = Difference(float(np.abs(short).max()), float(np.abs(short).mean()), float("nan"))
    if short.max() > REACHED:
        return result, DIFFERS
    return result, AGREES if np.abs(short).max() <= REACHED else ON_PURPOSE


def counts(checks: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Return how many methods have each verdict, of those that one has."""
    verdicts = [check["verdict"] for check in checks.values()]
    order = (AGREES, ON_PURPOSE, DIFFERS, UNSERVED, NOT_COMPARED)
    return {verdict: verdicts.count(verdict) for verdict in order if verdict in verdicts}


def _shares(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    largest = np.abs(reference).max(axis=1, keepdims=True, initial=0)
    return np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
