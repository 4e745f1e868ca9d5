"""The families of measures, found by listing `measures/`, and their records by name."""

from collections.abc import Iterable

from heatproof.config.registry import by_name
from heatproof.config.registry import modules as modules_of
from heatproof.trust.measure import BASELINES, GROUPS, Family, Measure

PACKAGE = "heatproof.trust.measures"
FAMILIES: dict[str, Family] = {name: module.FAMILY for name, module in modules_of(PACKAGE).items()}
# In the order in which tables show them: by group, then as their families list them.
MEASURES: dict[str, Measure] = by_name(
    {name: family.measures for name, family in FAMILIES.items()},
    lambda measure: measure.group,
    GROUPS,
)
SHOWN = tuple(
    f"{name}/{BASELINES[0]}" if measure.per_baseline else name
    for name, measure in MEASURES.items()
    if measure.shown
)


def modules(families: Iterable[str]) -> list[str]:
    """Return the names of the modules that have these families of measures."""
    return [f"{PACKAGE}.{name}" for name in families]
