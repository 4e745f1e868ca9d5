"""Two networks on the same images: is one of them right more often?"""

import numpy as np

SIGNIFICANT = 0.05  # below it p is; from it on no difference is shown
_ENDS = (2.5, 97.5)  # percent: of a 95 % interval


def accuracy_difference(
    first: np.ndarray, second: np.ndarray, samples: int, seed: int
) -> dict[str, float]:
    """Compare which of the same images two networks predict correctly.

    Images that both predict correctly, or both incorrectly, say nothing of the difference, so a
    paired interval is narrower than those of the two accuracies suggest.

    Args:
        first: bool (n,), whether the first network is right; n at least 1.
        second: bool (n,), whether the second is right about the same images.
        samples: how many times all images are drawn.
        seed: of the draws.

    Returns:
        `difference` of accuracy, second minus first, in [-1, 1], with its 95 % percentile interval
        (`low`, `high`) over the images; `first_only` and `second_only`, the images about which just
        one is right; `p` of McNemar's exact test (1947, https://doi.org/10.1007/BF02295996) that
        these are equally frequent.
    """
    n = len(first)
    first_only, second_only = _alone(first, second)
    shares = np.array([first_only, second_only, n - first_only - second_only]) / n
    # Drawing images with replacement draws these three counts.
    drawn = np.random.default_rng(seed).multinomial(n, shares, samples)
    low, high = np.percentile((drawn[:, 1] - drawn[:, 0]) / n, _ENDS)
    return {
        "difference": (second_only - first_only) / n,
        "low": float(low),
        "high": float(high),
        "first_only": first_only,
        "second_only": second_only,
        "p": mcnemar(first, second),
    }


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Return p of McNemar's exact test (1947) that two networks are right equally often.

    first, second: bool (n,), whether each is right about the same images; only images about which
    just one of them is right count.
    """
    from scipy.stats import binomtest

    first_only, second_only = _alone(first, second)
    discordant = first_only + second_only
    return float(binomtest(second_only, discordant).pvalue) if discordant else 1.0


def _alone(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """Count the images about which only the first is right, and only the second."""
    return int((first & ~second).sum()), int((second & ~first).sum())
