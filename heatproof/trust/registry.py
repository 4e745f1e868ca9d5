"""The families of measures, found by listing `measures/`, and their records by name."""

import importlib
import pkgutil
from collections.abc import Iterable

from heatproof.config.registry import by_name
from heatproof.trust import measures
from heatproof.trust.measure import BASELINES, GROUPS, Family, Measure

FAMILIES: dict[str, Family] = {
    module.name: importlib.import_module(f"{measures.__name__}.{module.name}").FAMILY
    for module in sorted(pkgutil.iter_modules(measures.__path__), key=lambda module: module.name)
}
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
    return [f"{measures.__name__}.{name}" for name in families]
