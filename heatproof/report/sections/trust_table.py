"""Tables of measures: a row a method, then the controls; a column a measure, with intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from heatproof.report.text import measures, methods
from heatproof.statistics import numbers

# A measure's content as the metrics have it: method or control -> mean, low, high, images.
Summaries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Column:
    """One measure of one cell, or of a part of its images.

    `note` stands under the label. `nothing` says why the column says nothing of the methods; it is
    empty where the column does.
    """

    measure: str
    group: str
    label: str
    meaning: str
    note: str
    nothing: str


@dataclass(frozen=True)
class Value:
    """A mean over images; `best` marks the best of its column, `few` that others had more.

    `under` stands beneath it: its interval, or its images where they are few. `low` and `high` are
    the interval's ends, in full.
    """

    mean: float
    text: str
    under: str
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
    def empty(self) -> tuple[Column, ...]:
        """The columns that say nothing of the methods."""
        return tuple(column for column in self.columns if column.nothing)

    @property
    def few(self) -> bool:
        """Whether a number rests on fewer images than others of its column."""
        return any(v is not None and v.few for row in self.methods for v in row.values)

    def by_mean(self, measure: str) -> "Table":
        """The same with its methods by the mean of one measure's columns, the greatest first."""
        at = [i for i, column in enumerate(self.columns) if column.measure == measure]

        def mean(row: Row) -> float:
            found = [value.mean for i in at if (value := row.values[i]) is not None]
            return sum(found) / len(found) if found else float("-inf")

        return replace(self, methods=tuple(sorted(self.methods, key=mean, reverse=True)))


@dataclass(frozen=True)
class Source:
    """What a column is made from.

    `group` and `label` replace the measure's own; `note` and `nothing` are the column's. `best`:
    whether the measure's better side is marked. `ranks`: the content is no values of the measure
    but ranks by it, of which the least is the best.
    """

    measure: str
    content: Summaries
    group: str = ""
    label: str | None = None
    note: str = ""
    nothing: str = ""
    best: bool = False
    ranks: bool = False


def of_cell(assess: dict[str, Any], names: Iterable[str]) -> Table | None:
    """The table of a cell's measures, those of `names` that it has; None where it has none."""
    found = assess["measures"]
    return table(source(assess, name) for name in names if name in found)


def source(assess: dict[str, Any], measure: str, group: str = "") -> Source:
    """A measure of a cell as a column, with what its controls make of it."""
    above = assess["uninformative"].get(measure, [])
    side = measures.wanted(measure)
    little = "a control passes" if measures.describe(measure).one_sided else "says nothing here"
    return Source(
        measure,
        assess["measures"][measure],
        group=group,
        note=f"{side}; {little}" if above else side,
        nothing=f"{measures.says_nothing(above)}: {measures.consequence(measure)}" if above else "",
        best=True,
    )


def table(sources: Iterable[Source]) -> Table | None:
    """Make the table of these columns; None where no column has a row.

    A column's best method is marked where there are several to choose from, the measure says
    something, and not on a few images only.
    """
    kept = [source for source in sources if source.content]
    if not kept:
        return None
    names = {name: None for source in kept for name in source.content}
    methods_here = methods.ordered([name for name in names if name not in measures.CONTROLS])
    controls_here = [name for name in measures.CONTROLS if name in names]
    cells = [_values(source, methods_here, controls_here) for source in kept]
    columns = tuple(_column(source) for source in kept)
    return Table(
        groups=_groups(columns),
        columns=columns,
        methods=tuple(
            Row(name, methods.describe(name).label, tuple(each.get(name) for each in cells))
            for name in methods_here
        ),
        controls=tuple(
            Row(name, measures.CONTROLS[name].label, tuple(each.get(name) for each in cells))
            for name in controls_here
        ),
    )


def _column(source: Source) -> Column:
    known = measures.describe(source.measure)
    return Column(
        measure=source.measure,
        group=source.group or known.group,
        label=known.label if source.label is None else source.label,
        meaning=known.meaning,
        note=source.note,
        nothing=source.nothing,
    )


def _decimals(source: Source) -> int:
    """As many as show the differences between ordinary values of the measure."""
    if source.ranks:
        return 1
    means = [abs(s["mean"]) for s in source.content.values() if numbers.known(s["mean"])]
    largest = max(means, default=1.0)
    return 3 if largest < 0.2 else 2 if largest < 20 else 0


def _under(said: Mapping[str, Any], decimals: int, most: int) -> str:
    if 2 * said["images"] < most:
        return numbers.plural(said["images"], "image")
    if not (numbers.known(said["low"]) and numbers.known(said["high"])):
        return ""
    low, high = (numbers.decimal(said[end], decimals).removesuffix(".0") for end in ("low", "high"))
    return f"{low} to {high}"


def _values(source: Source, names: Sequence[str], controls: Sequence[str]) -> dict[str, Value]:
    known = {n: s for n, s in source.content.items() if numbers.known(s["mean"])}
    most = max((said["images"] for said in known.values()), default=0)
    decimals = _decimals(source)
    made = {
        name: Value(
            known[name]["mean"],
            numbers.decimal(known[name]["mean"], decimals),
            _under(known[name], decimals, most),
            2 * known[name]["images"] < most,
            known[name]["low"],
            known[name]["high"],
        )
        for name in (*names, *controls)
        if name in known
    }
    merits = {
        name: round(_merit(source, made[name].mean), 6)
        for name in names
        if name in made and not made[name].few
    }
    if _choosing(source) and len(merits) > 1:
        best = max(merits.values())
        made |= {n: replace(made[n], best=True) for n, merit in merits.items() if merit == best}
    return made


def _choosing(source: Source) -> bool:
    """Whether one end of a column's numbers is the better one, and the column says something."""
    return source.best and not source.nothing and bool(measures.wanted(source.measure))


def _merit(source: Source, mean: float) -> float:
    return -mean if source.ranks else measures.describe(source.measure).merit(mean)


def _groups(columns: Sequence[Column]) -> tuple[tuple[str, int], ...]:
    """Neighbouring columns of one group, with their number."""
    groups: list[tuple[str, int]] = []
    for column in columns:
        if groups and groups[-1][0] == column.group:
            groups[-1] = (column.group, groups[-1][1] + 1)
        else:
            groups.append((column.group, 1))
    return tuple(groups)
