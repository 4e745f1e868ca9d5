"""Descriptions of measures and controls, from their records in heatproof.trust."""

from dataclasses import replace

from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import BASELINE_LABELS, BASELINES, GROUP_LABELS, Measure, base
from heatproof.trust.registry import MEASURES, SHOWN

COLUMNS = SHOWN
TRUTHS = tuple(name for name, measure in MEASURES.items() if measure.group == "truth")
# Ranked under each baseline; rankings by logits are in the metrics only.
RANKED = tuple(name for name, each in MEASURES.items() if each.per_baseline and each.shown)
# Those that stand for their kind where one number has to.
LOCATES, FAITHFUL = "relevance_rank", f"morf_lerf_gap/{BASELINES[0]}"
RANDOMISED = "randomised_spearman"
__all__ = ["BASELINE_LABELS", "COLUMNS", "CONTROLS", "GROUP_LABELS", "MEASURES", "RANKED", "TRUTHS"]


def describe(measure: str) -> Measure:
    """A measure's record, its variant in the label; a plain one where it is unknown."""
    name, _, variant = measure.partition("/")
    plain = Measure(name, name.replace("_", " "), "Other", "", "", "", None)
    known = MEASURES.get(name, plain)
    if not variant:
        return known
    return replace(
        known, label=f"{known.label}, {BASELINE_LABELS.get(variant, variant.replace('_', ' '))}"
    )


def ordered(measures: list[str]) -> list[str]:
    """Measures by group, then in the order of `MEASURES`, unknown ones last by name."""
    names, variants = list(MEASURES), list(BASELINES)

    def key(measure: str) -> tuple[int, int, str]:
        name, _, variant = measure.partition("/")
        place = names.index(name) if name in names else len(names)
        return place, variants.index(variant) if variant in variants else len(variants), measure

    return sorted(measures, key=key)


def wanted(measure: str) -> str:
    """Which side is better, in words; empty where neither is."""
    better = describe(base(measure)).better
    return f"{better} is better" if better else ""


def consequence(measure: str) -> str:
    """What follows where a control ranks above most methods."""
    if describe(measure).one_sided:
        return "passing this test proves nothing, failing it does"
    return "this column is uninformative about methods"


def controls_above(controls: list[str]) -> str:
    """Which controls rank above most methods, in words."""
    listed = numbers.listing([CONTROLS[c].inline if c in CONTROLS else c for c in controls])
    verb = "ranks" if len(controls) == 1 else "rank"
    return f"{listed[0].upper()}{listed[1:]} {verb} above most methods here"


def label(name: str) -> str:
    """The label of a method or control."""
    control = CONTROLS.get(name)
    return control.label if control else methods.describe(name).label
