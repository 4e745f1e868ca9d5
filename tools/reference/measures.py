"""The reference of measures and controls, from their records."""

from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import BASELINE_LABELS, BASELINES, GROUP_LABELS, Measure
from heatproof.trust.registry import FAMILIES, MEASURES
from tools.reference.markdown import table, text

_HEAD = ("measure", "what it measures", "unit", "better", "params.yaml", "reference")


def page() -> str:
    """Return the page."""
    parts = [
        "# Measures\n\nWhat is measured of an attribution. `assess.measures` of `params.yaml` "
        "lists the families that are measured; their options are in [params.yaml](parameters.md)."
        "\n"
    ]
    family = {each.name: name for name, f in FAMILIES.items() for each in f.measures}
    for group, title in GROUP_LABELS.items():
        rows = [_row(each, family[each.name]) for each in MEASURES.values() if each.group == group]
        parts += [f"\n## {title}\n", table(_HEAD, rows)]
    baselines = ", ".join(BASELINE_LABELS[name] for name in BASELINES)
    parts.append(
        "\nA measure that takes pixels away is taken with each of these in their place: "
        f"{baselines}.\n\n## Controls\n\nMaps that know nothing of the network. A measure that "
        "ranks one of them above most methods says nothing about methods on that network.\n"
    )
    controls = [(text(each.label), text(each.meaning)) for each in CONTROLS.values()]
    return "\n".join([*parts, table(("control", "what its map is"), controls)])


def _row(measure: Measure, family: str) -> tuple[str, ...]:
    place = f"`assess.measures.{family}`" if FAMILIES[family].options else "a stage of its own"
    better = f"{measure.better} is better" if measure.better else "neither"
    return (
        f"{text(measure.label)}<br>`{measure.name}`", text(measure.meaning), text(measure.unit),
        better, place, text(measure.reference),
    )  # fmt: skip
