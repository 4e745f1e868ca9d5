"""Tables of measures: a row per method and control, a column per measure, with intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from heatproof.report.text import measures, methods
from heatproof.statistics import numbers

# A measure in the metrics: method or control -> mean, low, high, images.
Summaries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Column:
    """A measure of one cell, or of a part of its images.

    `group` and `label` replace the measure's own. `note` is shown under the label; `uninformative`
    says why the column does not distinguish the methods, and is empty if it does. `best`: whether
    the best method is marked. `ranks`: the content is ranks by the measure, of which the lowest is
    best, instead of its values.
    """

    measure: str
    content: Summaries
    group: str = ""
    label: str | None = None
    note: str = ""
    uninformative: str = ""
    best: bool = False
    ranks: bool = False

    @property
    def meaning(self) -> str:
        """What the measure means."""
        return measures.describe(self.measure).meaning

    def merit(self, mean: float) -> float:
        """How good a mean is: the greatest is best."""
        return -mean if self.ranks else measures.describe(self.measure).merit(mean)

    def named(self) -> "Column":
        """The column with the measure's own group and label where it has none."""
        known = measures.describe(self.measure)
        label = known.label if self.label is None else self.label
        group = self.group or measures.GROUP_LABELS.get(known.group, known.group)
        return replace(self, group=group, label=label)


@dataclass(frozen=True)
class Value:
    """A mean over images; `best` in its column, `few` if over fewer images than others.

    `detail` is shown beneath it: its interval, or the number of images where these are few. `low`
    and `high` are the interval's ends, unrounded.
    """

    mean: float
    text: str
    detail: str
    few: bool
    low: float | None = None
    high: float | None = None
    best: bool = False


@dataclass(frozen=True)
class Row:
    """One method or control."""

    name: str
    label: str
    values: tuple[Value | None, ...]


@dataclass(frozen=True)
class Table:
    """Columns in groups (name and width), and the rows of methods and of controls."""

    groups: tuple[tuple[str, int], ...]
    columns: tuple[Column, ...]
    methods: tuple[Row, ...]
    controls: tuple[Row, ...]

    @property
    def uninformative(self) -> tuple[Column, ...]:
        """The columns that do not distinguish the methods."""
        return tuple(column for column in self.columns if column.uninformative)

    @property
    def few(self) -> bool:
        """Whether a number is a mean over fewer images than others of its column."""
        return any(v is not None and v.few for row in self.methods for v in row.values)

    def by_mean(self, measure: str) -> "Table":
        """Sort the methods by the mean of one measure's columns, the largest first."""
        at = [i for i, column in enumerate(self.columns) if column.measure == measure]

        def mean(row: Row) -> float:
            means = [value.mean for i in at if (value := row.values[i]) is not None]
            return sum(means) / len(means) if means else float("-inf")

        return replace(self, methods=tuple(sorted(self.methods, key=mean, reverse=True)))


def of_cell(assess: dict[str, Any], names: Iterable[str]) -> Table | None:
    """The table of a cell's measures, those of `names` that it has; None where it has none."""
    return table(source(assess, name) for name in names if name in assess["measures"])


def source(assess: dict[str, Any], measure: str, group: str = "") -> Column:
    """A measure of a cell as a column, with a note on its controls."""
    above = assess["uninformative"].get(measure, [])
    better = measures.wanted(measure)
    remark = "a control passes" if measures.describe(measure).one_sided else "uninformative here"
    return Column(
        measure,
        assess["measures"][measure],
        group=group,
        note=f"{better}; {remark}" if above else better,
        uninformative=f"{measures.controls_above(above)}: {measures.consequence(measure)}"
        if above
        else "",
        best=True,
    )


def table(sources: Iterable[Column]) -> Table | None:
    """Make the table of these columns; None where no column has a row.

    A column's best method is marked if there are several, the column is informative, and the mean
    is not over a few images only.
    """
    filled = [source for source in sources if source.content]
    if not filled:
        return None
    names = {name: None for source in filled for name in source.content}
    methods_here = methods.ordered([name for name in names if name not in measures.CONTROLS])
    controls_here = [name for name in measures.CONTROLS if name in names]
    cells = [_values(source, methods_here, controls_here) for source in filled]
    columns = tuple(source.named() for source in filled)

    def rows(chosen: Iterable[str]) -> tuple[Row, ...]:
        return tuple(Row(n, label(n), tuple(each.get(n) for each in cells)) for n in chosen)

    return Table(
        groups=tuple((g, len(list(each))) for g, each in groupby(columns, lambda c: c.group)),
        columns=columns,
        methods=rows(methods_here),
        controls=rows(controls_here),
    )


def label(name: str) -> str:
    """The label of a method or control."""
    control = measures.CONTROLS.get(name)
    return control.label if control else methods.describe(name).label


def _decimals(source: Column) -> int:
    """Return as many decimals as show differences between typical values of the measure."""
    if source.ranks:
        return 1
    means = [abs(s["mean"]) for s in source.content.values() if numbers.known(s["mean"])]
    largest = max(means, default=1.0)
    return 3 if largest < 0.2 else 2 if largest < 20 else 0


def _detail(summary: Mapping[str, Any], decimals: int, most: int) -> str:
    if 2 * summary["images"] < most:
        return numbers.plural(summary["images"], "image")
    if not (numbers.known(summary["low"]) and numbers.known(summary["high"])):
        return ""
    low, high = (
        numbers.decimal(summary[end], decimals).removesuffix(".0") for end in ("low", "high")
    )
    return f"{low} to {high}"


def _values(source: Column, names: Sequence[str], controls: Sequence[str]) -> dict[str, Value]:
    known = {n: s for n, s in source.content.items() if numbers.known(s["mean"])}
    most = max((summary["images"] for summary in known.values()), default=0)
    decimals = _decimals(source)
    values = {
        name: Value(
            known[name]["mean"],
            numbers.decimal(known[name]["mean"], decimals),
            _detail(known[name], decimals, most),
            2 * known[name]["images"] < most,
            known[name]["low"],
            known[name]["high"],
        )
        for name in (*names, *controls)
        if name in known
    }
    merits = {
        name: round(source.merit(values[name].mean), 6)
        for name in names
        if name in values and not values[name].few
    }
    two_sided = not measures.wanted(source.measure)
    if source.best and not source.uninformative and not two_sided and len(merits) > 1:
        best = max(merits.values())
        values |= {n: replace(values[n], best=True) for n, merit in merits.items() if merit == best}
    return values
