"""The interval of an accuracy that was cross-validated."""

import numpy as np

from heatproof.statistics.proportions import at_least_wilson


def cross_validated_interval(
    accuracies: np.ndarray, images: int, left_out: float
) -> tuple[float, float, float]:
    """Return the mean of the folds' accuracies and its 95 % interval, in [0, 1].

    Networks trained on nearly the same images are no independent repetitions, so the variance of
    their mean is (1 / J + left out / trained on) times that of one fold's accuracy, with J - 1
    degrees of freedom (Nadeau & Bengio 2003, https://doi.org/10.1023/A:1024068626366; for repeated
    cross-validation Bouckaert & Frank 2004, https://doi.org/10.1007/978-3-540-24775-3_3). Folds of
    few images may agree by chance, all at 100 %: so the interval is never narrower than Wilson's
    for the same share of `images`, each counted once.

    Args:
        accuracies: float64 (J,), one per fold of each repetition, at least two.
        images: how many there are in all folds of one repetition.
        left_out: images in a fold, as a share of those that are trained on without it.
    """
    from scipy.stats import t

    repetitions, mean = len(accuracies), float(np.mean(accuracies))
    deviation = np.sqrt((1 / repetitions + left_out) * np.var(accuracies, ddof=1))
    half = float(t.ppf(0.975, repetitions - 1) * deviation)
    low, high = at_least_wilson(mean - half, mean + half, mean, images)
    return mean, max(0.0, low), min(1.0, high)
