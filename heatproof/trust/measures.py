"""The measures by name, and which way is better.

A measure's name may have a variant behind a slash: the baseline or perturbation it was taken with.
"""

from typing import Literal

HIGHER, LOWER = "higher", "lower"

# Measures that are not here have no better side.
BETTER: dict[str, Literal["higher", "lower"]] = {
    "deletion_logit": LOWER,
    "deletion_probability": LOWER,
    "insertion_logit": HIGHER,
    "insertion_probability": HIGHER,
    "morf_lerf_gap": HIGHER,
    "infidelity": LOWER,
    "randomised_spearman": LOWER,
    "randomised_ssim": LOWER,
    "independent_spearman": LOWER,
    "independent_ssim": LOWER,
    "smooth_spearman": LOWER,
    "smooth_ssim": LOWER,
    "entropy_rise": HIGHER,
    "shuffled_spearman": LOWER,
    "shuffled_ssim": LOWER,
    "sensitivity_max": LOWER,
    "sensitivity_mean": LOWER,
    "shift_max": LOWER,
    "shift_mean": LOWER,
    "gini": HIGHER,
    "entropy_share": LOWER,
    "relevance_mass": HIGHER,
    "relevance_rank": HIGHER,
    "pointing_game": HIGHER,
}

# Those taken under several baselines, whose rankings are compared.
RANKED = ("deletion_logit", "deletion_probability", "insertion_logit", "insertion_probability",
          "morf_lerf_gap", "infidelity")  # fmt: skip


def base(measure: str) -> str:
    """Return a measure's name without its variant."""
    return measure.partition("/")[0]


def better(measure: str) -> Literal["higher", "lower"] | None:
    """Return which way is better, or None where neither is."""
    return BETTER.get(base(measure))


def by_size(measure: str) -> bool:
    """Say whether a mean counts by its size: a map turned round is as like as it is alike."""
    return base(measure).endswith(("_spearman", "_ssim"))


def merit(measure: str, mean: float) -> float:
    """A mean as a number that grows the better it is.

    Of likenesses of maps the size counts: an order turned upside down is not a forgotten one.
    """
    if by_size(measure):
        return -abs(mean)
    return -mean if better(measure) == LOWER else mean
