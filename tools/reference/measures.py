"""The reference of measures and controls, from their records."""

from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import BASELINE_LABELS, BASELINES, GROUP_LABELS, Measure
from heatproof.trust.registry import FAMILIES, MEASURES
from tools.reference.markdown import sentence, table, text


def page() -> str:
    """Return the page."""
    parts = [
        "# Measures\n\nWhat is measured of an attribution. `assess.measures` of `params.yaml` "
        "lists the families that are measured; their options are in [params.yaml](parameters.md)."
        "\n"
    ]
    family = {each.name: name for name, f in FAMILIES.items() for each in f.measures}
    for group, title in GROUP_LABELS.items():
        parts.append(f"\n## {title}\n")
        parts += [_section(m, family[m.name]) for m in MEASURES.values() if m.group == group]
    baselines = ", ".join(BASELINE_LABELS[name] for name in BASELINES)
    parts.append(
        "\nA measure that takes pixels away is taken with each of these in their place: "
        f"{baselines}.\n\n## Controls\n\nMaps that know nothing of the network. A measure that "
        "ranks one of them above most methods says nothing about methods on that network.\n"
    )
    controls = [(text(each.label), text(each.meaning)) for each in CONTROLS.values()]
    return "\n".join([*parts, table(("control", "what its map is"), controls)])


def _section(measure: Measure, family: str) -> str:
    place = f"`assess.measures.{family}`" if FAMILIES[family].options else "a stage of its own"
    better = f"{measure.better} is better" if measure.better else "neither side is better"
    return (
        f"\n### {text(measure.label)} {{ #{measure.name} }}\n\n"
        f"{text(sentence(measure.meaning))}\n\n"
        f"`{measure.name}`, by {place}. Unit: {text(measure.unit)}; {better}.\n\n"
        f"*{text(measure.reference)}*\n"
    )
