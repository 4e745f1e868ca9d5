"""A cell's section on trust in its explanations: the table of measures, and details."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from heatproof.config.params import Params
from heatproof.report.charts import heat
from heatproof.report.charts.charts import Chart, Series, line_chart
from heatproof.report.sections import per_image, trust_table
from heatproof.report.sections.trust_table import Column, Table
from heatproof.report.study import CellResults
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers
from heatproof.trust.ranking import AGREEING

SIMILAR = 0.6  # from this rank correlation on, in magnitude, two maps are called similar
MASKS = {
    "planted": "In these images a small planted patch alone decides the class: the place of the "
    "evidence is known. The first columns measure correctness itself.",
    "foreground": "The object is on a black background, so its outline serves as a mask of where "
    "the evidence should be. It is a weak one: a network may rightly use the background too.",
}


@dataclass(frozen=True)
class Section:
    """Everything that a cell's page shows on trust; what is missing is None or empty."""

    assess: dict[str, Any]
    slow_methods: tuple[str, ...]
    mask: str
    table: Table | None
    weight_independent: str
    stability: tuple[tuple[str, str, str], ...]  # a measure's label, a verdict, a sentence
    ranks: Table | None
    agreement: tuple[heat.Heat, ...]
    cascade: Chart | None
    layers: Table | None
    curves: tuple[Chart, ...]
    by_outcome: Table | None
    by_class: tuple[Table, ...]


def section(params: Params, result: CellResults) -> Section | None:
    """Read a cell's assess metrics and per-image values; None where it is not assessed."""
    assess = result.assess
    if not assess:
        return None
    values = result.trust()
    class_names = result.evaluate["class_names"] if result.evaluate else ()
    slow = assess["slow_methods"]["methods"]
    return Section(
        assess=assess,
        slow_methods=tuple(methods.describe(m).label for m in methods.ordered(slow)),
        mask=MASKS.get(assess["mask"] or "", ""),
        table=trust_table.of_cell(assess, measures.COLUMNS),
        weight_independent=weight_independent(assess),
        stability=tuple(_stability(assess["ranking"])),
        ranks=_ranks(assess["ranking"]),
        agreement=tuple(agreement(assess["agreement"])),
        cascade=cascade(assess),
        layers=_layers(assess),
        curves=tuple(per_image.curves(values)),
        by_outcome=per_image.by_outcome(values, params.assess.bootstrap_samples, params.seed),
        by_class=tuple(per_image.by_class(values, class_names)),
    )


def cascade(assess: dict[str, Any]) -> Chart | None:
    """Draw how maps change as layers are randomised one after the other, from the logits down."""
    steps = assess.get("cascade", ())
    if not steps:
        return None
    names = [n for n in steps[0]["spearman"] if n not in measures.CONTROLS]
    layers = [0, *(step["layers"] for step in steps)]
    return line_chart(
        "Rank correlation with the trained network’s maps",
        [
            # With no layer randomised, a map is compared with itself.
            Series(
                methods.describe(n).label,
                i,
                layers,
                [1.0, *(step["spearman"].get(n) for step in steps)],
            )
            for i, n in enumerate(methods.ordered(names))
        ],
        x_title="layers randomised, from the logits down",
        label_room=per_image.NAME_ROOM,
        size=per_image.TALL,
    )


def agreement(content: dict[str, Any]) -> Iterator[heat.Heat]:
    """The mean similarity of every pair of methods, first on the coarse grid."""
    order = methods.ordered(content["methods"])
    at = [content["methods"].index(name) for name in order]
    labels = [methods.describe(name).label for name in order]
    for resolution, number, caption in (
        ("grid", "spearman", "Rank correlation on a coarse grid"),
        ("full", "spearman", "Rank correlation, pixel by pixel"),
        ("full", "overlap", "Overlap of the top tenth of the pixels"),
    ):
        matrix = content[resolution][number]
        drawn = heat.heat(caption, labels, [[matrix[i][j] for j in at] for i in at])
        if drawn is not None:
            yield drawn


def weight_independent(assess: dict[str, Any]) -> str:
    """Name the methods whose maps are similar without learned weights."""
    summaries = assess["measures"].get("randomised_spearman", {})
    same = [
        f"{methods.describe(name).label} ({numbers.decimal(summaries[name]['mean'], 2)})"
        for name in methods.ordered([n for n in summaries if n not in measures.CONTROLS])
        if numbers.known(summaries[name]["mean"]) and abs(summaries[name]["mean"]) >= SIMILAR
    ]
    if not same:
        return ""
    verb = "gives" if len(same) == 1 else "give"
    return (
        f"With random weights, {numbers.listing(same)} {verb} a similar map (rank correlation of "
        f"{SIMILAR} or more): it does not show what the network has learned."
    )


def _stability(ranking: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Whether each measure ranks the methods alike under each baseline, in words."""
    for measure in measures.RANKED:
        content = ranking.get(measure)
        if content is None:
            continue
        label = measures.describe(measure).label
        known = {pair: tau for pair, tau in content["tau"].items() if numbers.known(tau)}
        if not known:
            yield label, "Unknown", "too few methods have a rank under two baselines."
            continue
        pair, min_tau = min(known.items(), key=lambda item: (item[1], item[0]))
        first, second = (measures.BASELINE_LABELS.get(name, name) for name in pair.split("/"))
        lowest = f"lowest tau is {numbers.decimal(min_tau, 2)}, {first} against {second}"
        if content["survives"]:
            yield label, "Stable", f"the order of the methods is kept; {lowest}."
        else:
            sentence = (
                f"which method is best depends on what replaces a removed pixel; {lowest}, below "
                f"{AGREEING}, from which on two orders count as the same."
            )
            yield label, "Unstable", sentence


def _ranks(ranking: dict[str, Any]) -> Table | None:
    """Each method's rank under each baseline, with its interval."""
    return trust_table.table(
        Column(
            measure,
            {
                name: {"mean": r["rank"], "low": r["low"], "high": r["high"], "images": 0}
                for name, r in ranks.items()
            },
            group=f"{measures.describe(measure).label}, rank",
            label=measures.BASELINE_LABELS.get(baseline, baseline),
            ranks=True,
        )
        for measure in measures.RANKED
        for baseline, ranks in ranking.get(measure, {"baselines": {}})["baselines"].items()
    )


def _layers(assess: dict[str, Any]) -> Table | None:
    """The similarity after each step of both randomisations, with the controls."""
    return trust_table.table(
        Column(
            f"randomised_{number}",
            {
                n: {"mean": m, "low": None, "high": None, "images": 0}
                for n, m in step[number].items()
            },
            group=f"{title}, {'SSIM' if number == 'ssim' else 'rank correlation'}",
            label=str(
                step["layer"] if part == "independent" else numbers.plural(step["layers"], "layer")
            ),
        )
        for part, title in (("cascade", "From the logits down"), ("independent", "One layer only"))
        for number in ("spearman", "ssim")
        for step in assess.get(part, ())
    )
