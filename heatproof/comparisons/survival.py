"""Whether a network's maps survived its derivation: what the comparison comes to.

Two trainings of one network, which differ in the seed alone, do not give the same maps either. How
far theirs agree is what a derived network's agreement is held against; how far those of randomised
weights agree with them is what needs no network. Both come with intervals over images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heatproof.comparisons.map_agreement import SPEARMAN
from heatproof.comparisons.network_maps import RANDOMISED, SAME
from heatproof.statistics.known import known

CLOSER, ALIKE, LESS, LOST, OPEN = LEVELS = ("closer", "alike", "less", "lost", "open")


@dataclass(frozen=True)
class Survival:
    """How far maps agree with the origin's, and what that is worth.

    level: `CLOSER` than two trainings, as close (`ALIKE`: the intervals overlap), `LESS` close but
    above randomised weights, or `LOST`: not above them; `OPEN` where no two trainings were
    compared, or nothing could be. agreement, trainings, randomised: mean and 95 % interval (`mean`,
    `low`, `high`, `images`), trainings empty where unknown. share: where the agreement lies between
    that of randomised weights (0) and of two trainings (1); NaN where unknown.
    """

    level: str
    agreement: Mapping[str, Any]
    trainings: Mapping[str, Any]
    randomised: Mapping[str, Any]
    share: float


def of_cell(
    compared: Mapping[str, Any], trainings: Mapping[str, Any], measure: str = SPEARMAN
) -> Survival:
    """Judge the maps of a derived network, all methods together.

    Args:
        compared: the metrics of `compare_derived`.
        trainings: those of `compare_runs` of the cell that was trained; empty where there are none.
        measure: by which of `map_agreement.MEASURES`.
    """
    overall = compared["maps"]["overall"]
    own, random = overall[SAME][measure], overall[RANDOMISED][measure]
    seeds = trainings["maps"]["overall"][SAME][measure] if trainings else {}
    span = seeds["mean"] - random["mean"] if _interval(seeds) and known(random["mean"]) else 0
    share = (own["mean"] - random["mean"]) / span if span > 0 and known(own["mean"]) else None
    return Survival(
        _level(own, seeds, random), own, seeds, random, float("nan") if share is None else share
    )


def _level(own: Mapping[str, Any], seeds: Mapping[str, Any], randomised: Mapping[str, Any]) -> str:
    if not _interval(own):
        return OPEN
    if _interval(randomised) and own["low"] <= randomised["high"]:
        return LOST
    if not _interval(seeds):
        return OPEN
    if own["low"] > seeds["high"]:
        return CLOSER
    return LESS if own["high"] < seeds["low"] else ALIKE


def _interval(summary: Mapping[str, Any]) -> bool:
    return bool(summary) and all(known(summary[end]) for end in ("mean", "low", "high"))
