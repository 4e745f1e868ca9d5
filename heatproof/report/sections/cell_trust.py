"""A cell's section on trust in its explanations: the table of measures, curves, and details."""

from collections.abc import Iterator, Sequence
from functools import partial
from statistics import fmean
from typing import Any

import numpy as np

from heatproof.config.params import Params
from heatproof.report.cell_results import CellResults
from heatproof.report.charts import heat
from heatproof.report.charts.lines import Chart, line_chart
from heatproof.report.charts.series import Series
from heatproof.report.sections import ranks, trust_table, verdicts
from heatproof.report.sections.trust_table import Column, Summary, Table
from heatproof.report.showcase import NOTHING, Showcase
from heatproof.report.text import measures, methods
from heatproof.statistics import numbers
from heatproof.statistics.bootstrap import summary
from heatproof.statistics.numbers import plural
from heatproof.trust.beside_controls import is_tested
from heatproof.trust.measure import BASELINES
from heatproof.trust.ranking import AGREEING
from heatproof.trust.registry import FAMILIES
from heatproof.trust.verdict_outcomes import HALF

# From this rank correlation on, in magnitude, two maps are called similar: as the verdict has it.
SIMILAR = round(HALF**0.5, 2)
MASKS = {
    "planted": "In these images a small planted patch alone decides the class: the place of the "
    "evidence is known. The first columns measure correctness itself.",
    "boxes": "A box around the object is known for these images. It is a weak mask: it holds some "
    "background, and a network may rightly use what surrounds the object. But relevance at the "
    "chance level says that a map does not show that the network looks at the object.",
    "masks": "A mask of the object is known for these images. A network may use what surrounds it, "
    "rightly or as a shortcut; relevance at or below the chance level says that a map does not "
    "show that the network looks at the object.",
    "foreground": "The object is on a black background, so its outline serves as a mask of where "
    "the evidence should be. It is a weak one: a network may rightly use the background too.",
}
ANNOTATED = ("boxes", "masks")  # kinds of masks of an object
CLASSES = (measures.LOCATES, measures.FAITHFUL)  # shown by class, where measured
NOISE = "random"  # the control that is drawn in every curve of deletion and insertion
CURVES = {
    "deletion_probability": "Probability while the most relevant pixels are removed",
    "insertion_probability": "Probability while they are inserted",
}
# One of small multiples, with a line for each method.
panel = partial(line_chart, size=(210.0, 158.0), label_room=10.0)

# As `artifacts.read_trust` gives them; empty where there are none.
Values = dict[str, np.ndarray]


def section(params: Params, result: CellResults, shown: Showcase = NOTHING) -> dict[str, Any]:
    """What a cell's page shows on trust; None or empty where missing, all where not assessed.

    shown: whose maps stand beside the verdicts.
    """
    assess = result.assess
    if not assess:
        return {}
    values = result.trust()
    slow = assess["slow_methods"]["methods"]
    return {
        "assess": assess,
        "verdicts": verdicts.of_cell(result.verdict, shown),
        "slow_methods": [methods.describe(m).label for m in methods.ordered(slow)],
        "mask": " ".join(filter(None, [MASKS.get(assess["mask"] or "", ""), chance(assess)])),
        "table": trust_table.of_cell(assess, measures.COLUMNS, best=result.rated),
        "unmeasured": unmeasured(assess),
        "weight_independent": weight_independent(assess),
        "stability": list(_stability(assess["ranking"])),
        "ranks": _ranks(assess["ranking"]),
        "agreement": list(agreement(assess["agreement"])),
        "cascade": cascade(assess),
        "layers": _layers(assess),
        "curves": curves(values),
        "noise": measures.label(NOISE),
        "by_outcome": by_outcome(values, params.assess.bootstrap_samples, params.seed),
        "by_class": list(by_class(values, result.evaluate.get("class_names", ()))),
    }


def unmeasured(assess: dict[str, Any]) -> list[tuple[str, str]]:
    """List what cannot be measured of this network: the measures' labels, and why."""
    return [
        (
            numbers.listing([m.label for m in FAMILIES[name].measures if m.shown]),
            f"{str(reason)[:1].upper()}{str(reason)[1:]}.",
        )
        for name, reason in assess.get("unmeasured", {}).items()
        if name in FAMILIES
    ]


def chance(assess: dict[str, Any]) -> str:
    """What a map that knows nothing has in the masks, and how many images have none, in words."""
    masks = assess.get("masks")
    if not masks or not numbers.known(masks["share"]):
        return ""
    text = (
        f"The chance level is {numbers.percent(masks['share'])}: the share of the image, as the "
        "network sees it, that lies inside, and what a map that knows nothing scores on average."
    )
    without = assess["images"] - masks["images"]
    if without:
        text += f" {plural(without, 'image')} of {assess['images']} without one {_are(without)} "
        text += "left out of these columns."
    return text


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def cascade(assess: dict[str, Any]) -> Chart | None:
    """Draw how maps change as layers are randomised one after the other, from the logits down."""
    steps = assess.get("cascade", ())
    names = [n for n in steps[0]["spearman"] if n not in measures.CONTROLS] if steps else []
    layers = [0, *(step["layers"] for step in steps)]
    series = []
    for i, name in enumerate(methods.ordered(names)):
        # With no layer randomised, a map is compared with itself.
        similar = [1.0, *(step["spearman"].get(name) for step in steps)]
        series.append(Series(methods.describe(name).label, i, layers, similar))
    return panel(
        "Rank correlation with the trained network’s maps",
        series,
        x_title="layers randomised, from the logits down",
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
    means = {n: fmean(each) for n, each in ranks.means([assess], measures.RANDOMISED).items()}
    same = [f"{methods.describe(n).label} ({numbers.decimal(means[n], 2)})" for n in similar(means)]
    if not same:
        return ""
    verb = "gives" if len(same) == 1 else "give"
    return (
        f"With random weights, {numbers.listing(same)} {verb} a similar map (rank correlation of "
        f"{SIMILAR} or more): it does not show what the network has learned."
    )


def similar(means: dict[str, float]) -> list[str]:
    """The methods whose mean similarity to maps of random weights is high, in magnitude."""
    return methods.ordered(
        n for n, mean in means.items() if n not in measures.CONTROLS and abs(mean) >= SIMILAR
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
            {n: {"mean": r["rank"], "low": r["low"], "high": r["high"], "images": 0}
             for n, r in of_methods.items()},
            group=f"{measures.describe(measure).label}, rank",
            label=str(measures.BASELINE_LABELS.get(baseline, baseline)),
            ranks=True,
        )
        for measure in measures.RANKED
        for baseline, of_methods in ranking.get(measure, {"baselines": {}})["baselines"].items()
    )  # fmt: skip


def _layers(assess: dict[str, Any]) -> Table | None:
    """The similarity after each step of both randomisations, with the controls."""
    return trust_table.table(
        Column(
            f"randomised_{number}",
            {name: trust_table.plain(mean) for name, mean in step[number].items()},
            group=f"{title}, {label}",
            label=str(step["layer"]) if part == "independent" else plural(step["layers"], "layer"),
        )
        for part, title in (("cascade", "From the logits down"), ("independent", "One layer only"))
        for number, label in (("spearman", "rank correlation"), ("ssim", "SSIM"))
        for step in assess.get(part, ())
    )


def curves(values: Values) -> list[Chart]:
    """The mean curves behind deletion and insertion, of the methods and of noise."""
    charts = []
    for number, title in CURVES.items():
        lines = _of(values, f"curve/{number}/{BASELINES[0]}/")
        names = methods.ordered(name for name in lines if name not in measures.CONTROLS)
        names += [NOISE] if NOISE in lines else []
        percent = (100 * values["fractions"]).tolist() if lines else []
        series = [
            Series(measures.label(name), i, percent, lines[name].tolist())
            for i, name in enumerate(names)
        ]
        charts.append(panel(title, series, x_title="pixels changed (%)"))
    return [chart for chart in charts if chart is not None]


def _of(values: Values, start: str) -> Values:
    return {n.removeprefix(start): each for n, each in values.items() if n.startswith(start)}


def by_outcome(values: Values, samples: int, seed: int) -> Table | None:
    """What the verdict rests on, of correctly and of incorrectly predicted images separately."""
    if not values:
        return None
    correct = values["label"] == values["predicted"]
    if correct.all() or not correct.any():
        return None

    def column(measure: str, label: str, chosen: np.ndarray) -> Column:
        summaries = {
            name: summary(each[chosen[: len(each)]].astype(np.float64), samples, seed)
            for name, each in _of(values, f"value/{measure}/").items()
        }
        return Column(measure, summaries, measures.describe(measure).label, label)

    return trust_table.table(
        column(measure, label, chosen)
        for measure in filter(is_tested, measures.COLUMNS)
        for label, chosen in (("correct", correct), ("incorrect", ~correct))
    )


def by_class(values: Values, class_names: Sequence[str]) -> Iterator[Table]:
    """Two measures by true class: means without intervals, since each class has few images."""
    labels = values.get("label", np.zeros(0, np.int64))
    for measure in CLASSES:
        by_name = _of(values, f"value/{measure}/")
        table = trust_table.table(
            Column(
                measure,
                {n: _plain_mean(v, labels[: len(v)] == label) for n, v in by_name.items()},
                group=f"{measures.describe(measure).label}, by true class",
                label=str(class_names[label] if label < len(class_names) else label),
            )
            for label in np.unique(labels).tolist()
        )
        if table is not None:
            yield table


def _plain_mean(values: np.ndarray, chosen: np.ndarray) -> Summary:
    known = values[chosen & ~np.isnan(values)].astype(np.float64)
    return trust_table.plain(float(known.mean()) if len(known) else None, len(known))
